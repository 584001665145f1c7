"""What the gateways of one host took of limits, told to those of the other hosts by notifications.

Nothing is stored and nothing is waited for. While there is one host, nothing is sent. A notification that is lost is
made up for by the next one, because counts are absolute (see `contract.limits`).
"""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.limits import Departed, TakenOf
from control_layer.contract.supervision import Sample
from control_layer.store.notifications import CHANNEL, LISTENER

__all__ = ["TAKEN", "LimitExchange"]

_log = structlog.get_logger(__name__)
TAKEN = "limits_taken"
"""What stands in a notification in the place of a table's name."""
_SEND_SECONDS = 0.1
_LOOK_SECONDS = 5.0
"""How often it is looked whether there are other hosts."""
_MOST_LIMITS = 60
"""In one notification: at about 80 bytes each, in base64, they stay under Postgres's 8,000 bytes."""
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_HOSTS = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")


class _News(msgspec.Struct, frozen=True, array_like=True):
    host: str
    message: TakenOf | Departed


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_News).decode


class LimitExchange:
    """One host's."""

    def __init__(self, engine: AsyncEngine, deliver: Callable[[TakenOf | Departed], None]) -> None:
        """`deliver` is called with what gateways of other hosts took."""
        self._engine = engine
        self._deliver = deliver
        self._host = str(uuid.uuid4())
        self._waiting: list[TakenOf | Departed] = []
        self._hosts = 1

    def samples(self) -> list[Sample]:
        """Who exchanges limits."""
        text = "Hosts on this database that tell each other what was taken of limits."
        return [Sample("control_layer_limit_exchange_hosts", "gauge", text, {}, float(self._hosts))]

    def publish(self, message: TakenOf | Departed) -> None:
        """A gateway of this host has said something."""
        if self._hosts > 1:
            self._waiting.append(message)

    def received(self, payload: str) -> None:
        """A notification has come, maybe our own."""
        try:
            news = _decode(base64.b64decode(payload))
        except (ValueError, msgspec.MsgspecError) as error:
            _log.warning("limits_not_understood", error=str(error))
            return
        if news.host != self._host:
            self._deliver(news.message)

    async def run(self) -> None:
        """Sends what was published, for ever. A database that is away costs the others the knowledge, nothing else."""
        look_at = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            try:
                if clock() >= look_at:
                    look_at = clock() + _LOOK_SECONDS
                    self._hosts = max(1, await self._count_hosts())
                await self._send()
            except (SQLAlchemyError, ConnectionError, TimeoutError) as error:
                self._waiting.clear()
                _log.info("limits_not_exchanged", error=type(error).__name__)
            await asyncio.sleep(_SEND_SECONDS)

    async def _count_hosts(self) -> int:
        async with self._engine.connect() as connection:
            return int((await connection.execute(_HOSTS, {"name": LISTENER})).scalar_one())

    async def _send(self) -> None:
        messages, self._waiting = self._waiting, []
        if not messages:
            return
        payloads = [
            base64.b64encode(_encode(_News(self._host, part))).decode()
            for message in messages
            for part in _parts(message)
        ]
        async with self._engine.begin() as connection:
            for payload in payloads:
                await connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": f"{TAKEN}:{payload}"})


def _parts(message: TakenOf | Departed) -> list[TakenOf | Departed]:
    """A message in parts of a size that a notification takes."""
    if isinstance(message, Departed):
        return [message]
    taken = message.limits
    return [
        TakenOf(message.worker_id, taken[start : start + _MOST_LIMITS]) for start in range(0, len(taken), _MOST_LIMITS)
    ]
