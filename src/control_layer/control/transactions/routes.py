"""`/transactions` (§4.9)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, signed_in
from control_layer.control.errors import invalid, not_found
from control_layer.control.include import included
from control_layer.control.moment import Moment
from control_layer.control.money import amount_of
from control_layer.control.paging import Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database
from control_layer.control.route import ControlRoute
from control_layer.control.text import not_blank
from control_layer.control.transactions.balances import balance_of
from control_layer.control.transactions.entries import (
    Entry,
    Filter,
    addresses_of,
    balance_after,
    find_entry,
    list_entries,
)
from control_layer.control.transactions.posting import movement
from control_layer.control.transactions.schemas import NewTransaction, Transaction, TransactionPage, TransactionType
from control_layer.control.users.queries import find_user

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/transactions", tags=["transactions"], route_class=ControlRoute)


@router.post("", status_code=201)
@needs(Operation.CREATE, Resource.CREDITS)
async def create(body: NewTransaction, session: Database) -> Transaction:
    """Gives credits to an account, or takes them; a balance may go below zero."""
    amount = amount_of(body.amount)
    not_blank("source_id", body.source_id)
    if await find_user(session, body.user_id) is None:
        raise invalid("Invalid reference to related resource", code="invalid_reference")
    row = movement(
        user_id=body.user_id,
        transaction_type=body.transaction_type,
        amount=amount,
        source_id=body.source_id,
        description=body.description,
    )
    session.add(row)
    await session.flush()
    return await _shown(session, row.id)


@router.get("")
@signed_in
async def list_(
    session: Database,
    caller: Caller,
    paging: Paging,
    all: bool = False,  # noqa: A002 - the contract's name
    user_id: uuid.UUID | None = None,
    group_batches: bool = False,
    search: str = "",
    transaction_types: str | None = None,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
) -> TransactionPage:
    """An account's movements, newest first: the caller's own, another's, or everybody's."""
    account = None if all else user_id or caller.id
    if account != caller.id:
        caller.require(Operation.READ, Resource.CREDITS)
    wanted = Filter(
        user_id=account,
        types=included(transaction_types) & set(TransactionType),
        search=search.strip(),
        start=start_date,
        end=end_date,
        group_batches=group_batches and account is not None,
    )
    found = await list_entries(session, wanted, paging.skip, paging.limit + 1)
    addresses = {} if account is not None else await addresses_of(session, found)
    return TransactionPage(
        data=[Transaction.of(entry, addresses.get(entry.user_id)) for entry in found[: paging.limit]],
        has_more=len(found) > paging.limit,
        page_start_balance=await _page_start_balance(session, wanted, found, paging.skip),
    )


@router.get("/{transaction_id}")
@signed_in
async def read(transaction_id: uuid.UUID, session: Database, caller: Caller) -> Transaction:
    """One movement."""
    entry = await find_entry(session, transaction_id)
    if entry is None or not _may_read(caller, entry):
        raise not_found("Transaction", transaction_id)
    return Transaction.of(entry)


def _may_read(caller: Principal, entry: Entry) -> bool:
    return entry.user_id == caller.id or caller.may(Operation.READ, Resource.CREDITS)


async def _shown(session: AsyncSession, transaction_id: uuid.UUID) -> Transaction:
    entry = await find_entry(session, transaction_id)
    assert entry is not None, "it was stored in this transaction"
    return Transaction.of(entry)


async def _page_start_balance(session: AsyncSession, wanted: Filter, found: Sequence[Entry], skip: int) -> Decimal:
    if wanted.user_id is None:
        return Decimal(0)
    if skip == 0:
        return await balance_of(session, wanted.user_id, at=wanted.end)
    if not found:
        return Decimal(0)
    return await balance_after(session, wanted, found[0])
