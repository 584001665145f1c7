"""The control plane's end of the link for kept answers that hosts share."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import msgspec
import structlog

from control_layer.contract.answers import Ask, Found, SharedAnswer, decode_asked
from control_layer.contract.frames import FrameReader, FrameTooLarge, frame
from control_layer.control.kept_answers.tier import AnswerTier
from control_layer.control.local_socket import serving

__all__ = ["AnswerServer"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 256 * 1024
_MOST_UNREAD_BYTES = 64 * 1024 * 1024
_encode = msgspec.msgpack.Encoder().encode


class AnswerServer:
    """Serves the gateways of this host."""

    def __init__(self, path: Path, tier: AnswerTier) -> None:
        self._path = path
        self._tier = tier

    async def run(self) -> None:
        """Serves for ever."""
        await serving(self._path, self._serve, name="answer-link")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One gateway, until one of the two is gone. Reading waits for nothing."""
        try:
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    message = decode_asked(payload)
                    if isinstance(message, Ask):
                        self._tier.ask(message.digest, partial(_reply, writer, message.number))
                    else:
                        self._tier.keep(message)
        except (OSError, FrameTooLarge, msgspec.MsgspecError) as error:
            _log.warning("answer_link_lost", error=f"{type(error).__name__}: {error}".splitlines()[0])
        finally:
            writer.transport.abort()


def _reply(writer: asyncio.StreamWriter, number: int, answer: SharedAnswer | None) -> None:
    """A gateway that is gone, or reads nothing, misses it."""
    if not writer.is_closing() and writer.transport.get_write_buffer_size() < _MOST_UNREAD_BYTES:
        writer.write(frame(_encode(Found(number, answer))))
