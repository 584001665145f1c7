"""Model objects for one caller: what was asked to be included, cut down to what the caller may see (§3.3)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.analytics.model_metrics import metrics_of
from control_layer.control.endpoints.reasoning import INHERITED, supported_efforts
from control_layer.control.endpoints.schemas import Endpoint
from control_layer.control.groups.schemas import Group
from control_layer.control.models import components, queries
from control_layer.control.models.abilities import ModelAbilities
from control_layer.control.models.cache_pricing import active_cache_pricings
from control_layer.control.models.pricing import denied_purposes
from control_layer.control.models.traffic_policy import WrittenPolicy
from control_layer.control.models.views import CachePricing, Component, Fallback, Metrics, Model, Status, Tariff
from control_layer.control.models.visibility import Sight
from control_layer.control.probes.queries import statuses
from control_layer.store import tables

__all__ = ["model_object", "model_objects", "models_of_groups", "written_model"]

_TIME_SERIES = timedelta(hours=24)
_UPTIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inclusions:
    """What was read beside the rows; `None` where it was not asked for or may not be seen."""

    groups: Mapping[uuid.UUID, Sequence[tables.Group]] | None = None
    metrics: Mapping[uuid.UUID, Metrics] | None = None
    status: Mapping[uuid.UUID, Status] | None = None
    tariffs: Mapping[uuid.UUID, Sequence[tables.Tariff]] | None = None
    cache_pricings: Mapping[uuid.UUID, tables.CachePricing] = field(default_factory=dict)
    provider_pricing: bool = False
    endpoints: Mapping[uuid.UUID, tables.Endpoint] = field(default_factory=dict)
    components: Mapping[uuid.UUID, Sequence[Component]] = field(default_factory=dict)
    traffic_policies: bool = False
    abilities: Mapping[uuid.UUID, Sequence[tables.Model]] | None = None
    """The components that give composite models theirs."""
    translations: Mapping[uuid.UUID, Mapping[str, Any] | None] | None = None
    """Of endpoints."""


async def model_objects(
    session: AsyncSession, rows: Sequence[tables.Model], sight: Sight, include: frozenset[str], now: datetime
) -> list[Model]:
    """The objects of a page. `provider_pricing` comes with the right to see it, asked for or not (§4.5.5)."""
    inclusions = await _read(
        session, rows, sight, include, now, provider_pricing=True, efforts="reasoning_capabilities" in include
    )
    return [_object(row, sight, inclusions) for row in rows]


async def model_object(
    session: AsyncSession, row: tables.Model, sight: Sight, include: frozenset[str], now: datetime
) -> Model:
    """The object of one model."""
    inclusions = await _read(session, [row], sight, include, now, provider_pricing="pricing" in include)
    return _object(row, sight, inclusions)


def written_model(row: tables.Model, sight: Sight) -> Model:
    """The answer to a change: what was said of the model, nothing that stands elsewhere."""
    return _object(row, sight, _Inclusions(provider_pricing=sight.pricing))


async def models_of_groups(
    session: AsyncSession, groups: Sequence[uuid.UUID], sight: Sight, now: datetime
) -> dict[uuid.UUID, list[Model]]:
    """The objects of the models granted to each of `groups`, by alias. Groups without any are left out."""
    granted = await queries.granted_to(session, groups, sight.listed(deleted=False, inactive=False))
    rows = {row.id: row for models in granted.values() for row in models}
    objects = {model.id: model for model in await model_objects(session, list(rows.values()), sight, frozenset(), now)}
    return {group: [objects[row.id] for row in models] for group, models in granted.items()}


async def _read(
    session: AsyncSession,
    rows: Sequence[tables.Model],
    sight: Sight,
    include: frozenset[str],
    now: datetime,
    *,
    provider_pricing: bool,
    efforts: bool = False,
) -> _Inclusions:
    ids = [row.id for row in rows]
    hosts = {row.hosted_on for row in rows if row.hosted_on is not None}
    composites = [row.id for row in rows if row.is_composite]
    groups = metrics = status = tariffs = translations = abilities = None
    cache_pricings: dict[uuid.UUID, tables.CachePricing] = {}
    if "groups" in include and sight.groups:
        groups = await queries.groups_with(session, ids)
    if "metrics" in include and sight.metrics:
        metrics = await metrics_of(session, ids, since=now - _TIME_SERIES)
    if "status" in include:
        status = await statuses(session, ids, since=now - _UPTIME)
    if "pricing" in include:
        tariffs = await queries.active_tariffs(session, ids)
        cache_pricings = await active_cache_pricings(session, ids)
    endpoints: dict[uuid.UUID, tables.Endpoint] = {}
    if "endpoints" in include and sight.every_model:
        endpoints = await queries.endpoints_of(session, hosts)
    parts: dict[uuid.UUID, list[Component]] = {}
    if "components" in include and sight.every_model:
        parts = await components.components_of(session, composites)
    if "abilities" in include:
        abilities = await components.models_asked(session, composites)
    if efforts:
        translations = await queries.translations_of(session, hosts)
    return _Inclusions(
        groups=groups,
        metrics=metrics,
        status=status,
        tariffs=tariffs,
        cache_pricings=cache_pricings,
        provider_pricing=provider_pricing and sight.pricing,
        endpoints=endpoints,
        components=parts,
        traffic_policies="traffic_policy" in include and sight.every_model,
        abilities=abilities,
        translations=translations,
    )


def _object(row: tables.Model, sight: Sight, inclusions: _Inclusions) -> Model:
    groups = None if inclusions.groups is None else inclusions.groups[row.id]
    endpoint = None if row.hosted_on is None else inclusions.endpoints.get(row.hosted_on)
    tariffs = None if inclusions.tariffs is None else _shown_tariffs(row, inclusions.tariffs[row.id], sight)
    parts = inclusions.components.get(row.id)
    limits, every = sight.rate_limits, sight.every_model
    return Model(
        id=row.id,
        model_name=row.model_name,
        alias=row.alias,
        display_name=row.display_name,
        description=row.description,
        model_type=row.model_type,
        capabilities=row.capabilities,
        created_by=row.created_by if sight.creators else None,
        hosted_on=row.hosted_on,
        created_at=row.created_at,
        updated_at=row.updated_at,
        requests_per_second=row.requests_per_second if limits else None,
        burst_size=row.burst_size if limits else None,
        capacity=row.capacity if limits else None,
        batch_capacity=row.batch_capacity if limits else None,
        throughput=row.throughput if limits else None,
        groups=None if groups is None else [Group.of(group, with_creator=sight.creators) for group in groups],
        metrics=None if inclusions.metrics is None else inclusions.metrics[row.id],
        status=None if inclusions.status is None else inclusions.status[row.id],
        provider_pricing=row.provider_pricing if inclusions.provider_pricing else None,
        cache_pricing=None if tariffs is None else CachePricing.of(inclusions.cache_pricings.get(row.id)),
        endpoint=None if endpoint is None else Endpoint.of(endpoint),
        tariffs=tariffs,
        is_composite=row.is_composite if every else None,
        lb_strategy=row.lb_strategy if every and row.is_composite else None,
        fallback=Fallback.of(row) if every else None,
        components=None if parts is None else list(parts),
        sanitize_responses=row.sanitize_responses if every else None,
        trusted=row.trusted if every else None,
        open_responses_adapter=row.open_responses_adapter if every else None,
        reasoning_translation_overrides=(
            dict(row.reasoning_translation_overrides or INHERITED) if every and not row.is_composite else None
        ),
        supported_reasoning_efforts=_efforts(row, inclusions.translations),
        traffic_routing_rules=row.traffic_routing_rules or None,
        allowed_batch_completion_windows=row.allowed_batch_completion_windows,
        metadata=row.model_metadata or None,
        traffic_policy=WrittenPolicy.of(row) if inclusions.traffic_policies else None,
        abilities=None
        if inclusions.abilities is None
        else ModelAbilities.of(row, inclusions.abilities.get(row.id, ())),
    )


def _efforts(row: tables.Model, translations: Mapping[uuid.UUID, Mapping[str, Any] | None] | None) -> list[str] | None:
    """What a standard model takes, where that is known and was asked for."""
    if translations is None or row.hosted_on is None:
        return None
    return supported_efforts(row.reasoning_translation_overrides or INHERITED, translations.get(row.hosted_on))


def _shown_tariffs(row: tables.Model, tariffs: Sequence[tables.Tariff], sight: Sight) -> list[Tariff]:
    """Without those nobody can be charged by: of denied purposes, and of completion windows the model does not have.

    Who may see all pricing sees the latter too.
    """
    denied = denied_purposes(row)
    windows = row.allowed_batch_completion_windows

    def out_of_window(tariff: tables.Tariff) -> bool:
        if tariff.api_key_purpose != "batch" or windows is None or sight.pricing:
            return False
        return not windows or (tariff.completion_window is not None and tariff.completion_window not in windows)

    return [
        Tariff.of(tariff) for tariff in tariffs if tariff.api_key_purpose not in denied and not out_of_window(tariff)
    ]
