"""Sums over requests, and `/usage` (§4.8)."""

from __future__ import annotations

import uuid

from fastapi import APIRouter

from control_layer.control.access import needs, signed_in
from control_layer.control.analytics import presentation
from control_layer.control.analytics.aggregates import by_hour, by_user, totals
from control_layer.control.analytics.period import Period
from control_layer.control.analytics.schemas import Aggregate, Usage, UsersOfModel
from control_layer.control.analytics.usage import batch_use_of, use_by_model
from control_layer.control.errors import forbidden, invalid
from control_layer.control.moment import Moment
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", tags=["analytics"], route_class=ControlRoute)


@router.get("/requests/aggregate")
@needs(Operation.READ, Resource.ANALYTICS)
async def aggregate(
    session: Database,
    services: Served,
    model: str | None = None,
    timestamp_after: Moment | None = None,
    timestamp_before: Moment | None = None,
) -> Aggregate:
    """What was asked, by status, model and hour; of the last 24 hours where nothing is said."""
    period = Period.of(timestamp_after, timestamp_before, services.now())
    sums = await totals(session, period, model)
    return presentation.aggregate(sums, await by_hour(session, period, model), model)


@router.get("/requests/aggregate-by-user")
@needs(Operation.READ, Resource.ANALYTICS)
async def aggregate_by_user(
    session: Database,
    services: Served,
    model: str | None = None,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
) -> UsersOfModel:
    """Who asked a model how much; in the last 24 hours where nothing is said."""
    if not model:
        raise invalid("Model parameter is required", code="model_required")
    period = Period.of(start_date, end_date, services.now())
    return presentation.users_of_model(model, period, await by_user(session, period, model))


@router.get("/usage")
@signed_in
async def read_usage(
    session: Database,
    caller: Caller,
    services: Served,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
    refresh: bool = False,
    user_id: uuid.UUID | None = None,
) -> Usage:
    """What the caller used, ever or within at most 180 days. Always fresh, whatever `refresh` says."""
    del refresh
    account = user_id or caller.id
    if account != caller.id and not caller.is_admin:
        raise forbidden(Operation.READ, Resource.ANALYTICS)
    period = Period.within_cap(start_date, end_date, services.now())
    uses = await use_by_model(session, account, period)
    return presentation.usage(uses, await batch_use_of(session, account, period))
