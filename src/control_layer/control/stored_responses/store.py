"""Stored responses between gateways and the database: what was received is stored in batches, and found again.

What is received is here until it is in the database, and is found here too: whoever asks a moment after the end of an
answer is told. Its gateway has it until it is acknowledged, so that what is here may be lost.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.stored_responses import Recall, Recalled, StoredResponse, conversation_of
from control_layer.contract.supervision import Sample
from control_layer.control.database_errors import translated
from control_layer.control.errors import TryLater
from control_layer.control.stored_responses.received import LOOK_AGAIN_SECONDS, Received, may_be_on_its_way
from control_layer.control.stored_responses.retention import kept_since
from control_layer.control.stored_responses.statements import FIND, STORE

__all__ = ["ResponseStore"]

_log = structlog.get_logger(__name__)
_FAILURES = (SQLAlchemyError, OSError)
_AT_ONCE = 4
"""In one statement: 128 MiB at most."""
_REST_SECONDS = 0.5
"""After the database was away: until then, nobody is told anything that is not here."""

Acknowledge = Callable[[bytes], None]
Reply = Callable[[Recalled], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    recall: Recall
    reply: Reply
    looked: int = 0
    """How often it was looked for."""


class ResponseStore:
    """One host's way to them."""

    def __init__(
        self, engine: AsyncEngine, received: Received, max_age: timedelta | None, now: Callable[[], datetime]
    ) -> None:
        """`max_age`: for how long they are given; `None`: for ever."""
        self._engine = engine
        self._max_age = max_age
        self._now = now
        self._received = received
        self._acknowledgements: dict[bytes, list[Acknowledge]] = {}
        self._receives = asyncio.Event()
        self._asked: deque[_Asked] = deque()
        self._asks = asyncio.Event()
        self._rests_until = 0.0
        self._refused = 0

    def keep(self, stored: StoredResponse, acknowledge: Acknowledge) -> None:
        """Has it stored; `acknowledge` is called when it is."""
        self._received.waiting[stored.id] = stored
        self._acknowledgements.setdefault(stored.id, []).append(acknowledge)
        self._receives.set()

    def recall(self, recall: Recall, reply: Reply) -> None:
        """Has `reply` called with what was said."""
        self._ask(_Asked(recall, reply))

    async def run(self) -> None:
        """Stores and answers for ever; the database may be away at any time."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._store_for_ever(), name="responses-stored")
            tasks.create_task(self._answer_for_ever(), name="responses-asked-for")

    def samples(self) -> list[Sample]:
        """What was stored."""
        text = "Responses that wait for the database."
        refused = "Responses that the database does not take."
        return [
            Sample("control_layer_responses_waiting", "gauge", text, {}, float(len(self._received.waiting))),
            Sample("control_layer_responses_refused_total", "counter", refused, {}, float(self._refused)),
        ]

    # -- storing -----------------------------------------------------------------------------------------------------

    async def _store_for_ever(self) -> None:
        while True:
            await self._receives.wait()
            self._receives.clear()
            while self._received.waiting:
                batch = [*islice(self._received.waiting.values(), _AT_ONCE)]
                try:
                    await self._store(batch)
                except _FAILURES as error:
                    if _is_away(error):
                        self._rest(error)
                        await asyncio.sleep(_REST_SECONDS)
                        continue
                    await self._store_one_by_one(batch)
                self._acknowledge(batch)

    async def _store(self, batch: Iterable[StoredResponse]) -> None:
        # In one order on all hosts, so that none waits for another that waits for it.
        rows = [_row(stored) for stored in sorted(batch, key=_id)]
        async with self._engine.begin() as connection:
            await connection.execute(STORE, rows)

    async def _store_one_by_one(self, batch: Iterable[StoredResponse]) -> None:
        """One that the database does not take keeps no other from being stored."""
        for stored in batch:
            try:
                await self._store((stored,))
            except _FAILURES as error:
                self._refused += 1
                _log.error("response_refused", response=uuid.UUID(bytes=stored.id), error=type(error).__name__)

    def _acknowledge(self, batch: Iterable[StoredResponse]) -> None:
        for stored in batch:
            del self._received.waiting[stored.id]
            for acknowledge in self._acknowledgements.pop(stored.id):
                acknowledge(stored.id)

    # -- answering ---------------------------------------------------------------------------------------------------

    def _ask(self, asked: _Asked) -> None:
        self._asked.append(asked)
        self._asks.set()

    async def _answer_for_ever(self) -> None:
        while True:
            await self._asks.wait()
            self._asks.clear()
            while self._asked:
                batch = [self._asked.popleft() for _ in range(min(len(self._asked), _AT_ONCE))]
                await self._answer([asked for asked in batch if not self._has_received(asked)])

    def _has_received(self, asked: _Asked) -> bool:
        """Answers from what is not in the database yet."""
        recall = asked.recall
        stored = self._received.find(recall.id, recall.user_id)
        if stored is None:
            return False
        asked.reply(Recalled(recall.number, "found", conversation_of(stored.items, stored.response)))
        return True

    async def _answer(self, batch: list[_Asked]) -> None:
        if not batch:
            return
        found: dict[tuple[bytes, str], bytes] | None = None
        if not self._rests():
            try:
                found = await self._find({asked.recall.id for asked in batch})
            except _FAILURES as error:
                self._rest(error)
        for asked in batch:
            recall = asked.recall
            if found is None:
                asked.reply(Recalled(recall.number, "unavailable"))
            elif (items := found.get((recall.id, recall.user_id))) is not None:
                asked.reply(Recalled(recall.number, "found", items))
            else:
                self._look_again(asked)

    def _look_again(self, asked: _Asked) -> None:
        hopeless = not may_be_on_its_way(asked.recall.id, self._now())
        if hopeless or asked.looked == len(LOOK_AGAIN_SECONDS):
            asked.reply(Recalled(asked.recall.number, "unknown"))
            return
        again = _Asked(asked.recall, asked.reply, asked.looked + 1)
        asyncio.get_running_loop().call_later(LOOK_AGAIN_SECONDS[asked.looked], self._ask, again)

    async def _find(self, ids: set[bytes]) -> dict[tuple[bytes, str], bytes]:
        """The conversations that were found, by id and owner."""
        values = {"ids": [uuid.UUID(bytes=each) for each in ids], "since": kept_since(self._now(), self._max_age)}
        async with self._engine.connect() as connection:
            rows = (await connection.execute(FIND, values)).all()
        found = {}
        for row in rows:
            if row.deleted_at is None:
                try:
                    found[row.id.bytes, str(row.user_id)] = conversation_of(row.items, row.response)
                except msgspec.MsgspecError:  # somebody has written into the table
                    _log.error("stored_response_unreadable", response=row.id)
        return found

    def _rests(self) -> bool:
        return asyncio.get_running_loop().time() < self._rests_until

    def _rest(self, error: BaseException) -> None:
        if not self._rests():
            _log.info("responses_not_stored", error=type(error).__name__, retry_seconds=_REST_SECONDS)
        self._rests_until = asyncio.get_running_loop().time() + _REST_SECONDS


def _is_away(error: SQLAlchemyError | OSError) -> bool:
    """Whether the database may take it later."""
    return isinstance(translated(error), TryLater)


def _id(stored: StoredResponse) -> bytes:
    return stored.id


def _row(stored: StoredResponse) -> dict[str, object]:
    return {
        "id": uuid.UUID(bytes=stored.id),
        "user_id": uuid.UUID(stored.user_id),
        "key_id": uuid.UUID(stored.key_id),
        "model": stored.model,
        "created": stored.created,
        "items": stored.items,
        "response": stored.response,
    }
