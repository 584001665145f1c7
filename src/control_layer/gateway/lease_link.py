"""The gateway's end of the lease link: keeps the purse supplied while there is a control plane."""

from __future__ import annotations

import asyncio
import random

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, FrameTooLarge, frame
from control_layer.contract.leases import Greeting, Lease, Want, decode_control
from control_layer.gateway.policy.purse import Purse

__all__ = ["LeaseLink"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 64 * 1024
_TICK_SECONDS = 1.0
_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 0.5

_encode = msgspec.msgpack.Encoder().encode


class LeaseLink:
    """One connection to the control plane of this host, made anew whenever it is lost."""

    def __init__(self, socket_path: str, worker_id: str, purse: Purse) -> None:
        self._socket_path = socket_path
        self._worker_id = worker_id
        self._purse = purse

    async def run(self) -> None:
        """Connects, follows, reconnects; ends only by cancellation."""
        ticking = asyncio.create_task(self._tick(), name="lease-tick")
        delay, linked = _FIRST_RETRY_SECONDS, False
        try:
            while True:
                try:
                    linked = await self._follow()
                except (OSError, FrameTooLarge, msgspec.MsgspecError) as error:
                    if linked:
                        _log.warning("lease_link_lost", error=str(error) or type(error).__name__)
                    linked = False
                self._purse.unlinked()
                delay = _FIRST_RETRY_SECONDS if linked else min(delay * 2, _LAST_RETRY_SECONDS)
                await asyncio.sleep(delay * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
        finally:
            ticking.cancel()

    async def _follow(self) -> bool:
        """One connection's life; true when it ended after it had been made."""
        reader, writer = await asyncio.open_unix_connection(self._socket_path, limit=_READ_BYTES)

        def send(want: Want) -> None:
            if not writer.is_closing():
                writer.write(frame(_encode(want)))

        try:
            writer.write(frame(_encode(Greeting(self._worker_id))))
            self._purse.linked(send)
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    message = decode_control(payload)
                    if isinstance(message, Lease):
                        self._purse.leased(message)
                    else:
                        self._purse.recall(message.budget_id)
        finally:
            self._purse.unlinked()
            writer.close()
        return True

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._purse.tick()
