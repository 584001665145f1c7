"""What a key may look like, and who may hold it (§4.2)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from control_layer.control.api_keys.schemas import KeyChanges, NewKey, Rotation
from control_layer.control.errors import ControlError, forbidden, invalid
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.store.tables import ApiKey

__all__ = ["apply_changes", "check_changes", "check_new_key", "check_purpose", "grace_of", "holder_seen_by"]

_MAX_GRACE_SECONDS = 7 * 24 * 3600


def check_new_key(key: NewKey, now: datetime) -> None:
    """Raises 400, whoever asks; 501 for a spending cap, which nothing would enforce yet."""
    _check_name(key.name)
    _check_limits(key.requests_per_second, key.burst_size)
    if key.spend_limit_interval is not None and key.spend_limit is None:
        raise invalid("spend_limit_interval needs a spend_limit")
    _check_cap(key.spend_limit)
    _check_expiry(key.expires_at, now)


def check_changes(changes: KeyChanges, now: datetime) -> None:
    """Raises 400, whoever asks; 501 for a spending cap, which nothing would enforce yet."""
    if changes.name is not None:
        _check_name(changes.name)
    _check_limits(changes.requests_per_second, changes.burst_size)
    _check_cap(changes.spend_limit)
    if changes.spend_limit_interval is not None:
        raise invalid("spend_limit_interval needs a spend_limit")
    if changes.reset_window:
        raise invalid("reset_window needs a key with a spend_limit")
    _check_expiry(changes.expires_at, now)


def check_purpose(key: NewKey) -> None:
    """Raises 400 for the purposes that only the server makes keys of."""
    if key.purpose in {"batch", "playground"}:
        raise invalid(
            "Cannot manually create API keys with 'batch' or 'playground' purpose. "
            "These are reserved for internal system use.",
            code="reserved_purpose",
        )


def grace_of(rotation: Rotation | None) -> timedelta:
    """For how long the old secret goes on working. Raises 400."""
    seconds = 0 if rotation is None or rotation.grace_seconds is None else rotation.grace_seconds
    if not 0 <= seconds <= _MAX_GRACE_SECONDS:
        raise invalid(f"grace_seconds must be between 0 and {_MAX_GRACE_SECONDS} (7 days)")
    return timedelta(seconds=seconds)


def apply_changes(key: ApiKey, changes: KeyChanges, now: datetime) -> None:
    """Writes a PATCH into the row."""
    if changes.name is not None:
        key.name = changes.name
    if changes.description is not None:
        key.description = changes.description
    if changes.requests_per_second is not None:
        key.requests_per_second = changes.requests_per_second
    if changes.burst_size is not None:
        key.burst_size = changes.burst_size
    if "expires_at" in changes.model_fields_set:
        key.expires_at = changes.expires_at
    if "models" in changes.model_fields_set:
        key.model_aliases = changes.models
    key.updated_at = now


def holder_seen_by(caller: Principal, owner: uuid.UUID, wanted: uuid.UUID | None = None) -> uuid.UUID | None:
    """Whose keys under `owner` the caller sees: their own, or, with the right to read all, those of `wanted` or all.

    Raises 403 where the path or `wanted` speaks of somebody else without that right.
    """
    caller.require_on(Operation.READ, Resource.API_KEYS, owner)
    if caller.may(Operation.READ, Resource.API_KEYS):
        return wanted
    if wanted is not None and wanted != caller.id:
        raise forbidden(Operation.READ, Resource.API_KEYS)
    return caller.id


def _check_name(name: str) -> None:
    if not name.strip():
        raise invalid("API key name cannot be empty")


def _check_limits(requests_per_second: float | None, burst_size: int | None) -> None:
    if requests_per_second is not None and requests_per_second <= 0:
        raise invalid("requests_per_second must be greater than zero")
    if burst_size is not None and burst_size <= 0:
        raise invalid("burst_size must be greater than zero")


def _check_cap(spend_limit: Decimal | None) -> None:
    if spend_limit is None:
        return
    if not spend_limit.is_finite() or spend_limit <= 0:
        raise invalid("spend_limit must be greater than zero")
    # A cap that is stored but not enforced would be believed in.
    raise ControlError(501, "not_available", "Spending caps are not available yet; make the key without spend_limit")


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at must lie in the future")
