"""`/models` (§4.5)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Body
from sqlalchemy import true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, signed_in
from control_layer.control.catalogue.suggestion import adopt_for_new_models
from control_layer.control.endpoints.queries import find_endpoint
from control_layer.control.errors import not_found
from control_layer.control.include import included
from control_layer.control.models import components, pricing, queries
from control_layer.control.models.listing import Asked, asked_for, ordering
from control_layer.control.models.presentation import model_object, model_objects, written_model
from control_layer.control.models.properties import check_targets, set_properties
from control_layer.control.models.schemas import (
    ModelChanges,
    NewCompositeModel,
    NewModel,
    NewStandardModel,
    NewTariff,
)
from control_layer.control.models.views import Model, ModelPage
from control_layer.control.models.visibility import Sight
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["models"])
_ANY_FAILURE = [429, 499, 500, 502, 503, 504]
_ANY_FAILURE_BUT_LIMITS = [499, 500, 502, 503, 504]
"""A composite model has `fallback_on_rate_limit` for 429."""


@router.get("/models")
@signed_in
async def list_(
    session: Database, caller: Caller, services: Served, asked: Asked, paging: Paging, include: str | None = None
) -> ModelPage:
    """The models the caller sees."""
    if asked.endpoint is not None and await find_endpoint(session, asked.endpoint) is None:
        raise not_found("Endpoint", asked.endpoint)
    sight, inclusions = Sight.of(caller), included(include)
    visible = sight.listed(deleted=asked.deleted, inactive=asked.inactive)
    if asked.accessible:
        visible &= sight.usable()
    condition = await asked_for(session, visible, asked)
    rows = await queries.list_models(session, condition, ordering(asked), paging.skip, paging.limit)
    total = await queries.count_models(session, condition)
    objects = await model_objects(session, rows, sight, inclusions, services.now())
    facets = None
    if "facets" in inclusions:
        facets = await queries.facets(session, visible, abilities="abilities" in inclusions)
    return ModelPage.with_facets(Page[Model].of(objects, total, paging), facets)


@router.post("/models")
@needs(Operation.CREATE, Resource.MODELS)
async def create(body: Annotated[NewModel, Body()], session: Database, caller: Caller, services: Served) -> Model:
    """A standard model at an endpoint, or a composite one without components yet. Nobody can use it before a grant."""
    row = _new_row(body, caller.id)
    set_properties(row, body)
    endpoint = None if row.hosted_on is None else await find_endpoint(session, row.hosted_on)
    if row.hosted_on is not None and endpoint is None:
        raise not_found("Endpoint", row.hosted_on)
    await _check_redirects(session, row)
    session.add(row)
    await session.flush()
    await _set_tariffs(session, row, body.tariffs)
    if endpoint is not None and body.tariffs is None and services.settings.pricing.suggest_on_create:
        await adopt_for_new_models(session, endpoint, services.now())
    return written_model(row, Sight.of(caller))


@router.get("/models/{model_id}")
@signed_in
async def read(
    model_id: uuid.UUID,
    session: Database,
    caller: Caller,
    services: Served,
    include: str | None = None,
    deleted: bool = False,
    inactive: bool = False,
) -> Model:
    """One model, where the caller sees it."""
    sight = Sight.of(caller)
    row = await queries.find_model(session, model_id, sight.opened(deleted=deleted, inactive=inactive))
    if row is None:
        raise not_found("Model", model_id)
    return await model_object(session, row, sight, included(include), services.now())


@router.patch("/models/{model_id}")
@needs(Operation.UPDATE, Resource.MODELS)
async def update(model_id: uuid.UUID, body: ModelChanges, session: Database, caller: Caller, services: Served) -> Model:
    """Changes a model."""
    sight = Sight.of(caller)
    alive = true() if sight.deleted_and_inactive else tables.Model.deleted_at.is_(None)
    row = await queries.find_model(session, model_id, alive, lock=True)
    if row is None:
        raise not_found("Model", model_id)
    was_ordered, hidden = row.lb_strategy == "priority", pricing.denied_purposes(row)
    set_properties(row, body)
    if body.traffic_routing_rules:
        await _check_redirects(session, row)
    if body.model_fields_set:
        row.updated_at = services.now()
    await session.flush()
    if row.is_composite and row.lb_strategy == "priority" and not was_ordered:
        components.heaviest_first(await components.rows_of(session, row.id))
    await _set_tariffs(session, row, body.tariffs, hidden)
    return written_model(row, sight)


@router.delete("/models/{model_id}")
@needs(Operation.DELETE, Resource.MODELS)
async def delete(model_id: uuid.UUID, session: Database) -> uuid.UUID:
    """Takes a model away; its alias stays reserved. Doing so twice is no error."""
    if not await queries.soft_delete(session, model_id):
        raise not_found("Model", model_id)
    return model_id


def _new_row(body: NewStandardModel | NewCompositeModel, creator: uuid.UUID) -> tables.Model:
    """A row with every default of §4.5.3, for `set_properties` to work on."""
    composite = isinstance(body, NewCompositeModel)
    name = not_blank("model_name", body.model_name)
    return tables.Model(
        id=uuid.uuid4(),
        model_name=name,
        alias=name,
        hosted_on=body.hosted_on if isinstance(body, NewStandardModel) else None,
        is_composite=composite,
        status="active",
        sanitize_responses=False,
        trusted=False,
        open_responses_adapter=True,
        lb_strategy="weighted_random" if composite else None,
        fallback_enabled=composite,
        fallback_on_rate_limit=True,
        fallback_on_status=_ANY_FAILURE_BUT_LIMITS if composite else _ANY_FAILURE,
        fallback_with_replacement=False,
        backoff_enabled=False,
        backoff_initial_ms=100,
        backoff_max_ms=5000,
        backoff_factor=2.0,
        backoff_jitter="full",
        created_by=creator,
    )


async def _check_redirects(session: AsyncSession, row: tables.Model) -> None:
    targets = {rule["action"].get("target") for rule in row.traffic_routing_rules or ()} - {None}
    check_targets(row, await queries.live_aliases(session, targets))


async def _set_tariffs(
    session: AsyncSession,
    row: tables.Model,
    desired: list[NewTariff] | None,
    hidden: frozenset[str] = frozenset(),
) -> None:
    if desired is not None:
        active = (await queries.active_tariffs(session, [row.id]))[row.id]
        await queries.apply_plan(session, row.id, pricing.planned(active, desired, hidden))
