"""`/admin/api/v1/batches/requests` (§4.17)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query

from control_layer.control.access import needs_own
from control_layer.control.batches.request_deletion import delete_request
from control_layer.control.batches.request_queries import (
    RequestFilter,
    RequestStatus,
    find_request,
    list_requests,
    uses_of,
)
from control_layer.control.batches.request_schemas import Detail, Summary
from control_layer.control.errors import invalid, not_found
from control_layer.control.include import included
from control_layer.control.moment import Moment
from control_layer.control.paging import Page, Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.users.queries import users_by_id

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/batches/requests", tags=["batches"], route_class=ControlRoute)
_TIERS_OF_BATCHES = frozenset({"batch", "null", "none"})
_Models = Annotated[str | None, Query(description="Comma-separated.", examples=["gpt-4.1,gpt-4.1-mini"])]
_Tiers = Annotated[
    str | None, Query(description="Comma-separated; `batch` is what there is so far.", examples=["batch"])
]


@router.get("")
@needs_own(Operation.READ, Resource.BATCHES)
async def list_(
    session: Database,
    caller: Caller,
    paging: Paging,
    status: RequestStatus | None = None,
    model: _Models = None,
    member_id: uuid.UUID | None = None,
    created_after: Moment | None = None,
    created_before: Moment | None = None,
    service_tiers: _Tiers = None,
    active_first: bool = True,
) -> Page[Summary]:
    """The requests of the caller's batches, or of everybody's for those who may read them; newest batch first.

    With `active_first`, what waits or runs comes before what has ended.
    """
    sees_all, tiers = caller.may(Operation.READ, Resource.BATCHES), included(service_tiers)
    if member_id is not None and not sees_all:
        raise invalid("member_id is for platform managers")
    if tiers and not tiers & _TIERS_OF_BATCHES:
        return Page[Summary].of([], 0, paging)
    wanted = RequestFilter(
        owner=member_id if sees_all else caller.id,
        status=status,
        models={name.replace("\0", "") for name in included(model)},
        created_after=created_after,
        created_before=created_before,
        active_first=active_first,
    )
    rows, total = await list_requests(session, wanted, paging.skip, paging.limit)
    uses = await uses_of(session, rows)
    people = await users_by_id(session, {row.created_by for row in rows}) if sees_all else {}
    emails = {user_id: user.email for user_id, user in people.items()}
    summaries = [Summary.of(row, uses.get(row.id), emails.get(row.created_by)) for row in rows]
    return Page[Summary].of(summaries, total, paging)


@router.get("/{request_id}")
@needs_own(Operation.READ, Resource.BATCHES)
async def read(request_id: uuid.UUID, session: Database, caller: Caller) -> Detail:
    """One request, with what was asked and answered."""
    row = await find_request(session, request_id, _owner_seen_by(caller, Operation.READ))
    if row is None:
        raise not_found("Request", request_id)
    sees_all = caller.may(Operation.READ, Resource.BATCHES)
    person = (await users_by_id(session, {row.created_by})).get(row.created_by) if sees_all else None
    use = (await uses_of(session, [row])).get(request_id)
    return Detail.of(row, use, None if person is None else person.email)


@router.delete("/{request_id}", status_code=204)
@needs_own(Operation.DELETE, Resource.BATCHES)
async def delete(request_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> None:
    """Deletes a request: what waits or runs is cancelled, what was answered is erased, also from its batch's files."""
    owner = _owner_seen_by(caller, Operation.DELETE)
    if not await delete_request(session, request_id, owner, services.now()):
        raise not_found("Request", request_id)


def _owner_seen_by(caller: Principal, operation: Operation) -> uuid.UUID | None:
    """Whose requests the caller may do that with; `None`: everybody's."""
    return None if caller.may(operation, Resource.BATCHES) else caller.id
