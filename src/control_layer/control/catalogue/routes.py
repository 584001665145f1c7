"""`/catalogue`, and what it suggests for a model."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from fastapi import APIRouter

from control_layer.control.access import needs
from control_layer.control.catalogue.catalogue import open_catalogue
from control_layer.control.catalogue.schemas import CatalogueModel, Suggestion
from control_layer.control.catalogue.suggestion import suggested_changes
from control_layer.control.endpoints.queries import find_endpoint
from control_layer.control.errors import ControlError, not_found
from control_layer.control.models import queries
from control_layer.control.models.visibility import Sight
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["catalogue"])


@router.get("/catalogue")
@needs(Operation.READ, Resource.PRICING)
async def list_(paging: Paging, services: Served, search: str = "") -> Page[CatalogueModel]:
    """Models of well-known providers with their list prices, by provider and name."""
    catalogue = await open_catalogue()
    found, total = catalogue.search(search, paging.skip, paging.limit, services.now())
    return Page[CatalogueModel].of(found, total, paging)


@router.get("/models/{model_id}/suggestion")
@needs(Operation.READ, Resource.PRICING)
async def suggest(model_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Suggestion:
    """What the catalogue knows of the provider's model behind a standard one, as a change that can be made to it."""
    row = await queries.find_model(session, model_id, Sight.of(caller).opened(deleted=False, inactive=False))
    if row is None:
        raise not_found("Model", model_id)
    endpoint = None if row.hosted_on is None else await find_endpoint(session, row.hosted_on)
    catalogue = await open_catalogue()
    model = None if endpoint is None else catalogue.find(row.model_name, endpoint.url, services.now())
    if model is None:
        what = "composite models" if endpoint is None else f"'{row.model_name}' at {urlsplit(endpoint.url).hostname}"
        raise ControlError(404, "no_suggestion", f"The catalogue knows no prices of {what}: set tariffs yourself")
    has_tariffs = bool((await queries.active_tariffs(session, [row.id]))[row.id])
    changes = suggested_changes(model, row, has_tariffs=has_tariffs)
    return Suggestion(source=catalogue.source, model=model, changes=changes)
