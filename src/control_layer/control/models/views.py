"""The model object and its parts (§4.5.5). What a caller may see of it is decided in `presentation`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from control_layer.control.endpoints.schemas import Endpoint
from control_layer.control.groups.schemas import Group
from control_layer.control.models.abilities import ModelAbilities
from control_layer.control.models.traffic_policy import WrittenPolicy
from control_layer.control.money import Money
from control_layer.control.paging import Page
from control_layer.control.schema import OmitNull, Output
from control_layer.store import tables

__all__ = [
    "Backoff",
    "CachePricing",
    "Component",
    "ComponentEndpoint",
    "ComponentModel",
    "Facets",
    "Fallback",
    "Metrics",
    "Model",
    "ModelPage",
    "Requests",
    "Status",
    "Tariff",
]


class Tariff(Output):
    """A price list in force."""

    id: uuid.UUID
    deployed_model_id: uuid.UUID
    name: str
    input_price_per_token: Money
    output_price_per_token: Money
    api_key_purpose: str | None
    completion_window: OmitNull[str]
    cached_input_price_per_token: OmitNull[Money]
    cache_write_price_per_token: OmitNull[Money]
    cache_write_1h_price_per_token: OmitNull[Money]
    audio_input_price_per_token: OmitNull[Money]
    image_input_price_per_token: OmitNull[Money]
    reasoning_price_per_token: OmitNull[Money]
    audio_output_price_per_token: OmitNull[Money]
    image_output_price_per_token: OmitNull[Money]
    price_per_request: OmitNull[Money]
    valid_from: datetime
    valid_until: datetime | None
    is_active: bool

    @classmethod
    def of(cls, row: tables.Tariff) -> Tariff:
        """The object of a row."""
        return cls(
            id=row.id,
            deployed_model_id=row.model_id,
            name=row.name,
            input_price_per_token=row.input_price_per_token,
            output_price_per_token=row.output_price_per_token,
            api_key_purpose=row.api_key_purpose,
            completion_window=row.completion_window,
            cached_input_price_per_token=row.cached_input_price_per_token,
            cache_write_price_per_token=row.cache_write_price_per_token,
            cache_write_1h_price_per_token=row.cache_write_1h_price_per_token,
            audio_input_price_per_token=row.audio_input_price_per_token,
            image_input_price_per_token=row.image_input_price_per_token,
            reasoning_price_per_token=row.reasoning_price_per_token,
            audio_output_price_per_token=row.audio_output_price_per_token,
            image_output_price_per_token=row.image_output_price_per_token,
            price_per_request=row.price_per_request,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            is_active=row.valid_until is None,
        )


class CachePricing(Output):
    """What cached tokens cost (§4.5.8)."""

    enabled: bool
    write_multiplier_5m: Money | None
    write_multiplier_1h: Money | None
    write_multiplier_24h: Money | None
    read_multiplier: Money | None
    min_prefix_tokens: int | None
    valid_from: datetime | None
    valid_until: datetime | None

    @classmethod
    def of(cls, row: tables.CachePricing | None) -> CachePricing:
        """The object of a row; without one, cached tokens cost what others cost."""
        return cls(
            enabled=row is not None,
            write_multiplier_5m=None if row is None else row.write_multiplier_5m,
            write_multiplier_1h=None if row is None else row.write_multiplier_1h,
            write_multiplier_24h=None if row is None else row.write_multiplier_24h,
            read_multiplier=None if row is None else row.read_multiplier,
            min_prefix_tokens=None if row is None else row.min_prefix_tokens,
            valid_from=None if row is None else row.valid_from,
            valid_until=None if row is None else row.valid_until,
        )


class Requests(Output):
    """Requests of one hour."""

    timestamp: datetime
    requests: int


class Metrics(Output):
    """What was asked of a model."""

    avg_latency_ms: float | None
    total_requests: int
    total_input_tokens: int
    total_output_tokens: int
    last_active_at: datetime | None
    time_series: list[Requests] | None


class Status(Output):
    """What probes say. Without a probe everything is null."""

    probe_id: uuid.UUID | None
    active: bool
    interval_seconds: int | None
    last_check: datetime | None
    last_success: bool | None
    uptime_percentage: float | None

    @classmethod
    def unprobed(cls) -> Status:
        """Of a model nobody watches."""
        return cls(
            probe_id=None,
            active=False,
            interval_seconds=None,
            last_check=None,
            last_success=None,
            uptime_percentage=None,
        )


class Backoff(Output):
    """The pauses between attempts."""

    initial_ms: int
    max_ms: int
    factor: float
    jitter: str


class Fallback(Output):
    """When and how another attempt is made."""

    enabled: bool
    on_rate_limit: bool
    on_status: list[int]
    with_replacement: bool
    max_attempts: OmitNull[int]
    backoff: OmitNull[Backoff]
    max_total_backoff_ms: OmitNull[int]

    @classmethod
    def of(cls, row: tables.Model) -> Fallback:
        """A model's."""
        backoff = Backoff(
            initial_ms=row.backoff_initial_ms,
            max_ms=row.backoff_max_ms,
            factor=row.backoff_factor,
            jitter=row.backoff_jitter,
        )
        return cls(
            enabled=row.fallback_enabled,
            on_rate_limit=row.fallback_on_rate_limit,
            on_status=row.fallback_on_status,
            with_replacement=row.fallback_with_replacement,
            max_attempts=row.fallback_max_attempts,
            backoff=backoff if row.backoff_enabled else None,
            max_total_backoff_ms=row.backoff_max_total_ms,
        )


class ComponentEndpoint(Output):
    """Where a component is hosted."""

    id: uuid.UUID
    name: str


class ComponentModel(Output):
    """The model that is a component."""

    id: uuid.UUID
    alias: str
    model_name: str
    description: str | None
    model_type: str | None
    endpoint: ComponentEndpoint | None
    trusted: bool
    open_responses_adapter: bool


class Component(Output):
    """A model's place in a composite one."""

    weight: int
    enabled: bool
    sort_order: int
    created_at: datetime
    model: ComponentModel

    @classmethod
    def of(cls, row: tables.ModelComponent, model: tables.Model, endpoint: tables.Endpoint | None) -> Component:
        """The object of a row."""
        return cls(
            weight=row.weight,
            enabled=row.enabled,
            sort_order=row.sort_order,
            created_at=row.created_at,
            model=ComponentModel(
                id=model.id,
                alias=model.alias,
                model_name=model.model_name,
                description=model.description,
                model_type=model.model_type,
                endpoint=None if endpoint is None else ComponentEndpoint(id=endpoint.id, name=endpoint.name),
                trusted=model.trusted,
                open_responses_adapter=model.open_responses_adapter,
            ),
        )


class Model(Output):
    """A model. Keys are left out for want of a value, or of a right to see it."""

    id: uuid.UUID
    model_name: str
    alias: str
    display_name: OmitNull[str]
    description: str | None
    model_type: str | None
    capabilities: list[str] | None
    created_by: OmitNull[uuid.UUID]
    hosted_on: OmitNull[uuid.UUID]
    created_at: datetime
    updated_at: datetime
    requests_per_second: OmitNull[float]
    burst_size: OmitNull[int]
    capacity: OmitNull[int]
    batch_capacity: OmitNull[int]
    throughput: OmitNull[float]
    groups: OmitNull[list[Group]]
    metrics: OmitNull[Metrics]
    status: OmitNull[Status]
    provider_pricing: OmitNull[dict[str, Any]]
    cache_pricing: OmitNull[CachePricing]
    endpoint: OmitNull[Endpoint]
    tariffs: OmitNull[list[Tariff]]
    is_composite: OmitNull[bool]
    lb_strategy: OmitNull[str]
    fallback: OmitNull[Fallback]
    components: OmitNull[list[Component]]
    sanitize_responses: OmitNull[bool]
    trusted: OmitNull[bool]
    open_responses_adapter: OmitNull[bool]
    reasoning_translation_overrides: OmitNull[dict[str, Any]]
    supported_reasoning_efforts: OmitNull[list[str]]
    traffic_routing_rules: OmitNull[list[dict[str, Any]]]
    allowed_batch_completion_windows: OmitNull[list[str]]
    metadata: OmitNull[dict[str, Any]]
    traffic_policy: OmitNull[WrittenPolicy]
    abilities: OmitNull[ModelAbilities]


class Facets(Output):
    """What there is to filter by, in everything the caller sees."""

    providers: list[str]
    capabilities: list[str]
    """Those said of models (`capability`)."""
    known_capabilities: OmitNull[list[str]]
    """Those, and the ones known from the catalogue (`can`); where `abilities` are included too."""
    model_types: list[str]


class ModelPage(Page[Model]):
    """A page of models, with facets where they were asked for."""

    facets: OmitNull[Facets]

    @classmethod
    def with_facets(cls, page: Page[Model], facets: Facets | None) -> ModelPage:
        """The page with its facets."""
        return cls(data=list(page.data), total_count=page.total_count, skip=page.skip, limit=page.limit, facets=facets)
