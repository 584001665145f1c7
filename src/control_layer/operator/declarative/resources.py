"""A state as resources whose fields can be compared: every value in its one JSON form, as the server keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from enum import StrEnum
from typing import Any

import httpx

from control_layer.operator.declarative.state import EndpointSpec, KeySpec, ModelSpec, State, UserSpec, plain
from control_layer.operator.objects import EVERYONE_NAME

__all__ = [
    "FIXED",
    "LEFT_ALONE",
    "UNCLEARABLE",
    "Fields",
    "Kind",
    "Name",
    "Resources",
    "header_of",
    "label",
    "needs_no_word",
    "resources_of",
]


class Kind(StrEnum):
    """What a resource is, in the order in which they are made. Members and grants are a group's, once all is there."""

    ENDPOINT = "endpoint"
    MODEL = "model"
    GROUP = "group"
    USER = "user"
    MEMBERS = "members"
    GRANTS = "grants"
    KEY = "key"


Name = tuple[str, ...]
"""One part; for a key, its owner and its name."""
Fields = Mapping[str, Any]
Resources = Mapping[Kind, Mapping[Name, Fields]]

FIXED: Mapping[Kind, frozenset[str]] = {
    Kind.MODEL: frozenset(("type", "endpoint", "model_name")),
    Kind.USER: frozenset(("email", "username")),
    Kind.KEY: frozenset(("purpose",)),
}
"""What the API cannot change once it is made."""

LEFT_ALONE: Mapping[Kind, frozenset[str]] = {
    Kind.ENDPOINT: frozenset(("credential", "model_filter", "dialect")),
    Kind.MODEL: frozenset(("model_type",)),
    Kind.USER: frozenset(("email", "username", "display_name")),
    Kind.KEY: frozenset(("requests_per_second", "burst_size")),
}
"""Fields whose absence says nothing."""

UNCLEARABLE: Mapping[Kind, frozenset[str]] = {
    Kind.ENDPOINT: frozenset(("model_filter",)),
    Kind.KEY: frozenset(("requests_per_second", "burst_size")),
}
"""Those of `LEFT_ALONE` that somebody may believe to take away by not naming them."""

_IDENTITY: Mapping[Kind, frozenset[str]] = {
    Kind.ENDPOINT: frozenset(("url",)),
    Kind.MODEL: frozenset(("type", "endpoint", "model_name", "components")),
    Kind.USER: frozenset(("roles",)),
}
"""What a new resource must be told, default or not."""

_HEADERS: Mapping[str, tuple[str, str]] = {
    "anthropic": ("x-api-key", ""),
    "azure": ("api-key", ""),
    "gemini": ("x-goog-api-key", ""),
}
_BACKOFF = ("backoff_initial_ms", "backoff_max_ms", "backoff_factor", "backoff_jitter", "backoff_max_total_ms")
_COMPOSITE = (
    "components",
    "lb_strategy",
    "fallback_enabled",
    "fallback_on_rate_limit",
    "fallback_on_status",
    "fallback_with_replacement",
    "fallback_max_attempts",
)
_STANDARD = ("endpoint", "provider_pricing", "reasoning_translation_overrides")
_INHERITED = {"mode": "inherit"}


def header_of(dialect: object) -> tuple[str, str]:
    """The header that takes a credential in a dialect, and what stands before it there."""
    return _HEADERS.get(str(dialect), ("Authorization", "Bearer "))


def label(kind: Kind, name: Name) -> str:
    """As people read it."""
    words = {Kind.MEMBERS: "members of", Kind.GRANTS: "models of"}.get(kind, kind.value)
    return f"{words} {'/'.join(name)}"


def needs_no_word(kind: Kind, field: str, value: object) -> bool:
    """Whether something new has this value of itself."""
    return field not in _IDENTITY.get(kind, ()) and _DEFAULTS.get(kind, {}).get(field) == value


def resources_of(state: State) -> Resources:
    """Everything in `state`, by kind and name."""
    groups = state.groups or {}
    return {
        Kind.ENDPOINT: {(name,): _endpoint(spec) for name, spec in (state.endpoints or {}).items()},
        Kind.MODEL: {(alias,): _model(alias, spec) for alias, spec in (state.models or {}).items()},
        Kind.GROUP: {
            (name,): {} if name == EVERYONE_NAME else {"description": spec.description or None}
            for name, spec in groups.items()
        },
        Kind.USER: {(name,): _user(spec) for name, spec in (state.users or {}).items()},
        Kind.MEMBERS: {
            (name,): {"members": sorted(spec.members)} for name, spec in groups.items() if spec.members is not None
        },
        Kind.GRANTS: {
            (name,): {"models": sorted(spec.models)} for name, spec in groups.items() if spec.models is not None
        },
        Kind.KEY: {
            (owner, name): _key(spec) for owner, keys in (state.keys or {}).items() for name, spec in keys.items()
        },
    }


def _endpoint(spec: EndpointSpec) -> Fields:
    fields = spec.model_dump(mode="json")
    fields["url"] = _url(spec.url)
    fields["description"] = spec.description or None
    fields["ca_bundle"] = (spec.ca_bundle or "").strip() or None
    fields["options"] = _options(spec)
    fields["reasoning_translation"] = spec.reasoning_translation or None
    for name in ("auth_header_name", "auth_header_prefix"):
        if fields[name] is None:
            del fields[name]  # the dialect's, which may not be said here
    return _said(Kind.ENDPOINT, fields)


def _options(spec: EndpointSpec) -> object:
    if spec.options is None:
        return None
    options = spec.options.model_dump(mode="json", exclude_defaults=True)
    if "quirks" in options:
        options["quirks"] = sorted(options["quirks"])
    return options or None


def _url(text: str) -> str:
    """As the server stores it: scheme and host in lower case, no default port, `/` for no path."""
    try:
        url = httpx.URL(str(httpx.URL(text)))
        return f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii').rstrip('?')}"
    except (httpx.InvalidURL, ValueError):
        return text  # the server will say what is wrong with it


def _model(alias: str, spec: ModelSpec) -> Fields:
    composite = spec.components is not None
    fields = spec.model_dump(mode="json", exclude=set(_STANDARD if composite else _COMPOSITE))
    if not spec.backoff_enabled:
        for name in _BACKOFF:
            del fields[name]
    fields["type"] = "composite" if composite else "standard"
    fields["model_name"] = spec.model_name or alias
    for name in ("display_name", "description", "capabilities", "traffic_routing_rules"):
        fields[name] = fields[name] or None
    fields["metadata"] = _metadata(spec)
    fields["tariffs"] = _tariffs(spec) or None
    for rule in fields["traffic_routing_rules"] or ():
        rule["action"] = {name: value for name, value in rule["action"].items() if value is not None}
    if not composite:
        fields["provider_pricing"] = _provider_pricing(spec)
        fields["reasoning_translation_overrides"] = _overrides(spec)
    return _said(Kind.MODEL, fields)


def _metadata(spec: ModelSpec) -> object:
    if spec.metadata is None:
        return None
    return spec.metadata.model_dump(mode="json", exclude_none=True) or None


def _tariffs(spec: ModelSpec) -> list[dict[str, object]]:
    prices: list[dict[str, object]] = [
        {name: plain(value) if isinstance(value, Decimal) else value for name, value in iter(tariff)}
        for tariff in spec.tariffs or ()
    ]
    return sorted(prices, key=lambda price: [str(value) for value in price.values()])


def _provider_pricing(spec: ModelSpec) -> object:
    pricing = spec.provider_pricing
    if pricing is None:
        return None
    prices = {
        name: plain(value)
        for name in ("input_price_per_token", "output_price_per_token", "rate", "input_token_cost_ratio")
        if (value := getattr(pricing, name)) is not None
    }
    return {"mode": pricing.mode, **prices} if prices else None


def _overrides(spec: ModelSpec) -> object:
    given = {
        surface: word for surface, word in (spec.reasoning_translation_overrides or {}).items() if word is not None
    }
    overridden = {surface: word for surface, word in given.items() if word != _INHERITED}
    return overridden or None


def _user(spec: UserSpec) -> Fields:
    fields = spec.model_dump(mode="json")
    fields["roles"] = sorted({*spec.roles, "StandardUser"})
    return _said(Kind.USER, fields)


def _key(spec: KeySpec) -> Fields:
    fields = spec.model_dump(mode="json")
    fields["description"] = spec.description or None
    fields["spend_limit"] = None if spec.spend_limit is None else plain(spec.spend_limit)
    fields["expires_at"] = None if spec.expires_at is None else spec.expires_at.astimezone(UTC).isoformat()
    fields["models"] = None if spec.models is None else sorted(set(spec.models))
    return _said(Kind.KEY, fields)


def _said(kind: Kind, fields: dict[str, Any]) -> Fields:
    return {name: value for name, value in fields.items() if value is not None or name not in LEFT_ALONE[kind]}


_DEFAULTS: Mapping[Kind, Fields] = {
    Kind.ENDPOINT: _endpoint(EndpointSpec(url="http://default")),
    Kind.MODEL: {**_model("", ModelSpec(endpoint="default")), **_model("", ModelSpec(components=[]))},
    Kind.GROUP: {"description": None},
    Kind.USER: _user(UserSpec()),
    Kind.KEY: _key(KeySpec()),
}
