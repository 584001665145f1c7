"""Alerts in the database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.alerts.observation import Observation
from control_layer.store.tables import Alert

__all__ = [
    "begin_alert",
    "count_alerts",
    "end_alerts",
    "erase_alerts",
    "find_alert",
    "list_alerts",
    "open_alerts",
    "see_alerts",
    "untold_alerts",
]

_APART = {"synchronize_session": False}


async def list_alerts(
    session: AsyncSession, state: str | None, kind: str | None, skip: int, limit: int
) -> Sequence[Alert]:
    """Newest first."""
    newest = select(Alert).where(_matching(state, kind)).order_by(Alert.raised_at.desc(), Alert.id.desc())
    return (await session.execute(newest.offset(skip).limit(limit))).scalars().all()


async def count_alerts(session: AsyncSession, state: str | None, kind: str | None) -> int:
    """How many `list_alerts` goes through."""
    return (await session.execute(select(func.count()).select_from(Alert).where(_matching(state, kind)))).scalar_one()


def _matching(state: str | None, kind: str | None) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if state is not None:
        conditions.append(Alert.resolved_at.is_(None) if state == "open" else Alert.resolved_at.is_not(None))
    if kind is not None:
        conditions.append(Alert.kind == kind)
    return and_(*conditions)


async def find_alert(session: AsyncSession, alert_id: uuid.UUID, *, lock: bool = False) -> Alert | None:
    """One of them."""
    statement = select(Alert).where(Alert.id == alert_id)
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def open_alerts(session: AsyncSession, kind: str) -> Sequence[Alert]:
    """Episodes of a kind that are not over; nobody else ends them before the end of the transaction."""
    statement = select(Alert).where(Alert.kind == kind, Alert.resolved_at.is_(None)).order_by(Alert.id)
    return (await session.execute(statement.with_for_update())).scalars().all()


async def begin_alert(session: AsyncSession, kind: str, observation: Observation, now: datetime) -> Alert | None:
    """A new episode; `None` where another host noticed it first, or the subject had its only one."""
    subject = observation.subject
    statement = (
        insert(Alert)
        .values(
            id=uuid.uuid4(),
            kind=kind,
            subject=subject.id,
            subject_name=subject.name,
            user_id=subject.user_id,
            once=subject.once,
            summary=observation.summary,
            measured=dict(observation.measured),
            raised_at=now,
            last_seen_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Alert)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def see_alerts(session: AsyncSession, ids: Sequence[uuid.UUID], now: datetime) -> None:
    """They go on."""
    await session.execute(update(Alert).where(Alert.id.in_(ids)).values(last_seen_at=now), execution_options=_APART)


async def end_alerts(session: AsyncSession, ids: Sequence[uuid.UUID], now: datetime) -> Sequence[Alert]:
    """They are over."""
    statement = (
        update(Alert).where(Alert.id.in_(ids), Alert.resolved_at.is_(None)).values(resolved_at=now).returning(Alert)
    )
    options = {"synchronize_session": False, "populate_existing": True}
    return (await session.execute(statement, execution_options=options)).scalars().all()


async def untold_alerts(session: AsyncSession, limit: int) -> Sequence[Alert]:
    """Those that somebody must be told of by mail."""
    untold = or_(
        Alert.raise_told_at.is_(None), and_(Alert.resolved_at.is_not(None), Alert.resolution_told_at.is_(None))
    )
    statement = select(Alert).where(untold).order_by(Alert.id).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def erase_alerts(session: AsyncSession, before: datetime) -> None:
    """Forgets those that were over before then."""
    await session.execute(delete(Alert).where(Alert.resolved_at < before), execution_options=_APART)
