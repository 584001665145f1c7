"""The rate limit object and the bodies that make and change it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from control_layer.contract.limits import LimitKind
from control_layer.control.schema import Input, Output
from control_layer.control.scopes import Scope, scope_of
from control_layer.store import tables

__all__ = ["NewRateLimit", "RateLimit", "RateLimitChanges"]

Per = Literal["second", "minute", "day"]
_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Amount = Annotated[int, Field(strict=True, ge=1, le=2**53)]
_QueueSeconds = Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)]
_QueueLength = Annotated[int, Field(strict=True, ge=0, le=10_000)]


class NewRateLimit(Input):
    """A limit to be made."""

    name: Annotated[_Name, Field(examples=["Research, tokens"])]
    """What errors call it."""
    scope: Scope
    """Whose requests count: those made with a key, by a user, by all members of a group together, or to a model. A
    model that is a component of others is passed over by them while its limit is reached."""
    scope_id: uuid.UUID
    """The id of the key, user, group or model. The Everyone group makes a limit for the whole instance."""
    kind: LimitKind
    """`tokens` of input and output are estimated when a request is let in, and put right when it ends. `concurrency`
    counts requests under way, `session_minutes` the time of realtime sessions while they go on."""
    amount: Annotated[_Amount, Field(examples=[100_000])]
    per: Per | None = None
    """In which time; null for concurrency."""
    burst: _Amount | None = None
    """How much may be taken at once after a pause; null: the amount."""
    queue_seconds: _QueueSeconds = 0.0
    """Concurrency only: how long a request waits for its turn instead of being refused. Keys take turns."""
    queue_length: _QueueLength = 100
    """How many may wait in each gateway worker, where they may."""


class RateLimitChanges(Input):
    """What changes in a limit. Absent keeps, null too but for `burst`; scope and kind stay what they are."""

    name: _Name | None = None
    amount: _Amount | None = None
    per: Per | None = None
    burst: _Amount | None = None
    queue_seconds: _QueueSeconds | None = None
    queue_length: _QueueLength | None = None


class RateLimit(Output):
    """A limit of requests, tokens, concurrency or session minutes."""

    id: uuid.UUID
    name: str
    scope: Scope
    scope_id: uuid.UUID
    scope_name: str | None
    """What the key, group or model is called; of a user, the e-mail address."""
    kind: LimitKind
    amount: int
    per: Per | None
    burst: int | None
    queue_seconds: float
    queue_length: int
    created_by: uuid.UUID
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.RateLimit, scope_name: str | None) -> RateLimit:
        """The object of a row."""
        scope, scope_id = scope_of(row)
        return cls(
            id=row.id,
            name=row.name,
            scope=scope,
            scope_id=scope_id,
            scope_name=scope_name,
            kind=row.kind,
            amount=row.amount,
            per=row.per,
            burst=row.burst,
            queue_seconds=row.queue_seconds,
            queue_length=row.queue_length,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
