"""`/budgets`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, needs_own
from control_layer.control.budgets.schemas import Budget, BudgetChanges, NewBudget
from control_layer.control.budgets.spending import Counted, spending_of
from control_layer.control.errors import ControlError, invalid, not_found
from control_layer.control.money import amount_of
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
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

router = APIRouter(prefix="/admin/api/v1/budgets", tags=["budgets"], route_class=ControlRoute)


@router.get("")
@needs_own(Operation.READ, Resource.CREDITS)
async def list_(
    session: Database,
    caller: Caller,
    services: Served,
    paging: Paging,
    scope: Scope | None = None,
    scope_id: uuid.UUID | None = None,
    user_id: uuid.UUID | None = None,
    search: str = "",
) -> Page[Budget]:
    """Budgets, newest first: all of them, or those that concern the caller, or, with `user_id`, somebody else.

    `search` is a part of their names.
    """
    if user_id not in (None, caller.id):
        caller.require(Operation.READ, Resource.CREDITS)
    wanted = and_(
        concerning(tables.Budget, user_id or sight(caller)),
        scoped(tables.Budget, scope, scope_id),
        tables.Budget.name.icontains(search.strip(), autoescape=True),
    )
    rows = await list_scoped(session, tables.Budget, wanted, paging.skip, paging.limit)
    return Page.of(
        await _shown(session, rows, services.now()), await count_scoped(session, tables.Budget, wanted), paging
    )


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.CREDITS)
async def create(body: NewBudget, session: Database, caller: Caller, services: Served) -> Budget:
    """Makes a budget; it counts from now on."""
    if body.rolling and body.period == "total":
        raise invalid("A total budget has no period that could roll; choose day, week or month", code="invalid_period")
    name = not_blank("name", body.name)
    await claim_name(session, tables.Budget, name, body.scope, body.scope_id)
    row = tables.Budget(
        id=uuid.uuid4(),
        name=name,
        amount=amount_of(body.amount),
        period=body.period,
        rolling=body.rolling,
        since=services.now(),
        enforcement=body.enforcement,
        alert_thresholds=sorted(set(body.alert_thresholds)),
        created_by=caller.id,
        **{f"{body.scope}_id": body.scope_id},
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return await _one(session, row, services.now())


@router.get("/{budget_id}")
@needs_own(Operation.READ, Resource.CREDITS)
async def read(budget_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Budget:
    """One budget."""
    row = await find_scoped(session, tables.Budget, budget_id, sight(caller))
    if row is None:
        raise _unknown(budget_id)
    return await _one(session, row, services.now())


@router.patch("/{budget_id}")
@needs(Operation.UPDATE, Resource.CREDITS)
async def update(budget_id: uuid.UUID, body: BudgetChanges, session: Database, services: Served) -> Budget:
    """Changes a budget; in force within a second. What gateways have on loan at that moment they may still spend."""
    if body.name is not None:
        await claim_new_name(session, tables.Budget, budget_id, not_blank("name", body.name))
    row = await _locked(session, budget_id)
    now = services.now()
    if body.name is not None:
        row.name = not_blank("name", body.name)
    if body.amount is not None:
        row.amount = amount_of(body.amount)
    if body.enforcement is not None:
        row.enforcement = body.enforcement
    if body.alert_thresholds is not None:
        row.alert_thresholds = sorted(set(body.alert_thresholds))
    if body.reset_window:
        row.since = now
    row.updated_at = now
    await session.flush()
    return await _one(session, row, now)


@router.delete("/{budget_id}", status_code=204)
@needs(Operation.DELETE, Resource.CREDITS)
async def delete(budget_id: uuid.UUID, session: Database) -> None:
    """Deletes a budget; requests count in it no more."""
    await session.delete(await _locked(session, budget_id))


async def _locked(session: AsyncSession, budget_id: uuid.UUID) -> tables.Budget:
    row = await find_scoped(session, tables.Budget, budget_id, None, lock=True)
    if row is None:
        raise _unknown(budget_id)
    return row


async def _one(session: AsyncSession, row: tables.Budget, now: datetime) -> Budget:
    return (await _shown(session, [row], now))[0]


async def _shown(session: AsyncSession, rows: Sequence[tables.Budget], now: datetime) -> list[Budget]:
    counted = [
        Counted.at(now, budget_id=row.id, period=row.period, rolling=row.rolling, since=row.since) for row in rows
    ]
    spending = await spending_of(session, counted)
    names = await names_of(session, rows)
    return [Budget.of(row, spending[row.id], names.get(scope_of(row)[1])) for row in rows]


def _unknown(budget_id: uuid.UUID) -> ControlError:
    return not_found("Budget", budget_id)
