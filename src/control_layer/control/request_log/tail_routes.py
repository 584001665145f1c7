"""`GET /requests/tail`: the request log as it is written, as Server-Sent Events (HTML, 9.2). Ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from control_layer.control.access import PLATFORM_KEYS, needs
from control_layer.control.authentication.identification import identify
from control_layer.control.errors import ControlError, TryLater
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served, transaction
from control_layer.control.request_log.filters import Filter, Selection
from control_layer.control.request_log.presentation import log_entry
from control_layer.control.request_log.queries import arrivals, bounded, emails_of, last_number, recorded_as
from control_layer.control.request_log.schemas import LogEntry
from control_layer.control.request_log.tail import MOST_ENTRIES
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/requests", tags=["requests"], route_class=ControlRoute)

_HEARTBEAT_SECONDS = 5.0
"""So long may somebody go on watching who is signed out, and so soon is one seen who has left."""
_LONGEST_WAY_BACK = 10_000
_MAX_LOG_ID = 2**63 - 1
_BEGINNING = b"retry: 2000\n\n"
_HEARTBEAT = b": \n\n"
_SKIPPED = b"event: skipped\ndata: {}\n\n"
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An event for each request, whose data is an entry of the list with its details and whose id is "
        "the entry's; `skipped` where there were more than are sent; `failed` with a message where there is no "
        "going on; comments in between, so that a line that is quiet is told from one that is gone.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'id: 7\ndata: {"id":7,"timestamp":"2026-11-20T10:00:00Z","method":"POST",…}\n\n',
            }
        },
    }
}


@router.get("/tail", response_class=StreamingResponse, responses=_EVENTS)
@needs(Operation.READ, Resource.REQUESTS)
async def tail(
    request: Request,
    session: Database,
    services: Served,
    wanted: Selection,
    after: Annotated[
        int | None,
        Query(ge=0, le=_MAX_LOG_ID, description="Begin with what was recorded after the entry of this `id`."),
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="As `after`, and before it: browsers send it when they connect again.")
    ] = None,
) -> StreamingResponse:
    """Requests as they are recorded, within about a second, for as long as the caller may read the log.

    What was recorded since the place that one left is sent first, if it is not more than the last few hundred.
    """
    services.tail.check()
    place = int(last_event_id) if last_event_id is not None and _is_number(last_event_id) else after
    if place is None:
        place = await last_number(session)
    return StreamingResponse(
        _events(request, services, wanted, place),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def _events(request: Request, services: Services, wanted: Filter, place: int) -> AsyncIterator[bytes]:
    """Nobody who watches holds a connection to the database."""
    clock = asyncio.get_running_loop().time
    try:
        with services.tail.watching(wanted) as watch:
            yield _BEGINNING
            await services.tail.followed.wait()
            missed, skipped = await _since(services, wanted, place)
            sent = {entry.id for entry in missed}  # these may arrive, too
            yield _written(missed, skipped=skipped)
            looked = clock()
            while not watch.closed:
                entries, skipped = await watch.take(_HEARTBEAT_SECONDS)
                yield _written([entry for entry in entries if entry.id not in sent], skipped=skipped)
                if clock() - looked >= _HEARTBEAT_SECONDS:
                    looked = clock()
                    if not await _may_read(request, services):
                        return
    except ControlError as error:
        yield b"event: failed\ndata: %b\n\n" % msgspec.json.encode({"message": error.message})


async def _since(services: Services, wanted: Filter, place: int) -> tuple[Sequence[LogEntry], bool]:
    """What was recorded after `place`, and whether there was more before it."""
    now = services.now()
    async with transaction(services) as session, bounded(session):
        begin = max(place, await last_number(session) - _LONGEST_WAY_BACK)
        numbers = await arrivals(session, begin, now)
        rows = await recorded_as(session, wanted, numbers, now, MOST_ENTRIES + 1) if numbers else []
        shown = rows[-MOST_ENTRIES:]
        emails = await emails_of(session, shown)
    return [log_entry(row, emails) for row in shown], begin > place or len(rows) > len(shown)


async def _may_read(request: Request, services: Services) -> bool:
    """Whether who began to watch still may."""
    try:
        async with transaction(services) as session:
            caller = await identify(request, services, session, keys=PLATFORM_KEYS)
            caller.require(Operation.READ, Resource.REQUESTS)
    except TryLater:
        return True  # the database is away: so is what could be shown
    except ControlError:
        return False
    return True


def _written(entries: Sequence[LogEntry], *, skipped: bool) -> bytes:
    events = [f"id: {entry.id}\ndata: {entry.model_dump_json()}\n\n".encode() for entry in entries]
    return b"".join([_SKIPPED] * skipped + events) or _HEARTBEAT


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) <= _MAX_LOG_ID
