"""The recorder's statements. Rows and the position behind them go in one transaction, so nothing counts twice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from control_layer.recorder.pricing import CACHE_COLUMNS, COST, PARTS, TARIFF_COLUMNS
from control_layer.recorder.rows import BodyRow, RequestRow, Rows
from control_layer.store.leases import close_leases

__all__ = ["Ledger", "PositionMoved"]


class PositionMoved(Exception):
    """Somebody else has recorded from the same place: forget the batch and ask for the position again."""


_REQUEST_TYPES = {
    "id": "uuid",
    "at": "timestamptz",
    "worker_id": "uuid",
    "key_id": "uuid",
    "user_id": "uuid",
    "model": "text",
    "model_id": "uuid",
    "method": "text",
    "path": "text",
    "stream": "boolean",
    "outcome": "text",
    "status": "integer",
    "error": "text",
    "deployment_id": "uuid",
    "attempts": "jsonb",
    "first_byte_seconds": "double precision",
    "duration_seconds": "double precision",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "cached_input_tokens": "bigint",
    "cache_write_tokens": "bigint",
    "cache_write_1h_tokens": "bigint",
    "audio_input_tokens": "bigint",
    "image_input_tokens": "bigint",
    "reasoning_tokens": "bigint",
    "audio_output_tokens": "bigint",
    "image_output_tokens": "bigint",
    "token_source": "text",
    "finish_reason": "text",
    "request_bytes": "bigint",
    "response_bytes": "bigint",
    "upstream_request_id": "text",
    "client_request_id": "text",
    "user_agent": "text",
    "tariff_id": "uuid",
    "budgets": "jsonb",
}
_SAID_TYPES = {**_REQUEST_TYPES, "free": "boolean"}
"""What is read of an event, beside what becomes a column."""
_BODY_TYPES = {
    "request_id": "uuid",
    "request": "bytea",
    "request_truncated": "boolean",
    "response": "bytea",
    "response_truncated": "boolean",
}


def _unnest(types: Mapping[str, str]) -> str:
    """A table made of one array for each column."""
    arrays = ", ".join(f"CAST(:{name} AS {'text' if kind == 'jsonb' else kind}[])" for name, kind in types.items())
    return f"unnest({arrays}) AS new ({', '.join(types)})"


def _selected(types: Mapping[str, str]) -> str:
    return ", ".join(f"new.{name}::jsonb" if kind == "jsonb" else f"new.{name}" for name, kind in types.items())


_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""Nothing else may match: a client's name that is nearly one would fail the cast, and with it the recording."""
_CHARGED = ("batch_id", "custom_id", "input_price_per_token", "output_price_per_token", "cost")

# Requests of batches name themselves in the id that the worker sends; only the server has keys of that purpose, so
# nobody else can. The tariff is the one that the gateway admitted the request under. Where it did not say, it is the
# one in force when the request was made: for its key's purpose and the batch's window, else for the purpose, else for
# realtime. A key that is gone counts as realtime.
_PRICED = f"""
    SELECT {_selected(_REQUEST_TYPES)}, batch.id, batch.custom_id,
        tariff.input_price_per_token, tariff.output_price_per_token, {COST}
    FROM {_unnest(_SAID_TYPES)}
    LEFT JOIN api_keys ON api_keys.id = new.key_id
    LEFT JOIN LATERAL (
        SELECT batches.id, batches.completion_window, file_requests.custom_id FROM batch_requests
        JOIN batches ON batches.id = batch_requests.batch_id
        JOIN file_requests
            ON file_requests.file_id = batches.source_file_id AND file_requests.line = batch_requests.line
        WHERE batch_requests.id = substring(new.client_request_id from '^batch_req_({_UUID})$')::uuid
    ) AS batch ON api_keys.purpose = 'batch'
    LEFT JOIN LATERAL (
        SELECT {TARIFF_COLUMNS} FROM tariffs
        WHERE model_id = new.model_id AND (
            id = new.tariff_id
            OR new.tariff_id IS NULL AND valid_from <= new.at AND coalesce(valid_until > new.at, true)
                AND api_key_purpose IN (api_keys.purpose, 'realtime')
                AND (completion_window IS NULL OR completion_window = batch.completion_window)
        )
        ORDER BY api_key_purpose IS NOT DISTINCT FROM api_keys.purpose DESC, completion_window IS NOT NULL DESC,
            valid_from DESC
        LIMIT 1
    ) AS tariff ON new.outcome <> 'open' AND NOT new.free
    LEFT JOIN LATERAL (
        SELECT {CACHE_COLUMNS} FROM cache_pricings
        WHERE model_id = new.model_id AND valid_from <= new.at AND coalesce(valid_until > new.at, true)
        ORDER BY valid_from DESC
        LIMIT 1
    ) AS cache ON tariff.input_price_per_token > 0 AND (new.cached_input_tokens > 0 OR new.cache_write_tokens > 0)
    CROSS JOIN LATERAL ({PARTS}) AS part
"""  # noqa: S608 - made of the names above

# `Opened` never overwrites; `Closed` completes what is open, or was given up; a replay changes nothing, and so charges
# nothing. What a row costs is charged, and counted in its budgets, in the statement that closes it: there is never one
# without the others. A gateway's own recorder alone counts what it spent.
_RECORD_REQUESTS = text(f"""
    WITH recorded AS (
        INSERT INTO requests ({", ".join((*_REQUEST_TYPES, *_CHARGED))})
        {_PRICED}
        ON CONFLICT (id) DO UPDATE SET
            {", ".join(f"{name} = excluded.{name}" for name in (*_REQUEST_TYPES, *_CHARGED) if name != "id")}
        WHERE requests.outcome IN ('open', 'lost') AND excluded.outcome <> 'open'
        RETURNING id, user_id, key_id, model, cost, batch_id, worker_id, budgets
    ),
    counted AS (
        INSERT INTO budget_spending AS spending (budget_id, window_start, worker_id, spent, requests)
        SELECT budget.id, budget.window, recorded.worker_id, sum(coalesce(recorded.cost, 0)), count(*)
        FROM recorded
        CROSS JOIN LATERAL jsonb_to_recordset(recorded.budgets) AS budget (id uuid, "window" timestamptz)
        GROUP BY 1, 2, 3
        ON CONFLICT (budget_id, window_start, worker_id) DO UPDATE
            SET spent = spending.spent + excluded.spent, requests = spending.requests + excluded.requests
    )
    INSERT INTO transactions
        (id, user_id, transaction_type, amount, source_id, description, api_key_id, batch_id, service_tier)
    SELECT gen_random_uuid(), recorded.user_id, 'usage', recorded.cost, recorded.id::text, recorded.model,
        recorded.key_id, recorded.batch_id, CASE WHEN recorded.batch_id IS NULL THEN 'realtime' ELSE 'batch' END
    FROM recorded
    JOIN users ON users.id = recorded.user_id
    WHERE recorded.cost > 0
    ON CONFLICT (source_id) DO NOTHING
""")  # noqa: S608 - made of the names above

# A body is kept only when its request's owner is known and lets us keep it.
_RECORD_BODIES = text(f"""
    INSERT INTO request_bodies (at, {", ".join(_BODY_TYPES)})
    SELECT requests.at, {_selected(_BODY_TYPES)} FROM {_unnest(_BODY_TYPES)}
    JOIN requests ON requests.id = new.request_id
    JOIN users ON users.id = requests.user_id AND NOT users.zero_data_retention
    ON CONFLICT (request_id) DO NOTHING
""")  # noqa: S608 - made of the names above

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

# The rule for tokens: none. Nobody knows what a dead gateway had yet to hear from the provider.
_GIVE_UP = text("""
    UPDATE requests SET outcome = 'lost', error = 'gateway_lost', token_source = 'none'
    WHERE worker_id = :worker_id AND outcome = 'open'
""")

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

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def positions(self, worker_id: uuid.UUID) -> dict[int, int]:
        """How far each segment of a worker is recorded; 0 where nothing is said."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(_POSITIONS, {"worker_id": worker_id})
            return {row.segment: row.position for row in rows}

    async def record(self, worker_id: uuid.UUID, segment: int, start: int, end: int, rows: Rows) -> None:
        """Records what stands between two positions of a segment, once. Raises `PositionMoved`."""
        place = {"worker_id": worker_id, "segment": segment}
        async with self._engine.begin() as connection:
            # First, because it locks: of two recorders the second waits here and then finds the position moved.
            moved = await connection.execute(_MOVE if start else _FIRST_MOVE, {**place, "start": start, "end": end})
            if moved.rowcount != 1:
                raise PositionMoved
            if not start:
                await connection.execute(_FORGET_EARLIER, place)
            if rows.requests:
                await _insert(connection, _RECORD_REQUESTS, RequestRow._fields, rows.requests)
            if rows.bodies:
                await _insert(connection, _RECORD_BODIES, BodyRow._fields, rows.bodies)

    async def give_up(self, worker_id: uuid.UUID) -> int:
        """Closes as `lost` what a dead worker left open, and its leases; returns how many requests that are."""
        async with self._engine.begin() as connection:
            lost = (await connection.execute(_GIVE_UP, {"worker_id": worker_id})).rowcount
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


async def _insert(
    connection: AsyncConnection, statement: TextClause, names: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    await connection.execute(statement, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
