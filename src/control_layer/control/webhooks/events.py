"""What can be told, and the outbox: a message for each webhook that wants it, stored with what it tells of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from sqlalchemy import ColumnElement, and_, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.permissions import Role
from control_layer.store.tables import User, Webhook, WebhookDelivery

__all__ = ["EVENTS", "Event", "Scope", "entitled", "instant", "tell"]

Scope = Literal["own", "platform"]


class Event(StrEnum):
    """The `type` of a message."""

    BATCH_COMPLETED = "batch.completed"
    BATCH_FAILED = "batch.failed"
    BALANCE_LOW = "balance.low"
    BUDGET_THRESHOLD_REACHED = "budget.threshold_reached"
    USER_CREATED = "user.created"
    BATCH_CREATED = "batch.created"
    API_KEY_CREATED = "api_key.created"
    ALERT_RAISED = "alert.raised"
    ALERT_RESOLVED = "alert.resolved"


EVENTS: Mapping[Scope, frozenset[Event]] = {
    "own": frozenset({Event.BATCH_COMPLETED, Event.BATCH_FAILED, Event.BALANCE_LOW, Event.BUDGET_THRESHOLD_REACHED}),
    "platform": frozenset(
        {
            Event.USER_CREATED,
            Event.BATCH_CREATED,
            Event.API_KEY_CREATED,
            Event.ALERT_RAISED,
            Event.ALERT_RESOLVED,
        }
    ),
}
"""Which webhooks an event is for: those of the account that it happened to, or those of platform managers."""


def entitled() -> ColumnElement[bool]:
    """A webhook whose owner may still know: not disabled, and a platform manager where it is about everybody."""
    manages = or_(User.is_admin, User.roles.any_() == literal(Role.PLATFORM_MANAGER.value))
    active = and_(User.id == Webhook.user_id, User.deleted_at.is_(None), User.disabled_at.is_(None))
    return and_(active, or_(Webhook.scope == "own", manages))


async def tell(
    session: AsyncSession,
    event: Event,
    data: Mapping[str, object],
    *,
    now: datetime,
    owner: uuid.UUID | None = None,
) -> None:
    """Puts a message into the outbox of every webhook that wants it; it leaves once the transaction is committed.

    `owner` is the account that an event of scope `own` happened to.
    """
    body = json.dumps({"type": event, "timestamp": instant(now), "data": data}, ensure_ascii=False)
    whose = Webhook.scope == "platform" if owner is None else and_(Webhook.scope == "own", Webhook.user_id == owner)
    wanted = or_(Webhook.event_types.is_(None), Webhook.event_types.any_() == literal(event.value))
    messages = select(
        func.gen_random_uuid(), Webhook.id, literal(event.value), literal(body), literal(now), literal(now)
    ).where(whose, wanted, Webhook.enabled, entitled())
    columns = ["id", "webhook_id", "event_type", "body", "created_at", "next_attempt_at"]
    await session.execute(insert(WebhookDelivery).from_select(columns, messages, include_defaults=False))


def instant(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
