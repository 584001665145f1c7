"""`/audit`: who changed what. Ours; the contract has none."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from control_layer.control.access import needs
from control_layer.control.audit.export import MEDIA_TYPES, Format, exported
from control_layer.control.audit.queries import entries_before, find_entry, last_sequence
from control_layer.control.audit.schemas import Entries, Entry, Selection
from control_layer.control.errors import invalid
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Database, Served
from control_layer.control.route import ControlRoute
from control_layer.store.authorship import record

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/audit", tags=["audit"], route_class=ControlRoute)
_DEFAULT_LIMIT = 50
_MAX_LIMIT = 1000
_MAX_SEQUENCE = 2**63 - 1
_FILES = {
    "description": "One entry a line, oldest first.",
    "content": {media_type.partition(";")[0]: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()},
}


@router.get("")
@needs(Operation.READ, Resource.SYSTEM)
async def list_(
    session: Database,
    wanted: Selection,
    limit: Annotated[int, Query(description=f"At most {_MAX_LIMIT}.")] = _DEFAULT_LIMIT,
    before: Annotated[int | None, Query(description="Only entries older than the one of this `sequence`.")] = None,
) -> Entries:
    """Who changed what, newest first."""
    cursor = None
    if before is not None:
        cursor = await find_entry(session, before) if 0 < before <= _MAX_SEQUENCE else None
        if cursor is None:
            raise invalid(f"before: the audit log has no entry {before}", code="unknown_entry")
    limit = min(max(limit, 1), _MAX_LIMIT)
    rows = await entries_before(session, wanted, cursor, limit + 1)
    return Entries(data=[Entry.of(row) for row in rows[:limit]], has_more=len(rows) > limit)


@router.get("/export", response_class=StreamingResponse, responses={200: _FILES})
@needs(Operation.READ, Resource.SYSTEM)
async def export(
    session: Database,
    wanted: Selection,
    services: Served,
    form: Annotated[Format, Query(alias="format", description="How it is written.")] = Format.NDJSON,
) -> StreamingResponse:
    """Everything that matches as a file, oldest first; the export is an entry of its own, which the next one shows."""
    last = await last_sequence(session)
    record(session, "export", "audit_log", details={"format": form, **wanted.told()})
    return StreamingResponse(
        exported(services, wanted, last, form),
        media_type=MEDIA_TYPES[form],
        headers={"content-disposition": f'attachment; filename="audit-log.{form}"'},
    )
