"""`/first-run`: how far a new instance is on the way to its first answered request. Asked of the data, kept nowhere."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import exists, select

from control_layer.control.access import needs
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database
from control_layer.control.route import ControlRoute
from control_layer.control.schema import Output
from control_layer.store.tables import NIL, ApiKey, Endpoint, GroupModel, Model, Request

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/first-run", route_class=ControlRoute, tags=["instance"])


class FirstRun(Output):
    """What a person needs before a program gets its first answer. Each is what is so now."""

    provider_connected: bool
    models_discovered: bool
    """There is an active model."""
    model_granted: bool
    """A group may use one."""
    key_made: bool
    """Somebody has a key for AI requests."""
    request_answered: bool
    """A request with such a key was answered. The gateway's own checks do not count."""


@router.get("")
@needs(Operation.CREATE, Resource.ENDPOINTS)
async def read(session: Database) -> FirstRun:
    """The steps from a new instance to its first answered request, and which of them are done."""
    active = (Model.deleted_at.is_(None), Model.status == "active")
    statement = select(
        exists().select_from(Endpoint),
        exists().where(*active),
        exists().where(GroupModel.model_id == Model.id, *active),
        exists().where(ApiKey.purpose == "realtime", ~ApiKey.hidden, ApiKey.deleted_at.is_(None)),
        exists().where(Request.outcome == "completed", Request.status < 400, Request.user_id != NIL),
    )
    connected, discovered, granted, made, answered = (await session.execute(statement)).one()
    return FirstRun(
        provider_connected=connected,
        models_discovered=discovered,
        model_granted=granted,
        key_made=made,
        request_answered=answered,
    )
