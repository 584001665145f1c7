"""`/first-run`: how far a new instance is on the way to its first answered request. Asked of the data, kept nowhere."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import distinct, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.schema import Output
from control_layer.store.tables import NIL, ApiKey, Endpoint, Group, GroupModel, Model, Request

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/first-run", route_class=ControlRoute, tags=["instance"])


class Found(Output):
    """What there is of each. Names are those of the first; null where there is none."""

    endpoints: int
    endpoint: str | None
    models: int
    """Active ones."""
    models_granted: int
    groups: int
    """Those that may use a model."""
    group: str | None
    """The one that may use most."""
    key_prefix: str | None
    """Of one of the keys for AI requests, of which there may be very many: they are not counted."""
    request_model: str | None
    """Of the first request that was answered."""
    request_at: datetime | None


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
    found: Found
    simulated_offered: bool
    """`PUT /endpoints/simulated` starts and connects the simulated provider."""


@router.get("")
@needs(Operation.CREATE, Resource.ENDPOINTS)
async def read(session: Database, services: Served) -> FirstRun:
    """The steps from a new instance to its first answered request, which of them are done, and what they brought."""
    found = await _found(session)
    return FirstRun(
        provider_connected=found.endpoints > 0,
        models_discovered=found.models > 0,
        model_granted=found.models_granted > 0,
        key_made=found.key_prefix is not None,
        request_answered=found.request_at is not None,
        found=found,
        simulated_offered=services.simulation.is_offered,
    )


async def _found(session: AsyncSession) -> Found:
    active = (Model.deleted_at.is_(None), Model.status == "active")
    grants = GroupModel.__table__.join(Model.__table__, GroupModel.model_id == Model.id)
    usable = (ApiKey.purpose == "realtime", ~ApiKey.hidden, ApiKey.deleted_at.is_(None))
    most_granted = (
        select(Group.name)
        .join_from(Group, GroupModel, GroupModel.group_id == Group.id)
        .join(Model, GroupModel.model_id == Model.id)
        .where(*active)
        .group_by(Group.id, Group.name)
        .order_by(func.count().desc(), Group.name)
        .limit(1)
    )
    answered = (
        select(Request.model, Request.at)
        .where(Request.outcome == "completed", Request.status < 400, Request.user_id != NIL)
        .order_by(Request.at)
        .limit(1)
    )
    counts = select(
        select(func.count()).select_from(Endpoint).scalar_subquery(),
        select(Endpoint.name).order_by(Endpoint.created_at, Endpoint.id).limit(1).scalar_subquery(),
        select(func.count()).select_from(Model).where(*active).scalar_subquery(),
        select(func.count(distinct(Model.id))).select_from(grants).where(*active).scalar_subquery(),
        select(func.count(distinct(GroupModel.group_id))).select_from(grants).where(*active).scalar_subquery(),
        most_granted.scalar_subquery(),
        select(ApiKey.secret_prefix).where(*usable).limit(1).scalar_subquery(),  # any: an order would read them all
    )
    endpoints, endpoint, models, granted, groups, group, prefix = (await session.execute(counts)).one()
    request = (await session.execute(answered)).one_or_none()
    return Found(
        endpoints=endpoints,
        endpoint=endpoint,
        models=models,
        models_granted=granted,
        groups=groups,
        group=group,
        key_prefix=prefix,
        request_model=None if request is None else request.model,
        request_at=None if request is None else request.at,
    )
