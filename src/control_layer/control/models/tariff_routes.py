"""`/models/{id}/tariffs`: what a model has cost. Ours; the contract shows what it costs now."""

from __future__ import annotations

import uuid

from fastapi import APIRouter

from control_layer.control.access import needs
from control_layer.control.errors import not_found
from control_layer.control.models import queries
from control_layer.control.models.views import Tariff
from control_layer.control.models.visibility import Sight
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database
from control_layer.control.route import ControlRoute

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/models/{model_id}/tariffs", route_class=ControlRoute, tags=["models"])


@router.get("")
@needs(Operation.READ, Resource.PRICING)
async def list_(model_id: uuid.UUID, session: Database, caller: Caller, paging: Paging) -> Page[Tariff]:
    """Every tariff that the model has or had: those in force first, then what was closed last."""
    if await queries.find_model(session, model_id, Sight.of(caller).opened(deleted=False, inactive=False)) is None:
        raise not_found("Model", model_id)
    rows, total = await queries.tariff_history(session, model_id, paging.skip, paging.limit)
    return Page[Tariff].of([Tariff.of(row) for row in rows], total, paging)
