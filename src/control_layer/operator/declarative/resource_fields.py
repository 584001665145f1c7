"""Entries of the state file as fields that can be compared: every value in its one JSON form, as the server keeps it.
Models have a module of their own.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

import httpx

from control_layer.operator.declarative.guardrail_spec import GuardrailSpec
from control_layer.operator.declarative.limit_specs import BudgetSpec, RateLimitSpec
from control_layer.operator.declarative.probe_spec import ProbeSpec
from control_layer.operator.declarative.spec import plain
from control_layer.operator.declarative.state import EndpointSpec, KeySpec, UserSpec

__all__ = [
    "budget_fields",
    "endpoint_fields",
    "guardrail_fields",
    "key_fields",
    "probe_fields",
    "rate_limit_fields",
    "user_fields",
]

_OF_SERVICES = ("url", "timeout_ms", "fail", "whole_stream", "secret")

Entry = dict[str, Any]


def endpoint_fields(spec: EndpointSpec) -> Entry:
    """An endpoint."""
    fields = spec.model_dump(mode="json")
    fields["url"] = _url(spec.url)
    fields["description"] = spec.description or None
    fields["ca_bundle"] = (spec.ca_bundle or "").strip() or None
    fields["options"] = _options(spec)
    fields["reasoning_translation"] = spec.reasoning_translation or None
    for name in ("auth_header_name", "auth_header_prefix"):
        if fields[name] is None:
            del fields[name]  # the dialect's, which may not be said here
    return fields


def _options(spec: EndpointSpec) -> object:
    if spec.options is None:
        return None
    options = spec.options.model_dump(mode="json", exclude_defaults=True)
    for name in ("quirks", "native_apis"):
        if name in options:
            options[name] = sorted(options[name])
    return options or None


def user_fields(spec: UserSpec) -> Entry:
    """A person."""
    fields = spec.model_dump(mode="json")
    fields["roles"] = sorted({*spec.roles, "StandardUser"})
    return fields


def key_fields(spec: KeySpec) -> Entry:
    """A key."""
    fields = spec.model_dump(mode="json")
    fields["description"] = spec.description or None
    fields["spend_limit"] = None if spec.spend_limit is None else plain(spec.spend_limit)
    fields["expires_at"] = None if spec.expires_at is None else spec.expires_at.astimezone(UTC).isoformat()
    fields["models"] = None if spec.models is None else sorted(set(spec.models))
    return fields


def rate_limit_fields(spec: RateLimitSpec) -> Entry:
    """A rate limit; where nobody may wait, nobody is counted who does."""
    fields = spec.model_dump(mode="json")
    fields["queue_length"] = spec.queue_length if spec.queue_seconds else 0
    return fields


def budget_fields(spec: BudgetSpec) -> Entry:
    """A budget."""
    fields = spec.model_dump(mode="json")
    fields["amount"] = plain(spec.amount)
    fields["alert_thresholds"] = [plain(Decimal(each)) for each in sorted(set(spec.alert_thresholds))]
    return fields


def guardrail_fields(name: str, spec: GuardrailSpec) -> Entry:
    """A guardrail, with the fields of its kind."""
    foreign = {"pattern"} if spec.kind == "external" else set(_OF_SERVICES)
    if spec.kind != "redact":
        foreign.add("replacement")
    if spec.kind == "allow_pattern":
        foreign.add("window_characters")
    fields = spec.model_dump(mode="json", exclude=foreign)
    if spec.url is not None:
        fields["url"] = _url(spec.url)
    if spec.kind == "redact":
        fields["replacement"] = f"[{name}]" if spec.replacement is None else spec.replacement
    for narrowed in ("models", "groups"):
        fields[narrowed] = None if fields[narrowed] is None else sorted(fields[narrowed])
    return fields


def probe_fields(spec: ProbeSpec) -> Entry:
    """A probe."""
    return spec.model_dump(mode="json")


def _url(text: str) -> str:
    """As the server stores it: scheme and host in lower case, no default port, `/` for no path."""
    try:
        url = httpx.URL(str(httpx.URL(text)))
        return f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii').rstrip('?')}"
    except (httpx.InvalidURL, ValueError):
        return text  # the server will say what is wrong with it
