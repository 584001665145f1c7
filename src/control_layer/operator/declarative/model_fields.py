"""A model of the state file as fields that can be compared: each value in its one JSON form, as the server keeps it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from control_layer.operator.declarative.model_spec import ModelSpec
from control_layer.operator.declarative.spec import plain

__all__ = ["model_fields"]

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


def model_fields(alias: str, spec: ModelSpec) -> dict[str, Any]:
    """A model's fields, each in its one JSON form."""
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
    fields["traffic_policy"] = _traffic_policy(spec)
    fields["tariffs"] = _tariffs(spec) or None
    for rule in fields["traffic_routing_rules"] or ():
        rule["action"] = {name: value for name, value in rule["action"].items() if value is not None}
    if not composite:
        fields["provider_pricing"] = _provider_pricing(spec)
        fields["reasoning_translation_overrides"] = _overrides(spec)
    return fields


def _metadata(spec: ModelSpec) -> object:
    if spec.metadata is None:
        return None
    return spec.metadata.model_dump(mode="json", exclude_none=True) or None


def _traffic_policy(spec: ModelSpec) -> object:
    if spec.traffic_policy is None:
        return None
    policy = spec.traffic_policy.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in policy.items() if value} or None


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
