"""`/rate-limits`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, needs_own
from control_layer.control.errors import ControlError, invalid, not_found
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.rate_limits.schemas import NewRateLimit, RateLimit, RateLimitChanges
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.scopes import (
    Scope,
    claim_name,
    claim_new_name,
    concerning,
    count_scoped,
    find_scoped,
    list_scoped,
    names_of,
    scope_of,
    scoped,
    sight,
)
from control_layer.control.text import not_blank
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/rate-limits", tags=["rate limits"], route_class=ControlRoute)


@router.get("")
@needs_own(Operation.READ, Resource.CREDITS)
async def list_(
    session: Database,
    caller: Caller,
    paging: Paging,
    scope: Scope | None = None,
    scope_id: uuid.UUID | None = None,
) -> Page[RateLimit]:
    """Limits, newest first: all of them, or those that concern the caller."""
    wanted = and_(concerning(tables.RateLimit, sight(caller)), scoped(tables.RateLimit, scope, scope_id))
    rows = await list_scoped(session, tables.RateLimit, wanted, paging.skip, paging.limit)
    return Page.of(await _shown(session, rows), await count_scoped(session, tables.RateLimit, wanted), paging)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.CREDITS)
async def create(body: NewRateLimit, session: Database, caller: Caller) -> RateLimit:
    """Makes a limit, in force within a second."""
    name = not_blank("name", body.name)
    await claim_name(session, tables.RateLimit, name, body.scope, body.scope_id)
    row = tables.RateLimit(
        id=uuid.uuid4(),
        name=name,
        kind=body.kind,
        amount=body.amount,
        per=body.per,
        burst=body.burst,
        queue_seconds=body.queue_seconds,
        queue_length=body.queue_length if body.queue_seconds else 0,
        created_by=caller.id,
        **{f"{body.scope}_id": body.scope_id},
    )
    _check(row)
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return (await _shown(session, [row]))[0]


@router.get("/{limit_id}")
@needs_own(Operation.READ, Resource.CREDITS)
async def read(limit_id: uuid.UUID, session: Database, caller: Caller) -> RateLimit:
    """One limit."""
    row = await find_scoped(session, tables.RateLimit, limit_id, sight(caller))
    if row is None:
        raise _unknown(limit_id)
    return (await _shown(session, [row]))[0]


@router.patch("/{limit_id}")
@needs(Operation.UPDATE, Resource.CREDITS)
async def update(limit_id: uuid.UUID, body: RateLimitChanges, session: Database, services: Served) -> RateLimit:
    """Changes a limit. What was taken stays taken."""
    if body.name is not None:
        await claim_new_name(session, tables.RateLimit, limit_id, not_blank("name", body.name))
    row = await _locked(session, limit_id)
    if body.name is not None:
        row.name = not_blank("name", body.name)
    for name in ("amount", "per", "queue_seconds", "queue_length"):
        value = getattr(body, name)
        if value is not None:
            setattr(row, name, value)
    if "burst" in body.model_fields_set:
        row.burst = body.burst
    _check(row)
    row.updated_at = services.now()
    await session.flush()
    return (await _shown(session, [row]))[0]


@router.delete("/{limit_id}", status_code=204)
@needs(Operation.DELETE, Resource.CREDITS)
async def delete(limit_id: uuid.UUID, session: Database) -> None:
    """Lifts a limit."""
    await session.delete(await _locked(session, limit_id))


async def _shown(session: AsyncSession, rows: Sequence[tables.RateLimit]) -> list[RateLimit]:
    names = await names_of(session, rows)
    return [RateLimit.of(row, names.get(scope_of(row)[1])) for row in rows]


def _check(row: tables.RateLimit) -> None:
    """Raises 400 where its parts do not go together."""
    if row.kind == "concurrency":
        if row.per is not None or row.burst is not None:
            raise invalid("A limit of concurrency has neither per nor burst")
    elif row.per is None:
        raise invalid("Say in which time: per is second, minute or day")
    elif row.queue_seconds or row.queue_length:
        raise invalid("Only a limit of concurrency lets requests wait")


async def _locked(session: AsyncSession, limit_id: uuid.UUID) -> tables.RateLimit:
    row = await find_scoped(session, tables.RateLimit, limit_id, None, lock=True)
    if row is None:
        raise _unknown(limit_id)
    return row


def _unknown(limit_id: uuid.UUID) -> ControlError:
    return not_found("Rate limit", limit_id)
