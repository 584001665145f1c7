"""`/ai/v1/files` (§4.14)."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import INFERENCE_KEYS, needs_own
from control_layer.control.batches.cancelling import cancel_batches_of_file
from control_layer.control.batches.status import is_over
from control_layer.control.cursor import Cursor, CursorPage
from control_layer.control.errors import invalid, not_found
from control_layer.control.files.content import (
    MAX_SKIP,
    NDJSON_ANSWER,
    Content,
    Range,
    errors_of,
    outputs_of,
    streamed,
    templates_of,
)
from control_layer.control.files.estimate import estimated
from control_layer.control.files.queries import (
    FileFilter,
    batch_of_output,
    find_file,
    list_files,
    unlink,
    usable_models,
)
from control_layer.control.files.schemas import CostEstimate, Deleted, File
from control_layer.control.files.template import Rules
from control_layer.control.files.upload import new_spool, received
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.users.queries import users_by_id
from control_layer.store import tables

__all__ = ["router"]

router = APIRouter(prefix="/ai/v1/files", tags=["files"], route_class=ControlRoute)
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "purpose": {"type": "string", "enum": ["batch"]},
                        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
                        "expires_after[seconds]": {"type": "integer", "minimum": 1, "description": "30 days without."},
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "JSON Lines: `custom_id`, `method`, `url` and `body` of a request each.",
                        },
                    },
                }
            }
        },
    }
}


@router.post("", status_code=201, openapi_extra=_FORM)
@needs_own(Operation.CREATE, Resource.FILES, keys=INFERENCE_KEYS)
async def upload(request: Request, session: Database, caller: Caller, services: Served) -> File:
    """Stores a file of requests, all of whose lines are valid and ask for models that the caller can use."""
    settings = services.settings
    rules = Rules(
        urls=frozenset(settings.batches.allowed_url_paths),
        models=await usable_models(session, caller.id),
        max_body_bytes=settings.limits.requests.max_body_size,
    )
    await session.rollback()  # nobody's slow body holds a connection
    async with services.upload_slots.taken():
        with new_spool() as spool:
            found = await received(request, spool, rules, settings.limits)
            return File.of(await found.store(session, caller.id, services.now()))


@router.get("")
@needs_own(Operation.READ, Resource.FILES, keys=INFERENCE_KEYS)
async def list_(
    session: Database,
    caller: Caller,
    cursor: Cursor,
    order: Literal["asc", "desc"] = "desc",
    purpose: str | None = None,
    search: str = "",
    own: bool = False,
    member_id: uuid.UUID | None = None,
) -> CursorPage[File]:
    """The caller's files, or everybody's for those who may read them; newest first."""
    owner, sees_all = _owner_seen_by(caller), caller.may(Operation.READ, Resource.FILES)
    if member_id is not None:
        if not sees_all:
            raise invalid("member_id is for organizations and platform managers")
        owner = member_id
    wanted = FileFilter(
        owner=caller.id if own else owner,
        purpose=purpose,
        search=search.strip().replace("\0", ""),
        ascending=order == "asc",
    )
    rows, has_more = await list_files(session, wanted, cursor.after, cursor.limit)
    people = await users_by_id(session, {row.uploaded_by for row in rows}) if sees_all else {}
    return CursorPage[File].of([File.of(row, people.get(row.uploaded_by)) for row in rows], has_more=has_more)


@router.get("/{file_id}")
@needs_own(Operation.READ, Resource.FILES, keys=INFERENCE_KEYS)
async def read(file_id: uuid.UUID, session: Database, caller: Caller) -> File:
    """One file."""
    row = await _seen(session, file_id, caller)
    sees_all = caller.may(Operation.READ, Resource.FILES)
    people = await users_by_id(session, {row.uploaded_by}) if sees_all else {}
    return File.of(row, people.get(row.uploaded_by))


@router.get("/{file_id}/content", response_class=Response, responses=NDJSON_ANSWER)
@needs_own(Operation.READ, Resource.FILES, keys=INFERENCE_KEYS)
async def content(
    file_id: uuid.UUID,
    session: Database,
    caller: Caller,
    services: Served,
    limit: Annotated[int | None, Query(ge=1, le=MAX_SKIP)] = None,
    skip: Annotated[int, Query(ge=0, le=MAX_SKIP)] = 0,
    search: str = "",
) -> Response:
    """The file's lines. `X-Incomplete` says whether there is or will be more, `X-Last-Line` where to go on (`skip`)."""
    lines, growing = await _content(session, await _seen(session, file_id, caller))
    wanted = Range(skip=skip, limit=limit, search=search.strip().replace("\0", ""))
    return await streamed(services, session, lines, wanted, growing=growing)


@router.delete("/{file_id}")
@needs_own(Operation.DELETE, Resource.FILES, keys=INFERENCE_KEYS)
async def delete(file_id: uuid.UUID, session: Database, caller: Caller, services: Served) -> Deleted:
    """Deletes a file; unfinished batches made from it are cancelled."""
    owner = None if caller.may(Operation.DELETE, Resource.FILES) else caller.id
    row = await find_file(session, file_id, owner, lock=True)
    if row is None:
        raise not_found("File", file_id)
    await unlink(session, row, services.now())
    await cancel_batches_of_file(session, file_id, services.now())
    return Deleted(id=file_id, object="file", deleted=True)


@router.get("/{file_id}/cost-estimate")
@needs_own(Operation.READ, Resource.FILES, keys=INFERENCE_KEYS)
async def estimate(
    file_id: uuid.UUID, session: Database, caller: Caller, completion_window: str = "24h"
) -> CostEstimate:
    """What the file's requests may cost in a batch."""
    await _seen(session, file_id, caller)
    return CostEstimate.of(file_id, await estimated(session, file_id, completion_window))


async def _content(session: AsyncSession, file: tables.File) -> tuple[Content, bool]:
    """A file's lines, and whether more may come."""
    if file.purpose == "batch":
        return templates_of(file.id), False
    batch = await batch_of_output(session, file)
    if batch is None:
        raise not_found("File", file.id)
    return (outputs_of if file.purpose == "batch_output" else errors_of)(batch), not is_over(batch)


async def _seen(session: AsyncSession, file_id: uuid.UUID, caller: Principal) -> tables.File:
    """The file, where the caller may see it. Raises 404."""
    row = await find_file(session, file_id, _owner_seen_by(caller))
    if row is None:
        raise not_found("File", file_id)
    return row


def _owner_seen_by(caller: Principal) -> uuid.UUID | None:
    """Whose files the caller sees; `None`: everybody's."""
    return None if caller.may(Operation.READ, Resource.FILES) else caller.id
