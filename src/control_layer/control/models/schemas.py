"""Bodies that make and change models (§4.5.3, §4.5.4). Values are checked in `properties`, prices in `pricing`."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from control_layer.contract.model_apis import Api
from control_layer.control.endpoints.model_type import ModelType
from control_layer.control.endpoints.reasoning import Overrides
from control_layer.control.schema import Flag, Input, Int, Number

__all__ = [
    "CacheTerms",
    "ComponentChanges",
    "HourlyPricing",
    "KindPrices",
    "Metadata",
    "ModelChanges",
    "ModelFields",
    "NewComponent",
    "NewCompositeModel",
    "NewModel",
    "NewStandardModel",
    "NewTariff",
    "PerTokenPricing",
    "ProviderPricing",
    "RoutingRule",
]

Purpose = Literal["realtime", "batch", "playground"]


class KindPrices(Input):
    """Prices of parts of the input and the output, and of a request. Null: a part costs what its whole costs."""

    cached_input_price_per_token: Annotated[Decimal | None, Field(examples=["0.00000025"])] = None
    """Instead of the multiple that the model's cache pricing says."""
    cache_write_price_per_token: Decimal | None = None
    """As above."""
    cache_write_1h_price_per_token: Decimal | None = None
    """Of what a cache keeps for an hour; null: as any other."""
    audio_input_price_per_token: Annotated[Decimal | None, Field(examples=["0.00004"])] = None
    image_input_price_per_token: Decimal | None = None
    reasoning_price_per_token: Decimal | None = None
    audio_output_price_per_token: Annotated[Decimal | None, Field(examples=["0.00008"])] = None
    image_output_price_per_token: Decimal | None = None
    price_per_request: Annotated[Decimal | None, Field(examples=["0.005"])] = None
    """For each request that is answered, beside its tokens."""


class NewTariff(KindPrices):
    """A price list that is to be in force. A price of a kind that is not mentioned does not tell two tariffs apart."""

    name: str
    input_price_per_token: Decimal
    output_price_per_token: Decimal
    api_key_purpose: Purpose | None = None
    completion_window: str | None = None


class PerTokenPricing(Input):
    """What the provider takes for a token."""

    mode: Literal["per_token"]
    input_price_per_token: Decimal | None = None
    output_price_per_token: Decimal | None = None


class HourlyPricing(Input):
    """What the provider takes for an hour."""

    mode: Literal["hourly"]
    rate: Decimal | None = None
    input_token_cost_ratio: Decimal | None = None


ProviderPricing = Annotated[PerTokenPricing | HourlyPricing, Field(discriminator="mode")]


class Deny(Input):
    """Refuse the request."""

    type: Literal["deny"]


class Redirect(Input):
    """Send it to another model."""

    type: Literal["redirect"]
    target: str


class RoutingRule(Input):
    """What happens to requests made with keys of one purpose."""

    api_key_purpose: Purpose
    action: Annotated[Deny | Redirect, Field(discriminator="type")]


class Metadata(Input):
    """What people are told about a model."""

    provider: str | None = None
    display_category: Literal["generation", "embedding", "ocr"] | None = None
    intelligence_index: Number | None = None
    context_window: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = None
    max_output_tokens: Annotated[int, Field(strict=True, ge=1, le=2**53)] | None = None
    apis: list[Api] | None = None
    """By what APIs it is asked."""
    released_at: date | None = None
    quantization: str | None = None
    attribution: str | None = None
    extra: dict[str, Any] | None = None


class ModelFields(Input):
    """What every model has. Absent keeps; null clears the tri-state fields (§1.7) and keeps the others."""

    alias: str | None = None
    display_name: str | None = None
    description: str | None = None
    model_type: ModelType | None = None
    capabilities: list[str] | None = None
    requests_per_second: Number | None = None
    burst_size: Int | None = None
    capacity: Int | None = None
    batch_capacity: Int | None = None
    throughput: Number | None = None
    tariffs: list[NewTariff] | None = None
    sanitize_responses: Flag | None = None
    trusted: Flag | None = None
    open_responses_adapter: Flag | None = None
    backoff_enabled: Flag | None = None
    backoff_initial_ms: Int | None = None
    backoff_max_ms: Int | None = None
    backoff_factor: Number | None = None
    backoff_jitter: Literal["full", "none"] | None = None
    backoff_max_total_ms: Int | None = None
    traffic_routing_rules: list[RoutingRule] | None = None
    allowed_batch_completion_windows: list[str] | None = None
    metadata: Metadata | None = None


class StandardFields(ModelFields):
    """What only a standard model has."""

    provider_pricing: ProviderPricing | None = None
    reasoning_translation_overrides: Overrides | None = None


class CompositeFields(ModelFields):
    """What only a composite model has."""

    lb_strategy: Literal["weighted_random", "priority"] | None = None
    fallback_enabled: Flag | None = None
    fallback_on_rate_limit: Flag | None = None
    fallback_on_status: list[Int] | None = None
    fallback_with_replacement: Flag | None = None
    fallback_max_attempts: Int | None = None


class NewStandardModel(StandardFields):
    """A provider's model under an alias."""

    type: Literal["standard"]
    model_name: str
    hosted_on: uuid.UUID


class NewCompositeModel(CompositeFields):
    """Several models under one alias."""

    type: Literal["composite"]
    model_name: str


NewModel = Annotated[NewStandardModel | NewCompositeModel, Field(discriminator="type")]


class ModelChanges(StandardFields, CompositeFields):
    """Changes; what does not apply to the model's kind is ignored."""


class CacheTerms(Input):
    """What cached tokens are to cost: multiples of the input price."""

    write_multiplier_5m: Annotated[Decimal | None, Field(examples=["1.25"])] = None
    write_multiplier_1h: Annotated[Decimal | None, Field(examples=["2"])] = None
    write_multiplier_24h: Decimal | None = None
    read_multiplier: Annotated[Decimal | None, Field(examples=["0.1"])] = None
    min_prefix_tokens: Int | None = None


class NewComponent(Input):
    """A component to be added, as the last one."""

    weight: Int | None = None
    enabled: Flag | None = None


class ComponentChanges(NewComponent):
    """Absent or null keeps."""

    sort_order: Int | None = None
