"""A model of the state file: where it is, what it costs, and how requests for it find their deployment."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from control_layer.operator.declarative.spec import (
    Amount,
    AtLeastOne,
    Count,
    Name,
    Names,
    Positive,
    Purpose,
    Spec,
    once,
)
from control_layer.operator.declarative.traffic_policy import TrafficPolicySpec

__all__ = ["ComponentSpec", "MetadataSpec", "ModelSpec", "TariffSpec"]


class ComponentSpec(Spec):
    """A model's place in a composite one; the order of the list is the order of a `priority` composite."""

    model: Name
    weight: int = Field(1, ge=1, le=100)
    enabled: bool = True


class TariffSpec(Spec):
    """A price list in force. A kind of tokens without a price of its own costs what the whole costs it is a part of."""

    name: Name
    input_price_per_token: Amount
    output_price_per_token: Amount
    cached_input_price_per_token: Amount | None = None
    cache_write_price_per_token: Amount | None = None
    cache_write_1h_price_per_token: Amount | None = None
    audio_input_price_per_token: Amount | None = None
    image_input_price_per_token: Amount | None = None
    reasoning_price_per_token: Amount | None = None
    audio_output_price_per_token: Amount | None = None
    image_output_price_per_token: Amount | None = None
    price_per_request: Amount | None = None
    api_key_purpose: Purpose | None = None
    completion_window: str | None = None


class PricingSpec(Spec):
    """What the provider takes: for a token, or for an hour."""

    mode: Literal["per_token", "hourly"]
    input_price_per_token: Amount | None = None
    output_price_per_token: Amount | None = None
    rate: Amount | None = None
    input_token_cost_ratio: Amount | None = None

    @model_validator(mode="after")
    def _of_its_mode(self) -> Self:
        hourly = (self.rate, self.input_token_cost_ratio)
        if self.mode == "hourly" and None in hourly:
            raise ValueError("mode 'hourly' needs rate and input_token_cost_ratio")
        foreign = hourly if self.mode == "per_token" else (self.input_price_per_token, self.output_price_per_token)
        if foreign != (None, None):
            raise ValueError(f"a price is given that does not belong to mode '{self.mode}'")
        return self


class ActionSpec(Spec):
    """Refuse a request, or send it to another model."""

    type: Literal["deny", "redirect"]
    target: Name | None = None

    @model_validator(mode="after")
    def _target_of_redirect(self) -> Self:
        if (self.type == "redirect") != (self.target is not None):
            raise ValueError("a redirect needs a target, a denial has none")
        return self


class RuleSpec(Spec):
    """What happens to requests of keys of one purpose."""

    api_key_purpose: Purpose
    action: ActionSpec


class MetadataSpec(Spec):
    """What people are told about a model."""

    provider: str | None = None
    display_category: Literal["generation", "embedding", "ocr"] | None = None
    intelligence_index: float | None = Field(None, allow_inf_nan=False)
    context_window: int | None = Field(None, ge=0, le=2**53)
    max_output_tokens: int | None = Field(None, ge=1, le=2**53)
    apis: list[str] | None = None
    """By what APIs it is asked, such as `chat`, `responses`, `images`."""
    released_at: date | None = None
    quantization: str | None = None
    attribution: str | None = None
    extra: dict[str, Any] | None = None


class ModelSpec(Spec):
    """What an alias stands for: a provider's model (`endpoint`), or several of our models (`components`)."""

    endpoint: Name | None = None
    model_name: Name | None = None
    """What the provider calls it; by default the alias."""
    components: list[ComponentSpec] | None = None
    display_name: str | None = None
    description: str | None = None
    model_type: Literal["CHAT", "EMBEDDINGS", "RERANKER"] | None = None
    capabilities: list[str] | None = None
    requests_per_second: Positive | None = None
    burst_size: Count | None = None
    capacity: Count | None = None
    batch_capacity: Count | None = None
    throughput: Positive | None = None
    provider_pricing: PricingSpec | None = None
    tariffs: list[TariffSpec] | None = None
    sanitize_responses: bool = False
    trusted: bool = False
    open_responses_adapter: bool = True
    backoff_enabled: bool = False
    backoff_initial_ms: AtLeastOne = 100
    backoff_max_ms: AtLeastOne = 5000
    backoff_factor: float = Field(2.0, ge=1, allow_inf_nan=False)
    backoff_jitter: Literal["full", "none"] = "full"
    backoff_max_total_ms: AtLeastOne | None = None
    lb_strategy: Literal["weighted_random", "priority"] = "weighted_random"
    fallback_enabled: bool = True
    fallback_on_rate_limit: bool = True
    fallback_on_status: list[Annotated[int, Field(ge=100, le=599)]] = Field([499, 500, 502, 503, 504])
    fallback_with_replacement: bool = False
    fallback_max_attempts: AtLeastOne | None = None
    traffic_routing_rules: list[RuleSpec] | None = None
    traffic_policy: TrafficPolicySpec | None = None
    allowed_batch_completion_windows: Names | None = None
    metadata: MetadataSpec | None = None
    reasoning_translation_overrides: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if (self.endpoint is None) == (self.components is None):
            raise ValueError("give either 'endpoint' (a provider's model) or 'components' (a composite model)")
        foreign = _STANDARD_ONLY if self.components is not None else _COMPOSITE_ONLY
        wrong = sorted(foreign & self.model_fields_set)
        if wrong:
            kind = "standard" if self.components is not None else "composite"
            raise ValueError(f"'{wrong[0]}' is for {kind} models only")
        once([component.model for component in self.components or ()])
        policy = self.traffic_policy
        if policy is not None:
            strange = ("breaker",) if self.components is not None else ("balancing", "sticky", "canary", "hedging")
            chosen = [name for name in strange if getattr(policy, name) is not None]
            if chosen:
                kind = "standard" if self.components is not None else "composite"
                raise ValueError(f"'{chosen[0]}' of a traffic policy is for {kind} models only")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        pauses = sorted(_BACKOFF & self.model_fields_set)
        if pauses and not self.backoff_enabled:
            raise ValueError(f"'{pauses[0]}' needs 'backoff_enabled: true'")
        if self.backoff_max_ms < self.backoff_initial_ms:
            raise ValueError("backoff_max_ms must be at least backoff_initial_ms")
        if self.backoff_max_total_ms is not None and self.backoff_max_total_ms < self.backoff_max_ms:
            raise ValueError("backoff_max_total_ms must be at least backoff_max_ms")
        rules = self.traffic_routing_rules or ()
        once([rule.api_key_purpose for rule in rules])
        denied = {rule.api_key_purpose for rule in rules if rule.action.type == "deny"}
        charged = [tariff.api_key_purpose for tariff in self.tariffs or () if tariff.api_key_purpose in denied]
        if charged:
            raise ValueError(f"a tariff is for purpose '{charged[0]}', which a routing rule denies; remove one of them")
        windows = [(tariff.api_key_purpose, tariff.completion_window) for tariff in self.tariffs or ()]
        if any(purpose is not None and windows.count((purpose, window)) > 1 for purpose, window in windows):
            raise ValueError("two tariffs are for one purpose and completion window")
        return self


_COMPOSITE_ONLY = frozenset(
    (
        "lb_strategy",
        "fallback_enabled",
        "fallback_on_rate_limit",
        "fallback_on_status",
        "fallback_with_replacement",
        "fallback_max_attempts",
    )
)
_STANDARD_ONLY = frozenset(("provider_pricing", "reasoning_translation_overrides"))
_BACKOFF = frozenset(
    ("backoff_initial_ms", "backoff_max_ms", "backoff_factor", "backoff_jitter", "backoff_max_total_ms")
)
