"""`/endpoints` (§4.4). No database connection is held while a provider is asked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import structlog
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.catalogue.suggestion import adopt_for_new_models
from control_layer.control.endpoints import importing, queries
from control_layer.control.endpoints.connection import (
    change_connection,
    checked_aliases,
    checked_filter,
    new_endpoint,
    provider_at,
    provider_of,
    set_connection,
)
from control_layer.control.endpoints.discovery import DiscoveryFailed, NoModels, Provider, discover
from control_layer.control.endpoints.listing import ListedModel
from control_layer.control.endpoints.presets import PRESETS, Preset
from control_layer.control.endpoints.reasoning import checked_translations
from control_layer.control.endpoints.schemas import (
    DiscoveredModel,
    DiscoveredModels,
    Endpoint,
    EndpointChanges,
    EndpointToValidate,
    NewEndpoint,
    SyncResult,
    ValidationResult,
)
from control_layer.control.endpoints.synchronisation import SyncPlan, planned, synchronise
from control_layer.control.errors import Conflict, ControlError, FieldError, invalid, not_found
from control_layer.control.paging import Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["endpoints"])
_log = structlog.get_logger(__name__)
_VALIDATE_SECONDS = 10.0
_IMPORT_SECONDS = 30.0


@router.get("/endpoints")
@needs(Operation.READ, Resource.ENDPOINTS)
async def list_(session: Database, paging: Paging) -> list[Endpoint]:
    """Endpoints, newest first."""
    return [Endpoint.of(row) for row in await queries.list_endpoints(session, paging.skip, paging.limit)]


@router.get("/endpoint-presets")
@needs(Operation.READ, Resource.ENDPOINTS)
async def presets() -> Sequence[Preset]:
    """Well-known providers, with what an endpoint of theirs needs."""
    return PRESETS


@router.post("/endpoints", status_code=201)
@needs(Operation.CREATE, Resource.ENDPOINTS)
async def create(body: NewEndpoint, caller: Caller, session: Database, services: Served) -> Endpoint:
    """Connects a provider and imports its models; all of it or nothing."""
    endpoint = new_endpoint(not_blank("name", body.name), created_by=caller.id)
    endpoint.description = body.description
    endpoint.model_filter = None if body.model_filter is None else checked_filter(body.model_filter)
    endpoint.reasoning_translation = checked_translations(body.reasoning_translation)
    set_connection(endpoint, body, services.provider_credentials)
    aliases = checked_aliases(body.alias_mapping or {})
    if await queries.name_taken(session, endpoint.name):
        raise Conflict("An endpoint with this name already exists", resource="endpoint")
    await session.commit()
    names: list[str] = []
    if body.skip_fetch:
        names = endpoint.model_filter or []
    elif body.sync is not False:
        listed = await _listed(provider_of(endpoint, services.provider_credentials), services, _IMPORT_SECONDS)
        names = [model.id for model in listed]
        endpoint.synced_at = services.now()
    session.add(endpoint)
    await session.flush()
    await importing.import_models(session, endpoint.id, importing.wanted(names, endpoint.model_filter), aliases)
    await _priced(endpoint, session, services)
    return Endpoint.of(endpoint)


@router.post("/endpoints/validate")
@needs(Operation.UPDATE, Resource.ENDPOINTS)
async def validate(body: EndpointToValidate, session: Database, services: Served) -> ValidationResult:
    """Asks a provider for its models and keeps nothing."""
    if body.endpoint_id is not None:
        provider = provider_of(await _found(session, body.endpoint_id), services.provider_credentials)
    elif body.url is not None:
        provider = provider_at(body.url, body)
    else:
        field = FieldError("body.url", "Field required, or endpoint_id")
        raise ControlError(422, "invalid_body", "Invalid request body: give url or endpoint_id", fields=[field])
    await session.commit()
    models = await _listed(provider, services, _VALIDATE_SECONDS)
    if not models:
        raise invalid("The provider answered with an empty list of models", code="no_models")
    shown = [
        DiscoveredModel(id=model.id, object="model", created=model.created, owned_by=model.owned_by) for model in models
    ]
    taken = await queries.aliases_elsewhere(session, [model.id for model in models], body.endpoint_id)
    return ValidationResult(
        status="success",
        models=DiscoveredModels(object="list", data=shown),
        aliases_taken=taken or None,
        error=None,
    )


@router.get("/endpoints/{endpoint_id}")
@needs(Operation.READ, Resource.ENDPOINTS)
async def read(endpoint_id: uuid.UUID, session: Database) -> Endpoint:
    """One endpoint."""
    return Endpoint.of(await _found(session, endpoint_id))


@router.patch("/endpoints/{endpoint_id}")
@needs(Operation.UPDATE, Resource.ENDPOINTS)
async def update(endpoint_id: uuid.UUID, body: EndpointChanges, session: Database, services: Served) -> Endpoint:
    """Changes an endpoint. Its models follow `alias_mapping`, or the provider's list where that can be had."""
    endpoint = await _locked(session, endpoint_id)
    if body.name is not None:
        endpoint.name = not_blank("name", body.name)
    if body.description is not None:
        endpoint.description = body.description
    if body.remove_model_filter and body.model_filter is not None:
        raise invalid("Give model_filter or remove_model_filter, not both")
    if body.remove_model_filter:
        endpoint.model_filter = None
    elif body.model_filter is not None:
        endpoint.model_filter = checked_filter(body.model_filter)
    if "reasoning_translation" in body.model_fields_set:
        endpoint.reasoning_translation = checked_translations(body.reasoning_translation)
    change_connection(endpoint, body, services.provider_credentials)
    if body.model_fields_set:
        endpoint.updated_at = services.now()
    await session.flush()
    if body.alias_mapping is not None:
        await importing.realias(session, endpoint, checked_aliases(body.alias_mapping))
        await _priced(endpoint, session, services)
    elif body.model_fields_set:
        await session.commit()
        try:
            await _synchronised(endpoint, session, services, _VALIDATE_SECONDS)
        except ControlError as error:
            # The update stands (§4.4); the next synchronisation says what is wrong to whoever asks for it.
            _log.info("endpoint_not_synchronised", endpoint=str(endpoint.id), reason=error.message)
    return Endpoint.of(endpoint)


@router.delete("/endpoints/{endpoint_id}", status_code=204)
@needs(Operation.DELETE, Resource.ENDPOINTS)
async def delete(endpoint_id: uuid.UUID, session: Database) -> None:
    """Erases an endpoint with all its models."""
    if not await queries.delete_endpoint(session, endpoint_id):
        raise not_found("Endpoint", endpoint_id)


@router.post("/endpoints/{endpoint_id}/synchronize")
@needs(Operation.UPDATE, Resource.ENDPOINTS)
async def synchronize(endpoint_id: uuid.UUID, session: Database, services: Served, dry_run: bool = False) -> SyncResult:
    """Brings the endpoint's models in step with what the provider lists; with `dry_run` only says how."""
    endpoint = await _found(session, endpoint_id)
    done = await _synchronised(endpoint, session, services, _IMPORT_SECONDS, dry_run=dry_run)
    return SyncResult.of(endpoint_id, done, dry_run=dry_run, at=services.now())


async def _synchronised(
    endpoint: tables.Endpoint,
    session: AsyncSession,
    services: Services,
    timeout_seconds: float,
    *,
    dry_run: bool = False,
) -> SyncPlan:
    """Asks the provider, holding nothing meanwhile, and does what its list demands; a dry run only finds out."""
    provider = provider_of(endpoint, services.provider_credentials)
    await session.commit()
    names = [model.id for model in await _listed(provider, services, timeout_seconds)]
    locked = await _locked(session, endpoint.id)
    done = await (planned if dry_run else synchronise)(session, locked, names)
    if not dry_run:
        locked.synced_at = services.now()
    await _priced(locked, session, services)
    return done


async def _priced(endpoint: tables.Endpoint, session: AsyncSession, services: Services) -> None:
    """Models that came new get the catalogue's prices, where that is wanted."""
    if services.settings.pricing.suggest_on_create:
        await adopt_for_new_models(session, endpoint, services.now())


async def _listed(provider: Provider, services: Services, timeout_seconds: float) -> list[ListedModel]:
    """What the provider lists. Raises 400 where it answers with something else, 500 where it does not answer."""
    try:
        return await discover(provider, timeout_seconds=timeout_seconds, ca_file=services.settings.gateway.ca_bundle)
    except NoModels as error:
        raise invalid(str(error), code="no_models") from error
    except DiscoveryFailed as error:
        raise ControlError(500, "provider_unreachable", str(error)) from error


async def _found(session: AsyncSession, endpoint_id: uuid.UUID) -> tables.Endpoint:
    endpoint = await queries.find_endpoint(session, endpoint_id)
    if endpoint is None:
        raise not_found("Endpoint", endpoint_id)
    return endpoint


async def _locked(session: AsyncSession, endpoint_id: uuid.UUID) -> tables.Endpoint:
    endpoint = await queries.lock_endpoint(session, endpoint_id)
    if endpoint is None:
        raise not_found("Endpoint", endpoint_id)
    return endpoint
