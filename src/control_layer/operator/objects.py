"""What the commands read of the API's objects. The rest of each is passed over."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from control_layer.operator.errors import Unreachable

__all__ = [
    "EVERYONE",
    "EVERYONE_NAME",
    "Account",
    "Budget",
    "Endpoint",
    "Group",
    "Guardrail",
    "Key",
    "Model",
    "Probe",
    "RateLimit",
    "ScopedObject",
    "read_as",
]

EVERYONE = uuid.UUID(int=0)
"""The group that everybody is in."""
EVERYONE_NAME = "Everyone"

_Object = TypeVar("_Object", bound=msgspec.Struct)


class Account(msgspec.Struct, frozen=True):
    """A person's account."""

    id: uuid.UUID
    username: str
    email: str
    is_admin: bool
    roles: list[str]
    auth_source: str
    display_name: str | None = None
    zero_data_retention: bool = False
    last_login: str | None = None


class Group(msgspec.Struct, frozen=True):
    """A group without its members."""

    id: uuid.UUID
    name: str
    description: str | None = None
    source: str = "native"


class Endpoint(msgspec.Struct, frozen=True):
    """A provider's endpoint; its credential is never shown."""

    id: uuid.UUID
    name: str
    url: str
    requires_api_key: bool
    auth_header_name: str
    auth_header_prefix: str
    description: str | None = None
    model_filter: list[str] | None = None
    verify_tls: bool = True
    ca_bundle: str | None = None
    reasoning_translation: dict[str, Any] | None = None
    dialect: str = "openai"
    options: dict[str, Any] | None = None


class Model(msgspec.Struct, frozen=True):
    """What a model is called, and where it is; `declarative.model_object` reads it whole."""

    id: uuid.UUID
    alias: str
    model_name: str
    hosted_on: uuid.UUID | None = None
    is_composite: bool | None = None
    model_type: str | None = None


class Key(msgspec.Struct, frozen=True):
    """An API key without its secret."""

    id: uuid.UUID
    name: str
    purpose: str
    user_id: uuid.UUID
    created_at: str
    description: str | None = None
    last_used: str | None = None
    expires_at: str | None = None
    requests_per_second: float | None = None
    burst_size: int | None = None
    models: list[str] | None = None
    spend_limit: str | None = None
    spend_limit_interval: str | None = None
    zero_data_retention: bool = False
    caching: str | None = None


class ScopedObject(msgspec.Struct, frozen=True):
    """A limit of the requests of one key, user, group or model."""

    id: uuid.UUID
    name: str
    scope: str
    scope_id: uuid.UUID


class RateLimit(ScopedObject, frozen=True):
    """A limit of requests, tokens, concurrency or session minutes."""

    kind: str
    amount: int
    queue_seconds: float
    queue_length: int
    per: str | None = None
    burst: int | None = None


class Budget(ScopedObject, frozen=True):
    """A budget without what is spent of it."""

    amount: Decimal
    period: str
    rolling: bool
    enforcement: str
    alert_thresholds: list[Decimal]


class Guardrail(msgspec.Struct, frozen=True):
    """A guardrail; its secret is never shown."""

    id: uuid.UUID
    name: str
    enabled: bool
    position: int
    stage: str
    kind: str
    has_secret: bool
    whole_stream: bool
    models: list[uuid.UUID] | None = None
    groups: list[uuid.UUID] | None = None
    pattern: str | None = None
    replacement: str | None = None
    url: str | None = None
    timeout_ms: int | None = None
    fail: str | None = None
    window_characters: int | None = None


class Probe(msgspec.Struct, frozen=True):
    """A health check of a model."""

    id: uuid.UUID
    name: str
    deployment_id: uuid.UUID
    interval_seconds: int
    active: bool
    http_method: str
    request_path: str | None = None
    request_body: Any | None = None


def read_as(kind: type[_Object], content: object) -> _Object:
    """The API's object as ours. Raises `Unreachable` where the server speaks another contract."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        text = f"the instance's {kind.__name__.lower()} is none that this version understands ({error})"
        raise Unreachable(f"{text}; use the control-layer command of the instance's version") from error
