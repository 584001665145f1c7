"""The webhook object, the bodies that make and change it (§4.19), and what was delivered, which is ours."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from control_layer.control.schema import Flag, Input, OmitNull, Output
from control_layer.control.webhooks.events import Scope
from control_layer.store import tables

__all__ = ["Attempt", "Delivery", "NewWebhook", "Webhook", "WebhookChanges", "WebhookWithSecret"]

_Text = Annotated[str, StringConstraints(max_length=1000)]
_State = Literal["pending", "delivered", "failed"]


class NewWebhook(Input):
    """A webhook to be made."""

    url: str = Field(examples=["https://example.org/hooks/control-layer"])
    """Where messages go, by TLS; on localhost it may do without."""
    event_types: list[str] | None = Field(None, examples=[["batch.completed", "batch.failed"]])
    """Which events; absent for all of the scope."""
    description: _Text | None = None
    scope: str = Field("own", examples=["own"])
    """`own`: what happens to the account's things. `platform`: what happens on the platform, for platform managers."""


class WebhookChanges(Input):
    """Absent or null keeps (§1.7)."""

    url: str | None = None
    enabled: Flag | None = None
    """`true` lets a webhook begin anew that failures had disabled."""
    event_types: list[str] | None = None
    description: _Text | None = None


class Webhook(Output):
    """A webhook without its secret."""

    id: uuid.UUID
    user_id: uuid.UUID
    url: str
    enabled: bool
    event_types: OmitNull[list[str]]
    description: OmitNull[str]
    scope: Scope
    created_at: datetime
    updated_at: datetime
    disabled_at: OmitNull[datetime]
    """When too many failures in a row disabled it."""

    @classmethod
    def of(cls, row: tables.Webhook) -> Webhook:
        """The object of a row."""
        return cls.model_validate(_members(row))


class WebhookWithSecret(Webhook):
    """The one answer that shows the secret."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])

    @classmethod
    def with_secret(cls, row: tables.Webhook, secret: str) -> WebhookWithSecret:
        """The object of a row, and the secret that is sealed in it."""
        return cls.model_validate({**_members(row), "secret": secret})


class Attempt(Output):
    """One try."""

    at: datetime
    status: int | None
    """What the receiver answered; null where nothing came."""
    error: str | None
    duration_ms: int


class Delivery(Output):
    """A message to a webhook."""

    id: uuid.UUID
    """The `webhook-id`, the same at every attempt."""
    event_type: str
    state: _State
    payload: dict[str, Any]
    attempts: list[Attempt]
    created_at: datetime
    next_attempt_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: tables.WebhookDelivery) -> Delivery:
        """The object of a row."""
        return cls(
            id=row.id,
            event_type=row.event_type,
            state=row.state,
            payload=json.loads(row.body),
            attempts=[Attempt.model_validate(attempt) for attempt in row.attempts],
            created_at=row.created_at,
            next_attempt_at=row.next_attempt_at if row.state == "pending" else None,
            ended_at=row.ended_at,
        )


def _members(row: tables.Webhook) -> dict[str, object]:
    return {
        "id": row.id,
        "user_id": row.user_id,
        "url": row.url,
        "enabled": row.enabled,
        "event_types": row.event_types,
        "description": row.description,
        "scope": row.scope,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "disabled_at": row.disabled_at,
    }
