"""The gateway's end of the lease link: keeps the purse supplied, and hears what other gateways took of limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
import structlog

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.leases import ControlMessage, Greeting, Lease, Want, decode_control
from control_layer.contract.limits import Departed, TakenOf
from control_layer.contract.routing import ConditionsOf
from control_layer.gateway.control_link import keep_linked
from control_layer.gateway.deployments import Deployments
from control_layer.gateway.policy.limiter import Limiter
from control_layer.gateway.policy.purse import Purse

__all__ = ["LeaseLink"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 64 * 1024
_TICK_SECONDS = 1.0
_TELL_SECONDS = 0.1
_AGAIN = 10
"""Of so many tellings one is of all requests under way."""

_encode = msgspec.msgpack.Encoder().encode


class LeaseLink:
    """One connection to the control plane of this host, made anew whenever it is lost."""

    def __init__(
        self,
        socket_path: str,
        worker_id: str,
        purse: Purse,
        limiter: Limiter,
        deployments: Deployments,
        known_limit: Callable[[str], bool],
    ) -> None:
        """`known_limit` says whether a limit's id is one in force."""
        self._socket_path = socket_path
        self._worker_id = worker_id
        self._purse = purse
        self._limiter = limiter
        self._deployments = deployments
        self._known_limit = known_limit
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Connects, follows, reconnects; ends only by cancellation."""
        ticking = asyncio.create_task(self._tick(), name="lease-tick")
        telling = asyncio.create_task(self._tell(), name="limit-exchange")
        try:
            await keep_linked(self._follow, "lease_link_lost", self._purse.unlinked)
        finally:
            ticking.cancel()
            telling.cancel()

    async def _follow(self) -> bool:
        """One connection's life; true when it ended after it had been made."""
        reader, writer = await asyncio.open_unix_connection(self._socket_path, limit=_READ_BYTES)

        def send(want: Want) -> None:
            if not writer.is_closing():
                writer.write(frame(_encode(want)))

        try:
            writer.write(frame(_encode(Greeting(self._worker_id))))
            self._purse.linked(send)
            self._writer = writer
            self._deployments.tell_again()
            frames = FrameReader()
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    message = decode_control(payload)
                    self._heard(message)
        finally:
            self._writer = None
            self._purse.unlinked()
            writer.close()
        return True

    def _heard(self, message: ControlMessage) -> None:
        if isinstance(message, Lease):
            self._purse.leased(message)
        elif isinstance(message, TakenOf):
            self._limiter.heard(message.worker_id, message.limits)
        elif isinstance(message, Departed):
            self._limiter.departed(message.worker_id)
        else:
            self._purse.recall(message.budget_id)

    async def _tell(self) -> None:
        """What is not told, because nobody listens, is told with what comes next: counts are absolute."""
        count = 0
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            count += 1
            writer = self._writer
            if writer is None or writer.transport.get_write_buffer_size() > _READ_BYTES:
                continue
            news = self._limiter.news(again=count % _AGAIN == 0)
            if news:
                writer.write(frame(_encode(TakenOf(self._worker_id, news))))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._purse.tick()
            self._limiter.tick(self._known_limit)
            writer = self._writer
            if writer is not None and (news := self._deployments.news(time.monotonic())):
                writer.write(frame(_encode(ConditionsOf(news))))
