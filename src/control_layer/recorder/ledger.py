"""What the recorder does to the database. Rows and the position behind them go together, so nothing counts twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from control_layer.recorder.merging import BODIES_KEPT, CLOSED_AND_CHARGED, GIVEN_UP, OPENED_NOTED, announced
from control_layer.recorder.redacting import Redacting
from control_layer.recorder.rows import Rows
from control_layer.recorder.staging import BODIES, CLOSED, OPENED, Refused, fill, is_refusal, prepare
from control_layer.store.leases import close_leases
from control_layer.store.outbox import WRITING

__all__ = ["Ledger", "PositionMoved", "Refused"]


class PositionMoved(Exception):
    """Somebody else has recorded from the same place: forget the batch and ask for the position again."""


_POSITIONS = text("SELECT segment, position FROM journal_positions WHERE worker_id = :worker_id")

_FIRST_MOVE = text("""
    INSERT INTO journal_positions AS at (worker_id, segment, position) VALUES (:worker_id, :segment, :end)
    ON CONFLICT (worker_id, segment) DO UPDATE SET position = excluded.position, updated_at = now()
    WHERE at.position = 0
""")

_MOVE = text("""
    UPDATE journal_positions SET position = :end, updated_at = now()
    WHERE worker_id = :worker_id AND segment = :segment AND position = :start
""")

# Segments are recorded in order, and deleted before the next one is begun.
_FORGET_EARLIER = text("DELETE FROM journal_positions WHERE worker_id = :worker_id AND segment < :segment")

_FORGET_WORKER = text("DELETE FROM journal_positions WHERE worker_id = :worker_id")

# Rows are locked in one order, and rows that somebody holds are passed over: two hosts cannot block each other.
_TOUCH_KEYS = text("""
    WITH used AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS used (id, at)),
    free AS (
        SELECT id FROM api_keys WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE api_keys SET last_used = used.at FROM used, free
    WHERE api_keys.id = used.id AND api_keys.id = free.id
        AND (api_keys.last_used IS NULL OR api_keys.last_used < used.at)
""")


class Ledger:
    """The tables that the recorder writes. Methods raise SQLAlchemy's errors and `DatabaseUnavailable`."""

    def __init__(self, engine: AsyncEngine, *, searchable: bool = False, announcing: bool = False) -> None:
        """With `searchable`, bodies that are kept can be found by their words; with `announcing`, sinks are told."""
        self._engine = engine
        self._announcing = announcing
        self._closed_and_charged = announced(CLOSED_AND_CHARGED) if announcing else CLOSED_AND_CHARGED
        self._given_up = announced(GIVEN_UP) if announcing else GIVEN_UP
        self.redacting = Redacting(searchable=searchable)

    async def positions(self, worker_id: uuid.UUID) -> dict[int, int]:
        """How far each segment of a worker is recorded; 0 where nothing is said."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(_POSITIONS, {"worker_id": worker_id})
            return {row.segment: row.position for row in rows}

    async def record(self, worker_id: uuid.UUID, segment: int, start: int, end: int, rows: Rows) -> None:
        """Records what stands between two positions of a segment, once. Raises `PositionMoved`, `Refused`."""
        place = {"worker_id": worker_id, "segment": segment}
        async with self._engine.begin() as connection:
            # First, because it locks: of two recorders the second waits here and then finds the position moved.
            moved = await connection.execute(_MOVE if start else _FIRST_MOVE, {**place, "start": start, "end": end})
            if moved.rowcount != 1:
                raise PositionMoved
            if not start:
                await connection.execute(_FORGET_EARLIER, place)
            try:
                await self._merge(connection, rows)
            except DBAPIError as error:
                if is_refusal(error.orig):
                    raise Refused(str(error.orig)) from error
                raise

    async def give_up(self, worker_id: uuid.UUID) -> int:
        """Closes as `lost` what a dead worker left open, and its leases; returns how many requests that are."""
        async with self._engine.begin() as connection:
            await self._announce(connection)
            lost = (await connection.execute(self._given_up, {"worker_id": worker_id})).rowcount
            await close_leases(connection, worker_id)
            return lost

    async def forget(self, worker_id: uuid.UUID) -> None:
        """Removes the positions of a worker whose journal is gone."""
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET_WORKER, {"worker_id": worker_id})

    async def touch_keys(self, uses: Mapping[uuid.UUID, datetime]) -> None:
        """Notes when keys were last used."""
        async with self._engine.begin() as connection:
            await connection.execute(_TOUCH_KEYS, {"ids": list(uses), "times": list(uses.values())})

    async def _merge(self, connection: AsyncConnection, rows: Rows) -> None:
        """Bodies come behind what was opened and before what ends, because they take their owner from there."""
        if not (rows.opened or rows.closed or rows.bodies):
            return
        await prepare(connection)
        if rows.opened:
            await fill(connection, OPENED, rows.opened)
            await connection.execute(OPENED_NOTED)
        if rows.closed:
            await fill(connection, CLOSED, rows.closed)
        if rows.bodies:
            await fill(connection, BODIES, await self.redacting.of(connection, rows.bodies))
            await connection.execute(BODIES_KEPT)
        if rows.closed:
            await self._announce(connection)
            await connection.execute(self._closed_and_charged)

    async def _announce(self, connection: AsyncConnection) -> None:
        if self._announcing:
            await connection.execute(WRITING)
