"""`/ai/v1/batches` (§4.15)."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import true
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import INFERENCE_KEYS, needs_own
from control_layer.control.batches.cancelling import cancel
from control_layer.control.batches.creation import create_batch
from control_layer.control.batches.queries import BatchFilter, analytics_of, find_batch, list_batches, requeue
from control_layer.control.batches.schemas import Analytics, Batch, NewBatch, RequestIds
from control_layer.control.batches.status import StatusFilter, is_over
from control_layer.control.cursor import Cursor, CursorPage
from control_layer.control.errors import invalid, not_found
from control_layer.control.files.content import MAX_SKIP, NDJSON_ANSWER, Range, results_of, streamed
from control_layer.control.include import included
from control_layer.control.moment import Moment
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.users.queries import users_by_id
from control_layer.store import tables
from control_layer.store.tables import BatchRequest

__all__ = ["router"]

router = APIRouter(prefix="/ai/v1/batches", tags=["batches"], route_class=ControlRoute)
_STATES = {"pending": ("pending",), "in_progress": ("running",), "completed": ("completed",)}
_REQUEST_PREFIX = "batch_req_"


@router.post("", status_code=201)
@needs_own(Operation.CREATE, Resource.BATCHES, keys=INFERENCE_KEYS)
async def create(body: NewBatch, session: Database, caller: Caller, services: Served) -> Batch:
    """Makes a batch of every request in a file. It is carried out in the background."""
    source = "api" if caller.key_id is not None else "frontend"
    batch = await create_batch(session, services, caller, body, source=source)
    return Batch.of(batch, await _owner(session, batch), now=services.now(), with_context=False)


@router.get("")
@needs_own(Operation.READ, Resource.BATCHES, keys=INFERENCE_KEYS)
async def list_(
    session: Database,
    caller: Caller,
    services: Served,
    cursor: Cursor,
    search: str = "",
    include: str | None = None,
    member_id: uuid.UUID | None = None,
    status: StatusFilter | None = None,
    created_after: Moment | None = None,
    created_before: Moment | None = None,
    active_first: bool = False,
    completion_window: str | None = None,
) -> CursorPage[Batch]:
    """The caller's batches, or everybody's for those who may read them; newest first."""
    sees_all, windows = caller.may(Operation.READ, Resource.BATCHES), included(completion_window)
    if member_id is not None and not sees_all:
        raise invalid("member_id is for organizations and platform managers")
    if "background" in windows and not sees_all:
        raise invalid("completion_window=background is for platform managers")
    wanted = BatchFilter(
        owner=member_id if sees_all else caller.id,
        search=search.strip().replace("\0", ""),
        status=status,
        created_after=created_after,
        created_before=created_before,
        windows=windows,
        active_first=active_first,
    )
    rows, has_more = await list_batches(session, wanted, cursor.after, cursor.limit)
    people = await users_by_id(session, {row.created_by for row in rows})
    used: dict[uuid.UUID, Analytics] = {}
    if "analytics" in included(include):
        used = await analytics_of(session, rows)
    now = services.now()
    batches = [Batch.of(row, people.get(row.created_by), now=now, analytics=used.get(row.id)) for row in rows]
    return CursorPage[Batch].of(batches, has_more=has_more)


@router.get("/{batch_id}")
@needs_own(Operation.READ, Resource.BATCHES, keys=INFERENCE_KEYS)
async def read(batch_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Batch:
    """One batch."""
    row = await _found(session, batch_id, caller, Operation.READ)
    return Batch.of(row, await _owner(session, row), now=services.now())


@router.delete("/{batch_id}", status_code=204)
@needs_own(Operation.DELETE, Resource.BATCHES, keys=INFERENCE_KEYS)
async def delete(batch_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> None:
    """Deletes a batch, and cancels what it has not done; its files stay until they are deleted."""
    row = await _found(session, batch_id, caller, Operation.DELETE, lock=True)
    if not is_over(row):
        await cancel(session, row, services.now())
    row.deleted_at = services.now()


@router.get("/{batch_id}/analytics")
@needs_own(Operation.READ, Resource.BATCHES, keys=INFERENCE_KEYS)
async def analytics(batch_id: uuid.UUID, session: Database, caller: Caller) -> Analytics:
    """What a batch has used so far."""
    row = await _found(session, batch_id, caller, Operation.READ)
    return (await analytics_of(session, [row]))[batch_id]


@router.get("/{batch_id}/results", response_class=Response, responses=NDJSON_ANSWER)
@needs_own(Operation.READ, Resource.BATCHES, keys=INFERENCE_KEYS)
async def results(
    batch_id: uuid.UUID,
    session: Database,
    caller: Caller,
    services: Served,
    limit: Annotated[int | None, Query(ge=1, le=MAX_SKIP)] = None,
    skip: Annotated[int, Query(ge=0, le=MAX_SKIP)] = 0,
    search: str = "",
    status: str | None = None,
) -> Response:
    """Every request of a batch with what became of it, in the order of its file."""
    row = await _found(session, batch_id, caller, Operation.READ)
    condition = true() if status is None else BatchRequest.state.in_(_STATES.get(status, ("failed", "cancelled")))
    wanted = Range(skip=skip, limit=limit, search=search.strip().replace("\0", ""), condition=condition)
    return await streamed(services, session, results_of(row), wanted, growing=not is_over(row))


@router.post("/{batch_id}/cancel")
@needs_own(Operation.UPDATE, Resource.BATCHES, keys=INFERENCE_KEYS)
async def cancel_(batch_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Batch:
    """Cancels what a batch has not done; what runs is aborted."""
    row = await _found(session, batch_id, caller, Operation.UPDATE, lock=True)
    await cancel(session, row, services.now())
    return Batch.of(row, await _owner(session, row), now=services.now())


@router.post("/{batch_id}/retry")
@needs_own(Operation.UPDATE, Resource.BATCHES, keys=INFERENCE_KEYS)
async def retry(batch_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Batch:
    """Lets failed and cancelled requests be tried again."""
    row = await _found(session, batch_id, caller, Operation.UPDATE, lock=True)
    if not await requeue(session, row, None, services.now()):
        raise invalid("There is nothing to retry in this batch", code="nothing_to_retry")
    return Batch.of(row, await _owner(session, row), now=services.now())


@router.post("/{batch_id}/retry-requests")
@needs_own(Operation.UPDATE, Resource.BATCHES, keys=INFERENCE_KEYS)
async def retry_requests(
    batch_id: uuid.UUID, body: RequestIds, session: Database, caller: Caller, services: Served
) -> Batch:
    """Lets some failed and cancelled requests be tried again."""
    row = await _found(session, batch_id, caller, Operation.UPDATE, lock=True)
    ids = set()
    for text in body.request_ids:
        with suppress(ValueError):
            ids.add(uuid.UUID(text.removeprefix(_REQUEST_PREFIX)))
    if not ids or row.in_progress_at is None or not await requeue(session, row, ids, services.now()):
        raise invalid("No valid request IDs provided", code="no_request_ids")
    return Batch.of(row, await _owner(session, row), now=services.now())


async def _found(
    session: AsyncSession, batch_id: uuid.UUID, caller: Principal, operation: Operation, *, lock: bool = False
) -> tables.Batch:
    """The batch, where the caller may do that with it. Raises 404."""
    owner = None if caller.may(operation, Resource.BATCHES) else caller.id
    row = await find_batch(session, batch_id, owner, lock=lock)
    if row is None:
        raise not_found("Batch", batch_id)
    return row


async def _owner(session: AsyncSession, batch: tables.Batch) -> tables.User | None:
    return (await users_by_id(session, {batch.created_by})).get(batch.created_by)
