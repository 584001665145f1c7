"""This process as a daemon that others can see (§4.16), and whose requests are others' once it is silent."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.batches.queue import DEAD_SECONDS
from control_layer.store.tables import BatchDaemon

__all__ = ["beat", "list_daemons", "sign_off"]

_KEPT = 100
"""How many daemons of the past are remembered."""


async def beat(session: AsyncSession, row: dict[str, Any]) -> None:
    """Says that a daemon lives; `row` has all its columns apart from the times."""
    statement = insert(BatchDaemon).values(**row)
    renewed: dict[str, Any] = {name: statement.excluded[name] for name in ("processed", "failed", "in_flight")}
    renewed |= {"last_heartbeat": func.now(), "stopped_at": None}
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=renewed))


async def sign_off(session: AsyncSession, daemon_id: uuid.UUID) -> None:
    """Says that a daemon has ended, and forgets those that ended long ago."""
    await session.execute(
        update(BatchDaemon).where(BatchDaemon.id == daemon_id).values(stopped_at=func.now(), in_flight=0)
    )
    recent = select(BatchDaemon.id).order_by(BatchDaemon.started_at.desc()).limit(_KEPT)
    await session.execute(delete(BatchDaemon).where(BatchDaemon.id.not_in(recent)))


async def list_daemons(session: AsyncSession, status: str | None) -> list[tuple[BatchDaemon, str]]:
    """Daemons with their status, the youngest first."""
    silent = BatchDaemon.last_heartbeat < func.now() - text(f"interval '{DEAD_SECONDS} seconds'")
    state = case((BatchDaemon.stopped_at.is_not(None) | silent, "dead"), else_="running")
    statement = select(BatchDaemon, state).order_by(BatchDaemon.started_at.desc()).limit(_KEPT)
    if status is not None:
        statement = statement.where(state == status)
    return [(row[0], row[1]) for row in await session.execute(statement)]
