"""`/provider-display-configs` (§4.20): reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import signed_in
from control_layer.control.errors import not_found
from control_layer.control.permissions import Operation, Resource
from control_layer.control.provider_displays.queries import find_provider, list_providers
from control_layer.control.provider_displays.schemas import ProviderDisplay
from control_layer.control.request_context import Caller, Database
from control_layer.control.route import ControlRoute

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/provider-display-configs", tags=["models"], route_class=ControlRoute)


@router.get("")
@signed_in
async def list_(session: Database, caller: Caller) -> Sequence[ProviderDisplay]:
    """The providers of the models there are, by name."""
    caller.require_on(Operation.READ, Resource.MODELS, caller.id)
    return await list_providers(session)


@router.get("/{provider_key}")
@signed_in
async def read(provider_key: str, session: Database, caller: Caller) -> ProviderDisplay:
    """One provider."""
    caller.require_on(Operation.READ, Resource.MODELS, caller.id)
    return await _found(session, provider_key)


@router.get("/{provider_key}/icon", response_model=None)
@signed_in
async def icon(provider_key: str, session: Database, caller: Caller) -> NoReturn:
    """A provider's picture. Nobody can choose one in this release, so that there is none."""
    caller.require_on(Operation.READ, Resource.MODELS, caller.id)
    raise not_found("Icon of provider", (await _found(session, provider_key)).provider_key)


async def _found(session: AsyncSession, provider_key: str) -> ProviderDisplay:
    found = await find_provider(session, provider_key)
    if found is None:
        raise not_found("Provider display config", provider_key)
    return found
