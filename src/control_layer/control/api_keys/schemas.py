"""The key object and the bodies that make and change it (§4.2), with fields of ours: `expires_at`, `models`,
`zero_data_retention` and `caching`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from control_layer.contract.limits import TIERED_PURPOSES
from control_layer.contract.routing import KeyCaching
from control_layer.control.money import Money
from control_layer.control.schema import Flag, Input, Int, Number, Output
from control_layer.store import tables

__all__ = [
    "CapSpending",
    "InheritedRate",
    "Key",
    "KeyChanges",
    "KeyOwner",
    "NewKey",
    "NewlyMadeKey",
    "OwnedKey",
    "RevealedSecret",
    "Rotation",
]

_Interval = Literal["daily", "weekly", "monthly"]
_Models = Annotated[list[str], Field(max_length=1000)]


class NewKey(Input):
    """A key to be made."""

    name: str
    description: str | None = None
    purpose: Literal["realtime", "platform", "batch", "playground"] | None = None
    requests_per_second: Number | None = None
    burst_size: Int | None = None
    member_id: uuid.UUID | None = None
    spend_limit: Decimal | None = None
    spend_limit_interval: _Interval | None = None
    expires_at: AwareDatetime | None = None
    models: _Models | None = None
    """Aliases that the key is restricted to; absent for all that its owner may use."""
    zero_data_retention: Flag = False
    """No body of its requests is kept anywhere. Where its owner's account has that, all keys do."""
    caching: KeyCaching | None = None
    """Of models that keep answers: `off` for none, or whose its requests may be given at most; absent: as they say."""


class KeyChanges(Input):
    """Absent keeps. Null clears the spending cap, `expires_at`, `models` and `caching`; else it keeps, too (§1.7)."""

    name: str | None = None
    description: str | None = None
    requests_per_second: Number | None = None
    burst_size: Int | None = None
    spend_limit: Decimal | None = None
    spend_limit_interval: _Interval | None = None
    reset_window: Flag | None = None
    expires_at: AwareDatetime | None = None
    models: _Models | None = None
    zero_data_retention: Flag | None = None
    caching: KeyCaching | None = None


class Rotation(Input):
    """How a key gets its new secret."""

    grace_seconds: Annotated[Int | None, Field(examples=[86400])] = None
    """For how long the old secret goes on working beside the new one: at most 7 days; by default not at all."""


@dataclass(frozen=True, slots=True)
class CapSpending:
    """What a key with a cap has spent."""

    spend: Decimal
    """In the cap's present window."""
    total_spend: Decimal
    """Since it had a cap."""
    resets_at: datetime | None


class InheritedRate(Output):
    """What holds for a key that has no rate of its own: the default of its owner's tier (`auth.rate_limits`)."""

    tier: Literal["verified", "unverified"]
    requests_per_second: float
    burst_size: int


class Key(Output):
    """A key without its secret."""

    id: uuid.UUID
    name: str
    prefix: str
    """How its secret begins, to tell keys apart by."""
    description: str | None
    purpose: str
    user_id: uuid.UUID
    created_by: uuid.UUID
    created_at: datetime
    last_used: datetime | None
    model_access: list[uuid.UUID]
    requests_per_second: float | None
    burst_size: int | None
    inherited_rate_limit: InheritedRate | None
    """What holds where `requests_per_second` is null; null where nothing does."""
    secret_revealed_at: datetime | None
    spend_limit: Money | None
    spend_limit_interval: str | None
    spend: Money | None
    total_spend: Money | None
    resets_at: datetime | None
    expires_at: datetime | None
    models: list[str] | None
    zero_data_retention: bool
    """Of the key itself; its owner's account may have it for all keys."""
    caching: KeyCaching | None
    previous_secret_expires_at: datetime | None
    """Until when the secret before the last rotation works beside the present one; null where it died at once."""

    @classmethod
    def of(
        cls,
        row: tables.ApiKey,
        model_access: Sequence[uuid.UUID],
        spending: CapSpending | None,
        inherited: InheritedRate | None,
    ) -> Key:
        """The object of a row. `spending` is what counts towards its cap, if it has one; `inherited` its tier's."""
        return cls(
            id=row.id,
            name=row.name,
            prefix=row.secret_prefix,
            description=row.description,
            purpose=row.purpose,
            user_id=row.user_id,
            created_by=row.created_by,
            created_at=row.created_at,
            last_used=row.last_used,
            model_access=list(model_access),
            requests_per_second=row.requests_per_second,
            burst_size=row.burst_size,
            inherited_rate_limit=(
                inherited if row.requests_per_second is None and row.purpose in TIERED_PURPOSES else None
            ),
            secret_revealed_at=row.secret_revealed_at,
            spend_limit=row.spend_limit,
            spend_limit_interval=row.spend_limit_interval,
            spend=None if spending is None else spending.spend,
            total_spend=None if spending is None else spending.total_spend,
            resets_at=None if spending is None else spending.resets_at,
            expires_at=row.expires_at,
            models=row.model_aliases,
            zero_data_retention=row.zero_data_retention,
            caching=row.caching,
            previous_secret_expires_at=row.previous_expires_at,
        )


class NewlyMadeKey(Key):
    """The answer to its making: the only object with a secret in it."""

    key: Annotated[str, Field(repr=False)]

    @classmethod
    def with_secret(cls, key: Key, secret: str) -> NewlyMadeKey:
        """The object with its secret."""
        return cls(**dict(key), key=secret)


class KeyOwner(Output):
    """Whose a key is."""

    id: uuid.UUID
    username: str
    display_name: str | None
    email: str
    is_active: bool
    """False while the account is disabled: its keys work no more than it does."""
    is_admin: bool
    """The administrator's keys are theirs alone to change."""

    @classmethod
    def of(cls, row: tables.User) -> KeyOwner:
        """The object of a row."""
        return cls(
            id=row.id,
            username=row.username,
            display_name=row.display_name,
            email=row.email,
            is_active=row.disabled_at is None,
            is_admin=row.is_admin,
        )


class OwnedKey(Key):
    """A key among everybody's."""

    owner: KeyOwner

    @classmethod
    def with_owner(cls, key: Key, owner: KeyOwner) -> OwnedKey:
        """The object with its owner."""
        return cls(**dict(key), owner=owner)


class RevealedSecret(Output):
    """A secret, after a rotation or at the holder's first look."""

    key: Annotated[str, Field(repr=False)]
