"""Webhooks and their messages in the database."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.webhooks.events import entitled
from control_layer.store.tables import User, Webhook, WebhookDelivery

__all__ = [
    "Due",
    "claim_due",
    "count_deliveries",
    "count_webhooks",
    "delete_deliveries",
    "find_delivery",
    "find_webhook",
    "list_deliveries",
    "list_webhooks",
]

_APART = {"synchronize_session": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A message that is ours to send."""

    id: uuid.UUID
    webhook_id: uuid.UUID
    attempts: int
    body: str
    url: str = field(repr=False)
    sealed_secret: bytes = field(repr=False)


async def list_webhooks(session: AsyncSession, user_id: uuid.UUID) -> Sequence[Webhook]:
    """Newest first."""
    statement = select(Webhook).where(Webhook.user_id == user_id).order_by(Webhook.created_at.desc(), Webhook.id)
    return (await session.execute(statement)).scalars().all()


async def count_webhooks(session: AsyncSession, user_id: uuid.UUID) -> int:
    """How many an account has."""
    statement = select(func.count()).select_from(Webhook).where(Webhook.user_id == user_id)
    return (await session.execute(statement)).scalar_one()


async def find_webhook(
    session: AsyncSession, webhook_id: uuid.UUID, user_id: uuid.UUID, *, lock: bool = False
) -> Webhook | None:
    """The account's webhook; with `lock`, nobody else changes it before the end of the transaction."""
    statement = select(Webhook).where(Webhook.id == webhook_id, Webhook.user_id == user_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_delivery(
    session: AsyncSession, delivery_id: uuid.UUID, webhook_id: uuid.UUID, *, lock: bool = False
) -> WebhookDelivery | None:
    """A message to the webhook."""
    statement = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id
    )
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def list_deliveries(
    session: AsyncSession, webhook_id: uuid.UUID, state: str | None, skip: int, limit: int
) -> Sequence[WebhookDelivery]:
    """Newest first."""
    newest = (
        select(WebhookDelivery)
        .where(_of(webhook_id, state))
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
    )
    return (await session.execute(newest.offset(skip).limit(limit))).scalars().all()


async def count_deliveries(session: AsyncSession, webhook_id: uuid.UUID, state: str | None) -> int:
    """How many `list_deliveries` goes through."""
    counted = select(func.count()).select_from(WebhookDelivery).where(_of(webhook_id, state))
    return (await session.execute(counted)).scalar_one()


def _of(webhook_id: uuid.UUID, state: str | None) -> ColumnElement[bool]:
    mine = WebhookDelivery.webhook_id == webhook_id
    return mine if state is None else and_(mine, WebhookDelivery.state == state)


async def claim_due(
    session: AsyncSession, *, now: datetime, busy: Collection[uuid.UUID], limit: int, until: datetime
) -> Sequence[Due]:
    """The next message of each webhook that is not busy, at most `limit`; nobody else takes them before `until`."""
    waiting = _WAITING.columns(WebhookDelivery.webhook_id).cte("waiting")
    following = (
        select(WebhookDelivery.id, WebhookDelivery.next_attempt_at)
        .where(WebhookDelivery.webhook_id == waiting.c.webhook_id, _is_due(now))
        .order_by(WebhookDelivery.next_attempt_at)
        .limit(1)
        .lateral("following")
    )
    receiver = (
        select(Webhook.url, Webhook.sealed_secret)
        .join(User, entitled())
        .where(Webhook.id == waiting.c.webhook_id, Webhook.enabled)
        .limit(1)  # which keeps the planner from reading all webhooks because few wait
        .lateral("receiver")
    )
    chosen = (
        select(following.c.id, receiver.c.url, receiver.c.sealed_secret)
        .select_from(waiting)
        .join(receiver, true())
        .join(following, true())
        .where(waiting.c.webhook_id.not_in(list(busy)))
        .order_by(following.c.next_attempt_at)
        .limit(limit)
    )
    receivers = {row.id: row for row in await session.execute(chosen)}
    claimed = (
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(receivers), _is_due(now))
        .values(next_attempt_at=until)
        .returning(
            WebhookDelivery.id,
            WebhookDelivery.webhook_id,
            func.jsonb_array_length(WebhookDelivery.attempts).label("attempts"),
            WebhookDelivery.body,
        )
    )
    return [
        Due(**row, url=receivers[row["id"]].url, sealed_secret=receivers[row["id"]].sealed_secret)
        for row in (await session.execute(claimed, execution_options=_APART)).mappings()
    ]


def _is_due(now: datetime) -> ColumnElement[bool]:
    # The state is no parameter, so that the partial index is known to have all of them.
    return and_(WebhookDelivery.state == literal_column("'pending'"), WebhookDelivery.next_attempt_at <= now)


# One look into the index for each webhook, however many messages wait.
_WAITING = text("""
    WITH RECURSIVE waiting AS (
        (SELECT webhook_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY webhook_id LIMIT 1)
        UNION ALL
        SELECT (
            SELECT next.webhook_id FROM webhook_deliveries AS next
            WHERE next.state = 'pending' AND next.webhook_id > waiting.webhook_id ORDER BY next.webhook_id LIMIT 1
        )
        FROM waiting WHERE waiting.webhook_id IS NOT NULL
    )
    SELECT webhook_id FROM waiting WHERE webhook_id IS NOT NULL
""")


async def delete_deliveries(session: AsyncSession, *, before: datetime, limit: int) -> int:
    """Erases messages that are older; how many."""
    # Other hosts do the same at the same time.
    some = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.created_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = delete(WebhookDelivery).where(WebhookDelivery.id.in_(some)).returning(WebhookDelivery.id)
    return len((await session.execute(statement, execution_options=_APART)).all())
