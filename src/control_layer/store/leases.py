"""What the lender of budgets and the recorder must agree on: when a gateway's leases end."""

from __future__ import annotations

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["close_leases", "hold_worker"]

_HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_CLOSE = text("""
    UPDATE budget_leases AS lease SET updated_at = now(), granted = coalesce((
        SELECT spent FROM budget_spending AS spending
        WHERE spending.budget_id = lease.budget_id AND spending.window_start = lease.window_start
            AND spending.worker_id = lease.worker_id
    ), 0)
    WHERE lease.worker_id = :worker_id
""")


async def hold_worker(connection: AsyncConnection, worker_id: uuid.UUID) -> None:
    """Until the transaction's end, nobody closes this gateway's leases."""
    await connection.execute(_HOLD, {"name": f"worker {worker_id}"})


async def close_leases(connection: AsyncConnection, worker_id: uuid.UUID) -> None:
    """Cuts what a dead gateway had to what it spent. Its journal is recorded to the end, so that is known."""
    await connection.execute(_LOCK, {"name": f"worker {worker_id}"})
    await connection.execute(_CLOSE, {"worker_id": worker_id})
