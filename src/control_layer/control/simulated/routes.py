"""`/endpoints/simulated`: the simulated provider, started on this host and connected."""

from __future__ import annotations

from fastapi import APIRouter, Request

from control_layer.control.access import needs
from control_layer.control.audit.authors import author_of
from control_layer.control.endpoints import queries
from control_layer.control.endpoints.discovery import DiscoveryFailed
from control_layer.control.endpoints.schemas import Endpoint
from control_layer.control.errors import ControlError, not_found
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.simulated.endpoint import connect_simulated, settle

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["endpoints"])


@router.put("/endpoints/simulated")
@needs(Operation.CREATE, Resource.ENDPOINTS)
async def connect(request: Request, caller: Caller, session: Database, services: Served) -> Endpoint:
    """Connects the simulated provider that comes with Control Layer, and starts it where it does not run.

    It answers without a contract and without cost. Who asks again gets the same endpoint, in step with its models. It
    runs on this host for as long as the endpoint is there, also after a restart. 409 where hosts share a Postgres: run
    `control-layer simulate` and connect its URL. Nobody is granted its models.
    """
    await session.commit()
    author = author_of(request, caller.id, caller.key_id)
    try:
        async with services.simulation.changing:
            await services.simulation.start()
            endpoint_id = await connect_simulated(services, author, grant_to_everyone=False, created_by=caller.id)
    except DiscoveryFailed as error:
        await settle(services)
        raise ControlError(500, "provider_unreachable", str(error)) from error
    except ControlError:
        await settle(services)
        raise
    endpoint = await queries.find_endpoint(session, endpoint_id)
    if endpoint is None:
        raise not_found("Endpoint", endpoint_id)
    return Endpoint.of(endpoint)
