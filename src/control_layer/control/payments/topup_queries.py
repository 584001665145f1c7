"""Automatic purchases in the database."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.payments.topup_terms import MAX_DECLINES, Earlier, month_of
from control_layer.control.users.queries import visible
from control_layer.store.tables import AutoTopup, User

__all__ = ["declines_in_a_row", "earlier_topups", "pending_topups", "topup_accounts"]

_PENDING_AT_ONCE = 100


async def topup_accounts(session: AsyncSession, after: uuid.UUID, limit: int) -> Sequence[User]:
    """Accounts behind `after` that agreed to buy by themselves and can, by id."""
    statement = (
        select(User)
        .where(
            User.id > after,
            User.auto_topup_threshold.is_not(None),
            User.auto_topup_amount.is_not(None),
            User.payment_provider_id.is_not(None),
            User.disabled_at.is_(None),
            User.invoicing_enabled.is_(False),
            visible(),
        )
        .order_by(User.id)
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def earlier_topups(
    session: AsyncSession, users: Sequence[uuid.UUID], now: datetime
) -> Mapping[uuid.UUID, list[Earlier]]:
    """What the terms are judged by: each account's purchases of this month, and its last."""
    latest = (
        select(AutoTopup.user_id, func.max(AutoTopup.created_at).label("at"))
        .where(AutoTopup.user_id.in_(users))
        .group_by(AutoTopup.user_id)
        .subquery()
    )
    statement = (
        select(AutoTopup)
        .join(latest, latest.c.user_id == AutoTopup.user_id)
        .where(or_(AutoTopup.created_at >= month_of(now), AutoTopup.created_at == latest.c.at))
    )
    found: dict[uuid.UUID, list[Earlier]] = {}
    for topup in (await session.execute(statement)).scalars():
        known = Earlier(amount=topup.amount, state=topup.state, created_at=topup.created_at, ended_at=topup.ended_at)
        found.setdefault(topup.user_id, []).append(known)
    return found


async def pending_topups(session: AsyncSession) -> Sequence[tuple[AutoTopup, User | None]]:
    """Those whose end is not known, oldest first, with their accounts; none where an account is gone."""
    statement = (
        select(AutoTopup, User)
        .outerjoin(User, and_(User.id == AutoTopup.user_id, visible()))
        .where(AutoTopup.state == "pending")
        .order_by(AutoTopup.created_at)
        .limit(_PENDING_AT_ONCE)
    )
    return [(topup, user) for topup, user in await session.execute(statement)]


async def declines_in_a_row(session: AsyncSession, user_id: uuid.UUID) -> int:
    """How many of an account's last purchases failed, up to as many as matter."""
    statement = (
        select(AutoTopup.state)
        .where(AutoTopup.user_id == user_id, AutoTopup.state != "pending")
        .order_by(AutoTopup.created_at.desc())
        .limit(MAX_DECLINES)
    )
    states = list((await session.execute(statement)).scalars())
    return next((count for count, state in enumerate(states) if state != "failed"), len(states))
