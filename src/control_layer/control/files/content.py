"""What files and batches hold, line by line: read some at a time, so that a slow client holds neither memory nor a
database connection. A line has a position that never changes, by which reading is taken up again."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.tables import Batch, BatchRequest, FileRequest

__all__ = [
    "MAX_SKIP",
    "NDJSON_ANSWER",
    "Content",
    "Range",
    "error_line",
    "errors_of",
    "output_line",
    "outputs_of",
    "results_of",
    "streamed",
    "template_line",
    "templates_of",
]

_ROWS_AT_ONCE = 200
_BYTES_AT_ONCE = 2 * 1024 * 1024
_NDJSON = "application/x-ndjson"
NDJSON_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "JSON Lines.", "content": {_NDJSON: {"schema": {"type": "string"}}}}
}
"""For the reference, of routes that answer with `streamed`."""
MAX_SKIP = 2**62
"""The farthest position that a client may name."""
_Render = Callable[[Row[*tuple[Any, ...]]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Lines: where they stand, and how one is written. `select` has no order and no bound yet."""

    select: Select[*tuple[Any, ...]]
    position: Any
    size: ColumnElement[int]
    custom_id: SQLColumnExpression[str]
    render: _Render


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Which lines are asked for."""

    skip: int = 0
    limit: int | None = None
    search: str = ""
    """A part of the `custom_id`."""
    condition: ColumnElement[bool] = field(default_factory=true)


def templates_of(file_id: uuid.UUID) -> Content:
    """The requests of an uploaded file."""
    columns = (FileRequest.custom_id, FileRequest.url, FileRequest.body)
    return Content(
        select=select(FileRequest.line.label("position"), *columns).where(FileRequest.file_id == file_id),
        position=FileRequest.line,
        size=func.octet_length(FileRequest.body),
        custom_id=FileRequest.custom_id,
        render=template_line,
    )


def outputs_of(batch: Batch) -> Content:
    """The answers of a batch, in the order they came."""
    return _ends(batch, "completed", func.octet_length(BatchRequest.response), _output)


def errors_of(batch: Batch) -> Content:
    """The failures of a batch, in the order they came."""
    return _ends(batch, "failed", func.octet_length(BatchRequest.error), _error)


def results_of(batch: Batch) -> Content:
    """Every request of a batch with what became of it, in the order of the file."""
    columns = (BatchRequest.id, FileRequest.custom_id, BatchRequest.model, FileRequest.body, BatchRequest.response)
    return Content(
        select=select(BatchRequest.line.label("position"), *columns, BatchRequest.error, BatchRequest.state)
        .join(FileRequest, _template_of(batch))
        .where(BatchRequest.batch_id == batch.id, BatchRequest.deleted_at.is_(None)),
        position=BatchRequest.line,
        size=func.octet_length(FileRequest.body) + func.coalesce(func.octet_length(BatchRequest.response), 0),
        custom_id=FileRequest.custom_id,
        render=_result,
    )


async def streamed(
    services: Services, session: AsyncSession, content: Content, wanted: Range, *, growing: bool
) -> StreamingResponse:
    """The answer: everything in the range that is there at this moment. `growing`: more may come."""
    condition = _matching(content, wanted)
    first, last, more = await _bounds(session, content, wanted, condition)
    headers = {"x-incomplete": "true" if more or growing else "false"}
    if last is not None:
        headers["x-last-line"] = str(last)
    elif not wanted.search:
        headers["x-last-line"] = str(wanted.skip)
    body = _lines(services, content, condition, first, last)
    return StreamingResponse(body, media_type=_NDJSON, headers=headers)


def output_line(request: Any, custom_id: str) -> bytes:
    """A line of an output file; `request` has `id`, `status_code` and `response`."""
    response = {"status_code": request.status_code, "request_id": None, "body": _json_or_text(request.response)}
    line = {"id": f"batch_req_{request.id}", "custom_id": custom_id, "response": response, "error": None}
    return msgspec.json.encode(line) + b"\n"


def error_line(request: Any, custom_id: str) -> bytes:
    """A line of an error file; `request` has `id` and `error`."""
    error = {"code": None, "message": request.error}
    line = {"id": f"batch_req_{request.id}", "custom_id": custom_id, "response": None, "error": error}
    return msgspec.json.encode(line) + b"\n"


def template_line(template: Any) -> bytes:
    """A line of an uploaded file; `template` has `custom_id`, `url` and `body`."""
    line = {"custom_id": template.custom_id, "method": "POST", "url": template.url, "body": msgspec.Raw(template.body)}
    return msgspec.json.encode(line) + b"\n"


def _ends(batch: Batch, state: str, size: ColumnElement[int], render: _Render) -> Content:
    columns = (BatchRequest.id, FileRequest.custom_id, BatchRequest.status_code, BatchRequest.response)
    return Content(
        select=select(BatchRequest.position.label("position"), *columns, BatchRequest.error)
        .join(FileRequest, _template_of(batch))
        .where(BatchRequest.batch_id == batch.id, BatchRequest.state == state, BatchRequest.deleted_at.is_(None)),
        position=BatchRequest.position,
        size=size,
        custom_id=FileRequest.custom_id,
        render=render,
    )


def _template_of(batch: Batch) -> ColumnElement[bool]:
    return and_(FileRequest.file_id == batch.source_file_id, FileRequest.line == BatchRequest.line)


def _matching(content: Content, wanted: Range) -> ColumnElement[bool]:
    if not wanted.search:
        return wanted.condition
    return and_(wanted.condition, content.custom_id.icontains(wanted.search, autoescape=True))


async def _bounds(
    session: AsyncSession, content: Content, wanted: Range, condition: ColumnElement[bool]
) -> tuple[int | None, int | None, bool]:
    """Where the first and the last line of the range stand, and whether there are more behind it."""
    positions = content.select.with_only_columns(content.position.label("position")).where(condition)
    positions = positions.order_by(content.position)
    positions = positions.offset(wanted.skip) if wanted.search else positions.where(content.position > wanted.skip)
    last_there = (await session.execute(select(func.max(positions.subquery().c.position)))).scalar_one()
    if wanted.limit is not None:
        positions = positions.limit(wanted.limit)
    table = positions.subquery()
    first, last = (await session.execute(select(func.min(table.c.position), func.max(table.c.position)))).one()
    return first, last, last_there is not None and (last is None or last_there > last)


async def _lines(
    services: Services, content: Content, condition: ColumnElement[bool], first: int | None, last: int | None
) -> AsyncIterator[bytes]:
    if first is None or last is None:
        return
    reached = first - 1
    while reached < last:
        here = and_(condition, content.position > reached, content.position <= last)
        async with transaction(services) as session:
            reached = await _next_stop(session, content, here, last)
            rows = await session.execute(
                content.select.where(here, content.position <= reached).order_by(content.position)
            )
            piece = b"".join(content.render(row) for row in rows)
        if piece:
            yield piece


async def _next_stop(session: AsyncSession, content: Content, here: ColumnElement[bool], last: int) -> int:
    """How far the next piece goes: some lines, and not too large together."""
    sizes = (
        content.select.with_only_columns(content.position, content.size)
        .where(here)
        .order_by(content.position)
        .limit(_ROWS_AT_ONCE)
    )
    total, stop = 0, last
    for position, size in await session.execute(sizes):
        if total and total + (size or 0) > _BYTES_AT_ONCE:
            break
        total, stop = total + (size or 0) + 1, position
    return int(stop)


def _output(row: Row[*tuple[Any, ...]]) -> bytes:
    return output_line(row, row.custom_id)


def _error(row: Row[*tuple[Any, ...]]) -> bytes:
    return error_line(row, row.custom_id)


_STATES = {"running": "in_progress", "cancelled": "failed"}


def _result(row: Row[*tuple[Any, ...]]) -> bytes:
    line: dict[str, Any] = {
        "id": str(row.id),
        "custom_id": row.custom_id,
        "model": row.model,
        "input_body": msgspec.Raw(row.body),
    }
    if row.response is not None:
        line["response_body"] = _json_or_text(row.response)
    if row.error is not None or row.state == "cancelled":
        line["error"] = row.error or "The batch was cancelled"
    line["status"] = _STATES.get(row.state, row.state)
    return msgspec.json.encode(line) + b"\n"


def _json_or_text(content: bytes | None) -> Any:
    """JSON untouched, in one line; anything else as text."""
    if not content:
        return None
    try:
        if b"\n" in content or b"\r" in content:
            content = msgspec.json.format(content, indent=-1)
        msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")
    return msgspec.Raw(content)
