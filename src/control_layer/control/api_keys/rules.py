"""What a key may look like, and who may hold it (§4.2)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from control_layer.control.api_keys.caps import change_cap, check_cap, check_new_cap
from control_layer.control.api_keys.schemas import KeyChanges, NewKey, Rotation
from control_layer.control.errors import forbidden, invalid
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.store.tables import ApiKey

__all__ = ["apply_changes", "check_changes", "check_new_key", "check_purpose", "grace_of", "holder_seen_by"]

_MAX_GRACE_SECONDS = 7 * 24 * 3600


def check_new_key(key: NewKey, now: datetime) -> None:
    """Raises 400, whoever asks."""
    _check_name(key.name)
    _check_limits(key.requests_per_second, key.burst_size)
    check_new_cap(key)
    _check_expiry(key.expires_at, now)


def check_changes(changes: KeyChanges, now: datetime) -> None:
    """Raises 400, whoever asks."""
    if changes.name is not None:
        _check_name(changes.name)
    _check_limits(changes.requests_per_second, changes.burst_size)
    check_cap(changes)
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
    """Writes a PATCH into the row. Raises 400 for changes of a cap that is not there."""
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
    if "caching" in changes.model_fields_set:
        key.caching = changes.caching
    if changes.zero_data_retention is not None:
        key.zero_data_retention = changes.zero_data_retention
    change_cap(key, changes, now)
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


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at must lie in the future")
