"""SQL of guardrails."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import invalid, not_found
from control_layer.store.tables import Group, Guardrail, Model

__all__ = [
    "all_guardrails",
    "check_groups",
    "check_models",
    "count_guardrails",
    "found",
    "list_guardrails",
    "next_position",
]

_IN_ORDER = select(Guardrail).order_by(Guardrail.position, Guardrail.id)


async def list_guardrails(session: AsyncSession, skip: int, limit: int) -> Sequence[Guardrail]:
    """In the order in which they are gone through."""
    return (await session.scalars(_IN_ORDER.offset(skip).limit(limit))).all()


async def all_guardrails(session: AsyncSession) -> Sequence[Guardrail]:
    """All of them, in that order."""
    return (await session.scalars(_IN_ORDER)).all()


async def count_guardrails(session: AsyncSession) -> int:
    """How many there are."""
    return (await session.execute(select(func.count()).select_from(Guardrail))).scalar_one()


async def next_position(session: AsyncSession) -> int:
    """The position behind all others."""
    return (await session.execute(select(func.coalesce(func.max(Guardrail.position) + 1, 0)))).scalar_one()


async def found(session: AsyncSession, guardrail_id: uuid.UUID, *, lock: bool = False) -> Guardrail:
    """The guardrail; with `lock`, nobody else changes it before the end of the transaction. Raises 404."""
    statement = select(Guardrail).where(Guardrail.id == guardrail_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise not_found("Guardrail", guardrail_id)
    return row


async def check_models(session: AsyncSession, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The ids once each, in order. Raises 400 where there is no such model."""
    wanted = sorted(set(ids))
    statement = select(func.count()).select_from(Model).where(Model.id.in_(wanted), Model.deleted_at.is_(None))
    if (await session.execute(statement)).scalar_one() != len(wanted):
        raise invalid("models: there is no model with one of these ids", code="invalid_reference")
    return wanted


async def check_groups(session: AsyncSession, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """The ids once each, in order. Raises 400 where there is no such group."""
    wanted = sorted(set(ids))
    statement = select(func.count()).select_from(Group).where(Group.id.in_(wanted))
    if (await session.execute(statement)).scalar_one() != len(wanted):
        raise invalid("groups: there is no group with one of these ids", code="invalid_reference")
    return wanted
