"""The control plane's end of the lease link: gateways say how large their slices should be, and are told. What they
took of limits is told to the others.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from control_layer.contract.frames import FrameReader, FrameTooLarge, frame
from control_layer.contract.leases import ControlMessage, Greeting, Recall, Want, decode_gateway
from control_layer.contract.limits import Departed, TakenOf
from control_layer.contract.routing import ConditionsOf
from control_layer.control.leases.conditions import Conditions
from control_layer.control.leases.grants import Grant
from control_layer.control.local_socket import serving

__all__ = ["LeaseServer", "Lender"]

_log = structlog.get_logger(__name__)
_READ_BYTES = 64 * 1024
_MOST_UNREAD_BYTES = 16 * 1024 * 1024
_RECALLS = 3
"""How often a slice that was not had is tried again, while others give back what they do not need."""
_RECALL_SECONDS = 0.1

_encode = msgspec.msgpack.Encoder().encode


class Lender(Protocol):
    """What grants slices (see `grants`). Its methods raise what a database raises."""

    async def settle(self, worker_id: uuid.UUID, want: Want) -> Grant:
        """Makes a slice as large as is wanted, as far as there is enough left."""
        ...

    async def call_in(self, budget_id: str) -> None:
        """Has `LeaseServer.recall` called on every host."""
        ...


class LeaseServer:
    """Serves the gateways of this host."""

    def __init__(
        self,
        path: Path,
        lender: Lender,
        publish: Callable[[TakenOf | Departed], None] = lambda _: None,
        conditions: Conditions | None = None,
    ) -> None:
        """`publish` is told what gateways of this host took of limits; `conditions` keeps how deployments fare."""
        self._path = path
        self._lender = lender
        self._publish = publish
        self._conditions = conditions
        self._gateways: set[_Gateway] = set()

    def recall(self, budget_id: str) -> None:
        """Somebody lacks money of this budget: gateways give back what they do not need."""
        for gateway in self._gateways:
            gateway.say(Recall(budget_id))

    def deliver(self, message: TakenOf | Departed, *, but: _Gateway | None = None) -> None:
        """Tells gateways what another one took of limits."""
        for gateway in self._gateways:
            if gateway is not but:
                gateway.say(message)

    def _heard(self, gateway: _Gateway, message: TakenOf | Departed | ConditionsOf) -> None:
        worker = str(gateway.worker_id)
        if isinstance(message, ConditionsOf):
            if self._conditions is not None:
                self._conditions.heard(worker, message.conditions)
            return
        if isinstance(message, Departed) and self._conditions is not None:
            self._conditions.forget(worker)
        self.deliver(message, but=gateway)
        self._publish(message)

    async def run(self) -> None:
        """Serves for ever."""
        await serving(self._path, self._serve, name="lease-link")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One gateway, until one of the two is gone. Where the database is away the link ends: the gateway comes back
        and says anew what it has.
        """
        gateway = _Gateway(self._lender, writer, self._heard)
        self._gateways.add(gateway)
        try:
            await gateway.run(reader)
        except* (OSError, EOFError, ValueError, FrameTooLarge, SQLAlchemyError) as failed:
            _log.warning("lease_link_lost", worker=str(gateway.worker_id), error=_first(failed))
        finally:
            self._gateways.discard(gateway)
            if gateway.worker_id is not None:
                self._heard(gateway, Departed(str(gateway.worker_id)))
            writer.transport.abort()


class _Gateway:
    """One gateway's connection."""

    def __init__(
        self,
        lender: Lender,
        writer: asyncio.StreamWriter,
        heard: Callable[[_Gateway, TakenOf | Departed | ConditionsOf], None],
    ) -> None:
        self._lender = lender
        self._writer = writer
        self._heard = heard
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.worker_id: uuid.UUID | None = None

    def say(self, message: ControlMessage) -> None:
        """Sends a message; a gateway that is gone, or reads nothing, misses it."""
        if not self._writer.is_closing() and self._writer.transport.get_write_buffer_size() < _MOST_UNREAD_BYTES:
            self._writer.write(frame(_encode(message)))

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Answers what is asked of each budget in its order; one budget does not wait for another."""
        frames = FrameReader()
        async with asyncio.TaskGroup() as answers:
            while data := await reader.read(_READ_BYTES):
                for payload in frames.feed(data):
                    message = decode_gateway(payload)
                    if isinstance(message, Greeting):
                        self.worker_id = uuid.UUID(message.worker_id)
                    elif self.worker_id is None:
                        raise ValueError("it did not say who it is")
                    elif isinstance(message, TakenOf):
                        self._heard(self, TakenOf(str(self.worker_id), message.limits))
                    elif isinstance(message, ConditionsOf):
                        self._heard(self, message)
                    else:
                        turn = self._turns.setdefault(message.budget_id, asyncio.Lock())
                        answers.create_task(self._answer(self.worker_id, message, turn), name="lease")

    async def _answer(self, worker_id: uuid.UUID, want: Want, turn: asyncio.Lock) -> None:
        async with turn:
            grant = await self._lender.settle(worker_id, want)
            for _ in range(_RECALLS):
                if grant.lease.granted >= want.wanted or not grant.elsewhere:
                    break
                await self._lender.call_in(want.budget_id)
                await asyncio.sleep(_RECALL_SECONDS)
                grant = await self._lender.settle(worker_id, want)
            self.say(grant.lease)


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]
