"""The control plane's end of the link for stored responses."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, FrameTooLarge, frame
from control_layer.contract.stored_responses import Acknowledged, Recalled, StoredResponse, decode_from_gateway
from control_layer.control.local_socket import serving
from control_layer.control.stored_responses.store import ResponseStore

__all__ = ["ResponseServer"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 256 * 1024
_MOST_UNREAD_BYTES = 64 * 1024 * 1024
_encode = msgspec.msgpack.Encoder().encode


class ResponseServer:
    """Serves the gateways of this host."""

    def __init__(self, path: Path, store: ResponseStore) -> None:
        self._path = path
        self._store = store

    async def run(self) -> None:
        """Serves for ever."""
        await serving(self._path, self._serve, name="response-link")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One gateway, until one of the two is gone. Reading waits for nothing: gateways bound what is under way."""
        try:
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    message = decode_from_gateway(payload)
                    if isinstance(message, StoredResponse):
                        self._store.keep(message, partial(_acknowledge, writer))
                    else:
                        self._store.recall(message, partial(_reply, writer))
        except (OSError, FrameTooLarge, msgspec.MsgspecError) as error:
            _log.warning("response_link_lost", error=f"{type(error).__name__}: {error}".splitlines()[0])
        finally:
            writer.transport.abort()


def _acknowledge(writer: asyncio.StreamWriter, response_id: bytes) -> None:
    """A gateway that is gone hands it over again, and it is stored once."""
    if not writer.is_closing():
        writer.write(frame(_encode(Acknowledged((response_id,)))))


def _reply(writer: asyncio.StreamWriter, recalled: Recalled) -> None:
    """A gateway that is gone, or reads nothing, misses it."""
    if not writer.is_closing() and writer.transport.get_write_buffer_size() < _MOST_UNREAD_BYTES:
        writer.write(frame(_encode(recalled)))
