"""`/models/{id}/cache-pricing` (§4.5.8)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import not_found
from control_layer.control.models import queries
from control_layer.control.models.cache_pricing import (
    active_cache_pricings,
    close_cache_pricing,
    open_cache_pricing,
)
from control_layer.control.models.schemas import CacheTerms
from control_layer.control.models.views import CachePricing
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/models/{model_id}/cache-pricing", route_class=ControlRoute, tags=["models"])


@router.get("")
@needs(Operation.READ, Resource.MODELS)
async def read(model_id: uuid.UUID, session: Database) -> CachePricing:
    """What cached tokens cost; disabled where they cost what all others do."""
    await _require_live(session, model_id)
    return CachePricing.of((await active_cache_pricings(session, [model_id])).get(model_id))


@router.put("")
@needs(Operation.UPDATE, Resource.MODELS)
async def write(
    model_id: uuid.UUID, session: Database, services: Served, body: CacheTerms | None = None
) -> CachePricing:
    """Sets what cached tokens cost; what is left out takes the configured default, whatever it was before."""
    await _require_live(session, model_id, lock=True)
    defaults = services.settings.pricing.cache
    return CachePricing.of(await open_cache_pricing(session, model_id, body or CacheTerms(), defaults))


@router.delete("", status_code=204)
@needs(Operation.UPDATE, Resource.MODELS)
async def delete(model_id: uuid.UUID, session: Database) -> None:
    """Lets cached tokens cost what all others do."""
    await _require_live(session, model_id, lock=True)
    await close_cache_pricing(session, model_id)


async def _require_live(session: AsyncSession, model_id: uuid.UUID, *, lock: bool = False) -> None:
    if await queries.find_model(session, model_id, tables.Model.deleted_at.is_(None), lock=lock) is None:
        raise not_found("Model", model_id)
