"""The control plane's end of the snapshot link: each gateway says which version it has and is kept up from there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, FrameTooLarge
from control_layer.contract.snapshot import Hello
from control_layer.control.local_socket import serving
from control_layer.control.snapshots.in_force import InForce, Link
from control_layer.control.snapshots.publication import Overrun, Publication, Subscriber

__all__ = ["SnapshotServer"]

_log = structlog.get_logger(__name__)
_HELLO_SECONDS = 10.0
_SEND_SECONDS = 30.0
"""A gateway that takes nothing for that long is stuck: it is let go and starts anew when it comes back."""
_decode = msgspec.msgpack.Decoder(Hello).decode


class SnapshotServer:
    """Serves a publication on a Unix socket that only our own user can open."""

    def __init__(self, path: Path, publication: Publication, in_force: InForce) -> None:
        self._path = path
        self._publication = publication
        self._in_force = in_force

    async def run(self, serving_now: asyncio.Event) -> None:
        """Serves for ever; sets `serving_now` when gateways can connect."""
        await serving(self._path, self._serve, name="snapshot-link", ready=serving_now.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One gateway, until one of the two is gone. No failure of a connection is anybody else's."""
        worker = "?"
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                frames = FrameReader()
                hello = await _read_hello(reader, frames)
            worker = hello.worker_id
            await self._publication.published.wait()
            _log.info("gateway_linked", worker=worker, version=hello.version, published=self._publication.version)
            with self._in_force.link(hello.version) as link:
                async with asyncio.TaskGroup() as both:
                    sending = both.create_task(self._keep_up(writer, hello.version))
                    both.create_task(_watch(reader, frames, link, sending))
        except* (OSError, EOFError, Overrun, FrameTooLarge, msgspec.MsgspecError) as failed:
            _log.warning("gateway_link_lost", worker=worker, error=_first(failed))
        finally:
            writer.transport.abort()  # close() would keep for ever what a stuck gateway does not take

    async def _keep_up(self, writer: asyncio.StreamWriter, version: int) -> None:
        publication = self._publication
        if version > publication.version:
            publication.pass_version(version)
        with publication.subscription() as deltas:
            backlog = publication.deltas_since(version)
            for data in publication.whole() if backlog is None else backlog:
                await _send(writer, data)
            await self._follow(writer, deltas)

    async def _follow(self, writer: asyncio.StreamWriter, deltas: Subscriber) -> None:
        while True:
            await _send(writer, await deltas.next())


async def _read_hello(reader: asyncio.StreamReader, frames: FrameReader) -> Hello:
    while data := await reader.read(4096):
        for payload in frames.feed(data):
            return _decode(payload)
    raise EOFError("closed before it said who it is")


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    async with asyncio.timeout(_SEND_SECONDS):
        await writer.drain()


async def _watch(reader: asyncio.StreamReader, frames: FrameReader, link: Link, sending: asyncio.Task[None]) -> None:
    """Hears which version the gateway has; ends the sending when it goes away."""
    while data := await reader.read(4096):
        for payload in frames.feed(data):
            link.reached(_decode(payload).version)
    sending.cancel()


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
