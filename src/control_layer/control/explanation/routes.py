"""`POST /explain`: the same code that decides in a gateway, asked what it would decide."""

from __future__ import annotations

import json
from typing import Any

import structlog
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.effective_access.queries import find_live_key
from control_layer.control.errors import ControlError, not_found
from control_layer.control.explanation.schemas import Explanation, Question
from control_layer.control.own_gateway import BrokenAnswer, GatewayUnreachable
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.store.tables import Endpoint, Model

__all__ = ["router"]

_log = structlog.get_logger(__name__)
router = APIRouter(prefix="/admin/api/v1", route_class=ControlRoute, tags=["explanation"])
_SECONDS = 10.0


@router.post("/explain")
@needs(Operation.READ, Resource.MODELS)
async def explain(body: Question, session: Database, services: Served) -> Explanation:
    """What a gateway would do with a request, and why; nothing is sent, taken or recorded."""
    if await find_live_key(session, body.key_id) is None:
        raise not_found("API key", body.key_id)
    content = json.dumps({**body.request, "model": body.model}).encode()
    try:
        answer = await services.own_gateway.ask(
            "POST",
            f"/ai{body.path}",
            body=content,
            model=body.model,
            timeout_seconds=_SECONDS,
            explains=str(body.key_id),
        )
    except (GatewayUnreachable, BrokenAnswer) as error:
        raise ControlError(503, "gateway_unavailable", f"No gateway can be asked: {error}") from error
    found: dict[str, Any] = json.loads(answer.body)
    if answer.status != 200 or "allowed" not in found:
        message = found.get("error", {}).get("message", "the gateway cannot explain this")
        raise ControlError(409, "not_explained", f"Not explained: {message}")
    found["deployments"] = await _named(session, found["deployments"])
    return Explanation.model_validate(found)


async def _named(session: AsyncSession, deployments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With aliases and endpoints' names, in the order in which they would be asked."""
    ids = [deployment["id"] for deployment in deployments]
    rows = await session.execute(
        select(Model.id, Model.alias, Endpoint.name)
        .join(Endpoint, Endpoint.id == Model.hosted_on, isouter=True)
        .where(Model.id.in_(ids))
    )
    names = {str(model_id): (alias, endpoint) for model_id, alias, endpoint in rows}
    named = [
        {**deployment, "alias": alias, "endpoint": endpoint}
        for deployment in deployments
        for alias, endpoint in (names.get(deployment["id"], (None, None)),)
    ]
    return sorted(named, key=lambda deployment: deployment["order"] or len(named) + 1)
