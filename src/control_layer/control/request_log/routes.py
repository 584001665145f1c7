"""`/requests` (§4.7), with a request's detail and export, which are ours."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs
from control_layer.control.errors import ControlError, invalid, not_found
from control_layer.control.include import included
from control_layer.control.paging import Paging
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.request_log.export import MEDIA_TYPES, Format, exported
from control_layer.control.request_log.filters import Selection
from control_layer.control.request_log.names import names_in
from control_layer.control.request_log.presentation import detail, log_entry, open_detail
from control_layer.control.request_log.queries import (
    bodies_of,
    bounded,
    emails_of,
    find_open,
    find_request,
    find_sequence,
    page,
)
from control_layer.control.request_log.schemas import LogPage, RequestDetail
from control_layer.control.route import ControlRoute
from control_layer.store.authorship import record
from control_layer.store.tables import Request

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/requests", tags=["requests"], route_class=ControlRoute)

_MAX_LOG_ID = 2**63 - 1
_INCLUDED = ("bodies",)
_FILES: dict[str, Any] = {
    "description": "One request a line, newest first.",
    "content": {media_type.partition(";")[0]: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()},
}


@router.get("")
@needs(Operation.READ, Resource.REQUESTS)
async def list_(
    session: Database,
    wanted: Selection,
    paging: Paging,
    order_desc: bool = True,
    before: Annotated[
        int | None, Query(description="Only requests older than the one of this `id`: the way to the next page.")
    ] = None,
    include: Annotated[
        str | None, Query(description="`details`: who asked, what came of it, and what it cost, too.")
    ] = None,
) -> LogPage:
    """The request log, newest first; `order_desc=false` turns the page round."""
    place = None if before is None else await _place(session, before)
    rows = await page(session, wanted, place, paging.skip, paging.limit)
    emails = await emails_of(session, rows) if "details" in included(include) else None
    entries = [log_entry(row, emails) for row in rows]
    return LogPage(entries=entries if order_desc else entries[::-1])


@router.get("/export", response_class=StreamingResponse, responses={200: _FILES})
@needs(Operation.READ, Resource.REQUESTS)
async def export(
    session: Database,
    services: Served,
    wanted: Selection,
    form: Annotated[Format, Query(alias="format", description="How it is written.")] = Format.CSV,
) -> StreamingResponse:
    """All that match as a file, newest first, without bodies. The audit log says who exported what."""
    pieces = exported(services, wanted, form)
    first = await anext(pieces)  # before anything is answered: it may take too long
    record(session, "export", "requests", details={"format": form, **wanted.told()})
    return StreamingResponse(
        _all_of(first, pieces),
        media_type=MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="requests.{form}"'},
    )


@router.get("/{request_id}")
@needs(Operation.READ, Resource.REQUESTS)
async def read(
    session: Database,
    request_id: Annotated[
        str,
        Path(
            description="The request's own id, as its answer's `x-request-id` has it, or the integer of the list.",
            examples=["019a5c1e-7d43-7000-8a55-0c7f0e6f2b11"],
        ),
    ],
    include: Annotated[
        str | None, Query(description="`bodies`: what was asked and answered, where it is kept.")
    ] = None,
) -> RequestDetail:
    """Everything that is known of one request, with each of its attempts; also of one that is under way."""
    asked_for = set(filter(None, (include or "").split(",")))
    if unknown := asked_for.difference(_INCLUDED):
        raise invalid(f"include: there is no {', '.join(sorted(unknown))}; there is {', '.join(_INCLUDED)}")
    row = await _found(session, request_id)
    if row is None:
        under_way = None if request_id.isdecimal() else await find_open(session, uuid.UUID(request_id))
        if under_way is None:
            raise _unknown(request_id)
        return open_detail(under_way, await names_in(session, under_way))
    kept = await bodies_of(session, row) if "bodies" in asked_for else None
    return detail(row, await names_in(session, row), kept)


async def _found(session: AsyncSession, request_id: str) -> Request | None:
    async with bounded(session):
        if request_id.isdecimal():
            number = int(request_id)
            found = await find_sequence(session, number) if number <= _MAX_LOG_ID else None
            return None if found is None else await find_request(session, found[1], found[0])
        try:
            return await find_request(session, uuid.UUID(request_id))
        except ValueError:
            raise invalid("A request's id is a UUID, or the integer that the list has", code="invalid_id") from None


async def _place(session: AsyncSession, log_id: int) -> tuple[datetime, int]:
    async with bounded(session):
        found = await find_sequence(session, log_id) if 0 < log_id <= _MAX_LOG_ID else None
    if found is None:
        raise invalid(f"before: the request log has no entry {log_id}", code="unknown_entry")
    return found[0], log_id


async def _all_of(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _unknown(request_id: str) -> ControlError:
    return not_found("Request", request_id)
