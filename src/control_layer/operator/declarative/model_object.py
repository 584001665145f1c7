"""A model as the API shows it, as the file's entry for it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from control_layer.operator.declarative.model_spec import ComponentSpec, ModelSpec, TariffSpec

__all__ = ["ModelObject"]


class _Backoff(msgspec.Struct, frozen=True):
    initial_ms: int
    max_ms: int
    factor: float
    jitter: str


class _Fallback(msgspec.Struct, frozen=True):
    enabled: bool
    on_rate_limit: bool
    on_status: list[int]
    with_replacement: bool
    max_attempts: int | None = None
    backoff: _Backoff | None = None
    max_total_backoff_ms: int | None = None


class _Tariff(msgspec.Struct, frozen=True):
    name: str
    input_price_per_token: Decimal
    output_price_per_token: Decimal
    cached_input_price_per_token: Decimal | None = None
    cache_write_price_per_token: Decimal | None = None
    cache_write_1h_price_per_token: Decimal | None = None
    audio_input_price_per_token: Decimal | None = None
    image_input_price_per_token: Decimal | None = None
    reasoning_price_per_token: Decimal | None = None
    audio_output_price_per_token: Decimal | None = None
    image_output_price_per_token: Decimal | None = None
    price_per_request: Decimal | None = None
    api_key_purpose: str | None = None
    completion_window: str | None = None


class _ComponentModel(msgspec.Struct, frozen=True):
    alias: str
    id: uuid.UUID


class Component(msgspec.Struct, frozen=True):
    """A place in a composite model."""

    weight: int
    enabled: bool
    model: _ComponentModel


class _Canary(msgspec.Struct, frozen=True):
    component_id: uuid.UUID
    percent: float


_POLICY_AS_IT_IS = ("balancing", "sticky", "fallback", "hedging", "timeouts", "caching", "breaker")


class _TrafficPolicy(msgspec.Struct, frozen=True):
    balancing: str | None = None
    sticky: str | None = None
    canary: _Canary | None = None
    on_context_overflow: uuid.UUID | None = None
    on_content_refusal: uuid.UUID | None = None
    fallback: dict[str, Any] | None = None
    hedging: dict[str, Any] | None = None
    timeouts: dict[str, Any] | None = None
    caching: dict[str, Any] | None = None
    breaker: dict[str, Any] | None = None

    def entry(self, models: Mapping[uuid.UUID, str]) -> dict[str, Any] | None:
        """What the file says of it; models that are gone have no say. `None` where everything has its default."""
        named = {
            "canary": self.canary
            and self.canary.component_id in models
            and {"component": models[self.canary.component_id], "percent": self.canary.percent},
            "on_context_overflow": self.on_context_overflow and models.get(self.on_context_overflow),
            "on_content_refusal": self.on_content_refusal and models.get(self.on_content_refusal),
        }
        same = {name: getattr(self, name) for name in _POLICY_AS_IT_IS}
        return {name: value for name, value in (same | named).items() if value} or None


class ModelObject(msgspec.Struct, frozen=True):
    """A model with its components and tariffs; the reader has the right to see everything of it."""

    id: uuid.UUID
    alias: str
    model_name: str
    is_composite: bool
    fallback: _Fallback
    sanitize_responses: bool
    trusted: bool
    open_responses_adapter: bool
    hosted_on: uuid.UUID | None = None
    display_name: str | None = None
    description: str | None = None
    model_type: str | None = None
    capabilities: list[str] | None = None
    requests_per_second: float | None = None
    burst_size: int | None = None
    capacity: int | None = None
    batch_capacity: int | None = None
    throughput: float | None = None
    provider_pricing: dict[str, Any] | None = None
    tariffs: list[_Tariff] | None = None
    lb_strategy: str | None = None
    components: list[Component] | None = None
    traffic_routing_rules: list[dict[str, Any]] | None = None
    allowed_batch_completion_windows: list[str] | None = None
    metadata: dict[str, Any] | None = None
    reasoning_translation_overrides: dict[str, Any] | None = None
    traffic_policy: _TrafficPolicy | None = None

    def spec(self, endpoints: Mapping[uuid.UUID, str], models: Mapping[uuid.UUID, str]) -> ModelSpec:
        """The entry; what has its default is left out. `endpoints` and `models` are names by id."""
        entry: dict[str, Any] = {
            name: getattr(self, name)
            for name in _SAME
            if getattr(self, name) not in (None, [], "") or name == "allowed_batch_completion_windows"
        }
        entry["model_name"] = None if self.model_name == self.alias else self.model_name
        if self.tariffs:
            entry["tariffs"] = [TariffSpec.model_validate(msgspec.to_builtins(tariff)) for tariff in self.tariffs]
        entry["traffic_policy"] = self.traffic_policy and self.traffic_policy.entry(models)
        entry |= self._backoff()
        if self.is_composite:
            entry |= self._composite()
        else:
            host = self.hosted_on
            entry["endpoint"] = None if host is None else endpoints.get(host, str(host))
            entry["provider_pricing"] = self.provider_pricing
            entry["reasoning_translation_overrides"] = {
                surface: word
                for surface, word in (self.reasoning_translation_overrides or {}).items()
                if word != {"mode": "inherit"}
            } or None
        return ModelSpec.model_validate({name: value for name, value in entry.items() if value is not None})

    def _backoff(self) -> dict[str, Any]:
        pauses = self.fallback.backoff
        if pauses is None:
            return {}
        return {
            "backoff_enabled": True,
            "backoff_initial_ms": pauses.initial_ms,
            "backoff_max_ms": pauses.max_ms,
            "backoff_factor": pauses.factor,
            "backoff_jitter": pauses.jitter,
            "backoff_max_total_ms": self.fallback.max_total_backoff_ms,
        }

    def _composite(self) -> dict[str, Any]:
        return {
            "components": [
                ComponentSpec(model=part.model.alias, weight=part.weight, enabled=part.enabled)
                for part in self.components or ()
            ],
            "lb_strategy": self.lb_strategy,
            "fallback_enabled": self.fallback.enabled,
            "fallback_on_rate_limit": self.fallback.on_rate_limit,
            "fallback_on_status": self.fallback.on_status,
            "fallback_with_replacement": self.fallback.with_replacement,
            "fallback_max_attempts": self.fallback.max_attempts,
        }


_SAME = (
    "display_name",
    "description",
    "model_type",
    "capabilities",
    "requests_per_second",
    "burst_size",
    "capacity",
    "batch_capacity",
    "throughput",
    "sanitize_responses",
    "trusted",
    "open_responses_adapter",
    "traffic_routing_rules",
    "allowed_batch_completion_windows",
    "metadata",
)
