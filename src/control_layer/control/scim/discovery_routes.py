"""`/scim/v2/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644, 4), and what is not offered."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from scim2_models import ResourceType, Schema

from control_layer.control.access import needs
from control_layer.control.permissions import Operation, Resource
from control_layer.control.route import ControlRoute
from control_layer.control.scim import provider
from control_layer.control.scim.addresses import BaseUrl
from control_layer.control.scim.errors import PREFIX, ScimError, no_such
from control_layer.control.scim.messages import answer, list_answer

__all__ = ["router"]

router = APIRouter(prefix=PREFIX, route_class=ControlRoute, include_in_schema=False)
_reader = needs(Operation.READ, Resource.USERS, bearer_only=True)


@router.get("/ServiceProviderConfig")
@_reader
async def service_provider_config(request: Request, base_url: BaseUrl) -> Response:
    """What can be done here."""
    _refuse_filter(request)
    return answer(provider.config(base_url))


@router.get("/ResourceTypes")
@_reader
async def resource_types(request: Request, base_url: BaseUrl) -> Response:
    """What is kept here."""
    _refuse_filter(request)
    found = provider.resource_types(base_url)
    return list_answer(ResourceType, found, len(found))


@router.get("/ResourceTypes/{name}")
@_reader
async def resource_type(name: str, base_url: BaseUrl) -> Response:
    """One kind of resource."""
    for found in provider.resource_types(base_url):
        if found.id == name:
            return answer(found)
    raise no_such("ResourceType", name)


@router.get("/Schemas")
@_reader
async def schemas(request: Request, base_url: BaseUrl) -> Response:
    """Which attributes resources have."""
    _refuse_filter(request)
    found = provider.schemas(base_url)
    return list_answer(Schema, found, len(found))


@router.get("/Schemas/{urn}")
@_reader
async def schema(urn: str, base_url: BaseUrl) -> Response:
    """The attributes of one kind of resource."""
    for found in provider.schemas(base_url):
        if str(found.id).lower() == urn.lower():
            return answer(found)
    raise no_such("Schema", urn)


@router.post("/Bulk")
@router.post("/.search")
@router.api_route("/Me", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@_reader
async def not_offered() -> None:
    """Operations of the RFC that this service does not have."""
    raise ScimError(501, "This operation is not offered; ServiceProviderConfig says what is")


def _refuse_filter(request: Request) -> None:
    if "filter" in request.query_params:
        raise ScimError(403, "What the service says of itself cannot be filtered")
