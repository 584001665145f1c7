"""The kept answers that hosts share: looked for and stored in batches, while there is a database, and never waited for.

Whatever is asked is answered: with nothing, where too much is asked at once or the database is away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.contract.answers import MOST_SHARED_BYTES, Keep, SharedAnswer
from control_layer.contract.supervision import Sample
from control_layer.control.kept_answers.cleaning import Cleaning
from control_layer.control.kept_answers.statements import FIND, STORE, USED

__all__ = ["AnswerTier"]

_log = structlog.get_logger(__name__)
_AWAY = (SQLAlchemyError, OSError, TimeoutError)
_AT_ONCE = 16
"""In one statement: 32 MiB at most."""
_MOST_ASKED = 4096
_MOST_WAITING_BYTES = 32 * 1024 * 1024
_MOST_USED = 10_000
_REST_SECONDS = 1.0
"""After the database was away: until then, everything is a miss."""
_OVERHEAD_BYTES = 256
"""Of a row beside its answer, about."""

Reply = Callable[[SharedAnswer | None], None]


class AnswerTier:
    """One host's way to them."""

    def __init__(
        self, engine: AsyncEngine, cleaning: Cleaning, *, most_waiting_bytes: int = _MOST_WAITING_BYTES
    ) -> None:
        self._engine = engine
        self._cleaning = cleaning
        self._most_waiting_bytes = most_waiting_bytes
        self._asked: deque[tuple[bytes, Reply]] = deque()
        self._asks = asyncio.Event()
        self._waiting: deque[Keep] = deque()
        self._waiting_bytes = 0
        self._keeps = asyncio.Event()
        self._used: set[bytes] = set()
        self._rests_until = 0.0
        self._stored = self._dropped = 0

    def ask(self, digest: bytes, reply: Reply) -> None:
        """Has `reply` called with the answer, or without one."""
        if len(self._asked) >= _MOST_ASKED or self._rests():
            reply(None)
            return
        self._asked.append((digest, reply))
        self._asks.set()

    def keep(self, kept: Keep) -> None:
        """Has it stored; dropped, and counted, where too many wait, or the database is away."""
        size = _size(kept)
        too_large = size > MOST_SHARED_BYTES + _OVERHEAD_BYTES or not self._cleaning.most_bytes
        if too_large or self._waiting_bytes + size > self._most_waiting_bytes or self._rests():
            self._dropped += 1
            return
        self._waiting.append(kept)
        self._waiting_bytes += size
        self._keeps.set()

    async def run(self) -> None:
        """Answers and stores for ever; the database may be away at any time."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._answer_for_ever(), name="answers-asked-for")
            tasks.create_task(self._store_for_ever(), name="answers-stored")

    def samples(self) -> list[Sample]:
        """What was stored."""
        stored = "Kept answers that this host has stored for all to share."
        dropped = "Kept answers that this host has not stored: too many at once, or the database was away."
        return [
            Sample("control_layer_shared_cache_stored_total", "counter", stored, {}, float(self._stored)),
            Sample("control_layer_shared_cache_not_stored_total", "counter", dropped, {}, float(self._dropped)),
        ]

    async def _answer_for_ever(self) -> None:
        while True:
            await self._asks.wait()
            self._asks.clear()
            while self._asked:
                batch = [self._asked.popleft() for _ in range(min(len(self._asked), _AT_ONCE))]
                found: dict[bytes, SharedAnswer] = {}
                if not self._rests():
                    try:
                        found = await self._find({digest for digest, _ in batch})
                    except _AWAY as error:
                        self._rest(error)
                for digest, reply in batch:
                    reply(found.get(digest))

    async def _find(self, digests: set[bytes]) -> dict[bytes, SharedAnswer]:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(FIND, {"digests": [*digests]})).all()
        if rows and len(self._used) < _MOST_USED:
            self._used.update(row.digest for row in rows)
            self._keeps.set()
        return {row.digest: _shared(row) for row in rows}

    async def _store_for_ever(self) -> None:
        while True:
            await self._keeps.wait()
            self._keeps.clear()
            while self._waiting or self._used:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
                size = sum(map(_size, batch))
                self._waiting_bytes -= size
                used, self._used = self._used, set()
                try:
                    await self._store(batch, used)
                except _AWAY as error:
                    self._dropped += len(batch)
                    self._rest(error)
                else:
                    self._stored += len(batch)
                    await self._cleaning.added(size)

    async def _store(self, batch: Iterable[Keep], used: set[bytes]) -> None:
        # In one order on all hosts, so that none waits for another that waits for it.
        rows = [_row(kept) for kept in sorted({kept.digest: kept for kept in batch}.values(), key=_digest)]
        async with self._engine.begin() as connection:
            if rows:
                await connection.execute(STORE, rows)
        if used:
            async with self._engine.begin() as connection:
                await connection.execute(USED, {"digests": sorted(used)})

    def _rests(self) -> bool:
        return asyncio.get_running_loop().time() < self._rests_until

    def _rest(self, error: BaseException) -> None:
        self._rests_until = asyncio.get_running_loop().time() + _REST_SECONDS
        _log.info("answers_not_shared", error=type(error).__name__, retry_seconds=_REST_SECONDS)


def _size(kept: Keep) -> int:
    return len(kept.answer.stored) + _OVERHEAD_BYTES


def _digest(kept: Keep) -> bytes:
    return kept.digest


def _row(kept: Keep) -> dict[str, object]:
    answer = kept.answer
    return {
        "digest": kept.digest,
        "model_id": kept.model_id,
        "generation": kept.generation,
        "key_id": answer.key_id,
        "user_id": answer.user_id,
        "purge_generation": answer.purge_generation,
        "seconds": answer.seconds,
        "size_bytes": _size(kept),
        "answer": answer.stored,
    }


def _shared(row: Row[*tuple[Any, ...]]) -> SharedAnswer:
    return SharedAnswer(row.seconds, row.key_id, row.user_id, row.purge_generation, row.answer)
