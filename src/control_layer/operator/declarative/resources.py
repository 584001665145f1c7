"""A state as resources whose fields can be compared, and what the API can do with the fields of each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from control_layer.operator.declarative.guardrail_spec import GuardrailSpec
from control_layer.operator.declarative.limit_specs import BudgetSpec, Limit, RateLimitSpec, Scoped
from control_layer.operator.declarative.model_fields import model_fields
from control_layer.operator.declarative.model_spec import ModelSpec
from control_layer.operator.declarative.probe_spec import ProbeSpec
from control_layer.operator.declarative.resource_fields import (
    budget_fields,
    endpoint_fields,
    guardrail_fields,
    key_fields,
    probe_fields,
    rate_limit_fields,
    user_fields,
)
from control_layer.operator.declarative.state import EndpointSpec, KeySpec, State, UserSpec
from control_layer.operator.objects import EVERYONE_NAME

__all__ = [
    "FIXED",
    "LEFT_ALONE",
    "SECRETS",
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
    """What a resource is, in the order in which they are made. Members and grants are a group's, once all is there;
    what they let in, guardrails look at from the beginning.
    """

    ENDPOINT = "endpoint"
    MODEL = "model"
    GROUP = "group"
    USER = "user"
    GUARDRAIL = "guardrail"
    MEMBERS = "members"
    GRANTS = "grants"
    KEY = "key"
    RATE_LIMIT = "rate limit"
    BUDGET = "budget"
    PROBE = "probe"


Name = tuple[str, ...]
"""One part; for a key, its owner and its name; for a rate limit or budget, whose requests count (`group`, `model`,
`user` or `key`, and the name of it), and its name."""
Fields = Mapping[str, Any]
Resources = Mapping[Kind, Mapping[Name, Fields]]

SECRETS = frozenset(("credential", "secret"))
"""Fields of which only ever is told where the value is found."""

FIXED: Mapping[Kind, frozenset[str]] = {
    Kind.MODEL: frozenset(("type", "endpoint", "model_name")),
    Kind.USER: frozenset(("email", "username")),
    Kind.KEY: frozenset(("purpose",)),
    Kind.RATE_LIMIT: frozenset(("kind",)),
    Kind.BUDGET: frozenset(("period", "rolling")),
    Kind.GUARDRAIL: frozenset(("kind",)),
    Kind.PROBE: frozenset(("model",)),
}
"""What the API cannot change once it is made."""

LEFT_ALONE: Mapping[Kind, frozenset[str]] = {
    Kind.ENDPOINT: frozenset(("credential", "model_filter", "dialect")),
    Kind.MODEL: frozenset(("model_type",)),
    Kind.USER: frozenset(("email", "username", "display_name")),
    Kind.KEY: frozenset(("requests_per_second", "burst_size")),
    Kind.GUARDRAIL: frozenset(("secret", "position")),
    Kind.PROBE: frozenset(("request_path", "request_body")),
}
"""Fields whose absence says nothing."""

UNCLEARABLE: Mapping[Kind, frozenset[str]] = {
    Kind.ENDPOINT: frozenset(("model_filter",)),
    Kind.KEY: frozenset(("requests_per_second", "burst_size")),
    Kind.PROBE: frozenset(("request_path", "request_body")),
}
"""Those of `LEFT_ALONE` that somebody may believe to take away by not naming them."""

_IDENTITY: Mapping[Kind, frozenset[str]] = {
    Kind.ENDPOINT: frozenset(("url",)),
    Kind.MODEL: frozenset(("type", "endpoint", "model_name", "components")),
    Kind.USER: frozenset(("roles",)),
    Kind.RATE_LIMIT: frozenset(("kind", "amount", "per")),
    Kind.BUDGET: frozenset(("amount", "period")),
    Kind.GUARDRAIL: frozenset(("kind", "pattern", "replacement", "url")),
    Kind.PROBE: frozenset(("model", "interval_seconds")),
}
"""What a new resource must be told, default or not."""

_HEADERS: Mapping[str, tuple[str, str]] = {
    "anthropic": ("x-api-key", ""),
    "azure": ("api-key", ""),
    "gemini": ("x-goog-api-key", ""),
}


def header_of(dialect: object) -> tuple[str, str]:
    """The header that takes a credential in a dialect, and what stands before it there."""
    return _HEADERS.get(str(dialect), ("Authorization", "Bearer "))


def label(kind: Kind, name: Name) -> str:
    """As people read it."""
    if kind in (Kind.RATE_LIMIT, Kind.BUDGET):
        subject, *whose, own = name
        return f"{kind} {own} of {subject} {'/'.join(whose)}"
    words = {Kind.MEMBERS: "members of", Kind.GRANTS: "models of"}.get(kind, kind.value)
    return f"{words} {'/'.join(name)}"


def needs_no_word(kind: Kind, field: str, value: object) -> bool:
    """Whether something new has this value of itself."""
    return field not in _IDENTITY.get(kind, ()) and _DEFAULTS.get(kind, {}).get(field) == value


def resources_of(state: State) -> Resources:
    """Everything in `state`, by kind and name."""
    groups = state.groups or {}
    entries: Mapping[Kind, Mapping[Name, Fields]] = {
        Kind.ENDPOINT: {(name,): endpoint_fields(spec) for name, spec in (state.endpoints or {}).items()},
        Kind.MODEL: {(alias,): model_fields(alias, spec) for alias, spec in (state.models or {}).items()},
        Kind.GROUP: {
            (name,): {} if name == EVERYONE_NAME else {"description": spec.description or None}
            for name, spec in groups.items()
        },
        Kind.USER: {(name,): user_fields(spec) for name, spec in (state.users or {}).items()},
        Kind.GUARDRAIL: {(name,): guardrail_fields(name, spec) for name, spec in (state.guardrails or {}).items()},
        Kind.MEMBERS: {
            (name,): {"members": sorted(spec.members)} for name, spec in groups.items() if spec.members is not None
        },
        Kind.GRANTS: {
            (name,): {"models": sorted(spec.models)} for name, spec in groups.items() if spec.models is not None
        },
        Kind.KEY: {
            (owner, name): key_fields(spec) for owner, keys in (state.keys or {}).items() for name, spec in keys.items()
        },
        Kind.RATE_LIMIT: {name: rate_limit_fields(spec) for name, spec in _limits(state.rate_limits)},
        Kind.BUDGET: {name: budget_fields(spec) for name, spec in _limits(state.budgets)},
        Kind.PROBE: {(name,): probe_fields(spec) for name, spec in (state.probes or {}).items()},
    }
    return {kind: {name: _said(kind, fields) for name, fields in found.items()} for kind, found in entries.items()}


def _limits(section: Scoped[Limit] | None) -> Iterator[tuple[Name, Limit]]:
    for kind, subject, limits in section.subjects() if section is not None else ():
        yield from (((kind, *subject, name), spec) for name, spec in limits.items())


def _said(kind: Kind, fields: Fields) -> Fields:
    silent = LEFT_ALONE.get(kind, frozenset())
    return {name: value for name, value in fields.items() if value is not None or name not in silent}


_DEFAULTS: Mapping[Kind, Fields] = {
    Kind.ENDPOINT: endpoint_fields(EndpointSpec(url="http://default")),
    Kind.MODEL: {**model_fields("", ModelSpec(endpoint="default")), **model_fields("", ModelSpec(components=[]))},
    Kind.GROUP: {"description": None},
    Kind.USER: user_fields(UserSpec()),
    Kind.KEY: key_fields(KeySpec()),
    Kind.RATE_LIMIT: rate_limit_fields(RateLimitSpec(kind="requests", amount=1, per="second")),
    Kind.BUDGET: budget_fields(BudgetSpec.model_validate({"amount": 1, "period": "day"})),
    Kind.GUARDRAIL: {
        **guardrail_fields("", GuardrailSpec(kind="external", url="http://default")),
        **guardrail_fields("", GuardrailSpec(kind="redact", pattern="default")),
    },
    Kind.PROBE: probe_fields(ProbeSpec(model="default", interval_seconds=1)),
}
