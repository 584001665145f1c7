"""`/analytics` and `/usage/breakdown`: what was asked, made into rows by whatever tells requests apart. Ours; the
contract has none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import needs, signed_in
from control_layer.control.analytics.breakdown import ROWS, Part, breakdown, size
from control_layer.control.analytics.breakdown_schemas import Breakdown, row_of
from control_layer.control.analytics.questions import Asked, Question, of_one_account
from control_layer.control.analytics.sources import roomy
from control_layer.control.analytics.spans import Unit
from control_layer.control.csv_text import MEDIA_TYPE, csv_of
from control_layer.control.permissions import Operation, Resource
from control_layer.control.request_context import Caller, Database, Served, transaction
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services
from control_layer.store.tables import TrafficHorizon

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1", tags=["analytics"], route_class=ControlRoute)
_DEFAULT_LIMIT = 100
_MAX_LIMIT = 1000
_MAX_SKIP = 2**31
_ROWS_AT_ONCE = 1000
_LONGEST_EXPORT_SECONDS = 600
"""A reader that stands still gives its connection to the database back."""


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    CSV = "csv"


_EXAMPLE = {
    "start": "2026-09-20T00:00:00Z",
    "end": "2026-09-27T00:00:00Z",
    "data": [
        {
            "requests": 1200,
            "input_tokens": 850000,
            "output_tokens": 91000,
            "cached_input_tokens": 400000,
            "cache_write_tokens": 0,
            "cache_write_1h_tokens": 0,
            "audio_input_tokens": 0,
            "image_input_tokens": 0,
            "reasoning_tokens": 12000,
            "audio_output_tokens": 0,
            "image_output_tokens": 0,
            "cache_hits": 700,
            "response_cache_hits": 180,
            "response_cache_misses": 100,
            "response_cache_coalesced": 20,
            "response_cache_hit_rate": 0.6667,
            "saved_input_tokens": 140000,
            "saved_output_tokens": 17000,
            "saved_cost": "0.52",
            "cost": "3.035",
            "unpriced_requests": 0,
            "avg_latency_ms": 812.5,
            "latency_ms": {"p50": 640.1, "p95": 2310.7, "p99": 4105.2},
            "first_token_ms": {"p50": 210.4, "p95": 720.3, "p99": 1290.9},
            "model": "gpt-5.5",
        }
    ],
    "total_count": 1,
    "skip": 0,
    "limit": 100,
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page of rows; as CSV, all of them.",
        "content": {
            "application/json": {"example": _EXAMPLE},
            "text/csv": {
                "schema": {"type": "string"},
                "example": "model,requests,input_tokens,…\r\ngpt-5.5,1200,850000,…\r\n",
            },
        },
    }
}


_Form = Annotated[Format, Query(alias="format", description="`csv`: all rows, sent as they are found.")]
_Limit = Annotated[int, Query(description=f"At most {_MAX_LIMIT}.")]


@router.get("/analytics", response_model=Breakdown, responses=_ANSWERS)
@needs(Operation.READ, Resource.ANALYTICS)
async def read(
    session: Database,
    services: Served,
    question: Asked,
    form: _Form = Format.JSON,
    skip: int = 0,
    limit: _Limit = _DEFAULT_LIMIT,
) -> Breakdown | StreamingResponse:
    """Requests, tokens, cost and latencies of a stretch of time, by one or two of what tells requests apart."""
    return await _answer(session, services, question, form, skip, limit, file="analytics.csv")


@router.get("/usage/breakdown", response_model=Breakdown, responses=_ANSWERS)
@signed_in
async def read_own(
    session: Database,
    caller: Caller,
    services: Served,
    question: Asked,
    form: _Form = Format.JSON,
    skip: int = 0,
    limit: _Limit = _DEFAULT_LIMIT,
) -> Breakdown | StreamingResponse:
    """The same of the caller's own requests: by model, key, status, purpose and time."""
    own = of_one_account(question, caller.id)
    return await _answer(session, services, own, form, skip, limit, file="usage.csv")


async def _answer(
    session: AsyncSession, services: Services, question: Question, form: Format, skip: int, limit: int, *, file: str
) -> Breakdown | StreamingResponse:
    minutes_since = await _minutes_since(session) if question.unit is Unit.MINUTE else None
    if form is Format.CSV:
        return StreamingResponse(
            _exported(services, breakdown(question, minutes_since, Part())),
            media_type=MEDIA_TYPE,
            headers={"content-disposition": f'attachment; filename="{file}"'},
        )
    skip, limit = min(max(skip, 0), _MAX_SKIP), min(max(limit, 1), _MAX_LIMIT)
    rows, total = await _page(session, question, minutes_since, Part(skip, limit))
    return Breakdown(
        start=question.start,
        end=question.end,
        data=[row_of(row, question) for row in rows],
        total_count=total,
        skip=skip,
        limit=limit,
    )


async def _minutes_since(session: AsyncSession) -> datetime | None:
    since: datetime | None = (await session.execute(select(TrafficHorizon.minutes_since))).scalar_one_or_none()
    return since


async def _page(
    session: AsyncSession, question: Question, minutes_since: datetime | None, part: Part
) -> tuple[Sequence[Any], int]:
    """The rows, and how many there are in all."""
    await roomy(session)
    rows = (await session.execute(breakdown(question, minutes_since, part))).mappings().all()
    if rows or not part.skip:
        return rows, rows[0][ROWS] if rows else 0
    return rows, (await session.execute(size(question, minutes_since))).scalar_one()


async def _exported(services: Services, statement: Select[*tuple[Any, ...]]) -> AsyncIterator[bytes]:
    """The file's pieces, read from a cursor of the database."""
    columns = [column for column in statement.selected_columns if column.name != ROWS]
    statement = statement.with_only_columns(*columns)
    yield csv_of([[column.name for column in columns]])
    async with asyncio.timeout(_LONGEST_EXPORT_SECONDS), transaction(services) as session:
        await roomy(session)
        found = await session.stream(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
        async for rows in found.partitions():
            yield csv_of(rows)
