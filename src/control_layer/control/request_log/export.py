"""Requests as a file, newest first: CSV (RFC 4180) or a JSON object a line, read and sent a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row

from control_layer.control.csv_text import MEDIA_TYPE, csv_of
from control_layer.control.money import plain
from control_layer.control.request_context import transaction
from control_layer.control.request_log.filters import Filter
from control_layer.control.request_log.queries import page
from control_layer.control.services import Services
from control_layer.store.tables import Request

__all__ = ["COLUMNS", "MEDIA_TYPES", "SELECTED", "Format", "exported", "jsonl"]

_BATCH = 1000


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES: Mapping[Format, str] = {Format.CSV: MEDIA_TYPE, Format.JSONL: "application/jsonl"}

COLUMNS: Mapping[str, Any] = {
    "log_id": Request.sequence,
    "id": Request.id,
    "timestamp": Request.at,
    "user_id": Request.user_id,
    "key_id": Request.key_id,
    "purpose": Request.purpose,
    "method": Request.method,
    "uri": Request.path,
    "stream": Request.stream,
    "model": Request.model,
    "model_id": Request.model_id,
    "asked_model": Request.asked_model,
    "outcome": Request.outcome,
    "status_code": Request.status,
    "error": Request.error,
    "finish_reason": Request.finish_reason,
    "attempts": Request.attempts,
    "first_byte_seconds": Request.first_byte_seconds,
    "duration_seconds": Request.duration_seconds,
    "input_tokens": Request.input_tokens,
    "output_tokens": Request.output_tokens,
    "cached_input_tokens": Request.cached_input_tokens,
    "cache_write_tokens": Request.cache_write_tokens,
    "cache_write_1h_tokens": Request.cache_write_1h_tokens,
    "audio_input_tokens": Request.audio_input_tokens,
    "image_input_tokens": Request.image_input_tokens,
    "reasoning_tokens": Request.reasoning_tokens,
    "audio_output_tokens": Request.audio_output_tokens,
    "image_output_tokens": Request.image_output_tokens,
    "token_source": Request.token_source,
    "input_price_per_token": Request.input_price_per_token,
    "output_price_per_token": Request.output_price_per_token,
    "cost": Request.cost,
    "wasted_cost": Request.wasted_cost,
    "tariff_id": Request.tariff_id,
    "cache": Request.cache,
    "saved_input_tokens": Request.saved_input_tokens,
    "saved_output_tokens": Request.saved_output_tokens,
    "saved_cost": Request.saved_cost,
    "request_bytes": Request.request_bytes,
    "response_bytes": Request.response_bytes,
    "client_request_id": Request.client_request_id,
    "provider_request_id": Request.upstream_request_id,
    "user_agent": Request.user_agent,
    "batch_id": Request.batch_id,
    "custom_id": Request.custom_id,
}
SELECTED = [column.label(name) for name, column in COLUMNS.items()]


async def exported(services: Services, wanted: Filter, form: Format) -> AsyncIterator[bytes]:
    """The file's pieces. No connection is held while one is sent; what is recorded meanwhile may be in it or not."""
    write = _WRITERS[form]
    head = csv_of([list(COLUMNS)]) if form is Format.CSV else b""
    before = None
    while True:
        async with transaction(services) as session:
            rows = await page(session, wanted, before, 0, _BATCH, SELECTED)
        yield head + write(rows)
        if len(rows) < _BATCH:
            return
        head = b""
        before = (rows[-1].timestamp, rows[-1].log_id)


def _csv(rows: Sequence[Row[*tuple[Any, ...]]]) -> bytes:
    return csv_of([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list) else value


def jsonl(rows: Sequence[Row[*tuple[Any, ...]]]) -> bytes:
    """Rows of `SELECTED`: an object a line; money as exact texts."""
    return b"".join(msgspec.json.encode(dict(zip(COLUMNS, map(_value, row), strict=True))) + b"\n" for row in rows)


def _value(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


_WRITERS: Mapping[Format, Callable[[Sequence[Row[*tuple[Any, ...]]]], bytes]] = {
    Format.CSV: _csv,
    Format.JSONL: jsonl,
}
