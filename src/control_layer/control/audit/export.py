"""The audit log as a file, oldest entry first: NDJSON or CSV (RFC 4180), read and sent a batch at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from control_layer.control.audit.queries import entries_after
from control_layer.control.audit.schemas import Entry, Filter
from control_layer.control.request_context import transaction
from control_layer.control.services import Services

__all__ = ["MEDIA_TYPES", "Format", "exported"]

_BATCH = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets would run what begins so


class Format(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    CSV = "csv"


MEDIA_TYPES: Mapping[Format, str] = {Format.NDJSON: "application/x-ndjson", Format.CSV: "text/csv; charset=utf-8"}


async def exported(services: Services, wanted: Filter, last: int, form: Format) -> AsyncIterator[bytes]:
    """The file's pieces: what matches `wanted` up to the entry `last`. No connection is held while one is sent."""
    write = _WRITERS[form]
    if form is Format.CSV:
        yield _csv([list(Entry.model_fields)])
    cursor = None
    while True:
        async with transaction(services) as session:
            rows = await entries_after(session, wanted, cursor, last, _BATCH)
        if rows:
            yield write([Entry.of(row) for row in rows])
        if len(rows) < _BATCH:
            return
        cursor = rows[-1]


def _ndjson(entries: Sequence[Entry]) -> bytes:
    return b"".join(entry.model_dump_json().encode() + b"\n" for entry in entries)


def _csv_rows(entries: Sequence[Entry]) -> bytes:
    return _csv([[_cell(value) for value in entry.model_dump(mode="json").values()] for entry in entries])


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


_WRITERS: Mapping[Format, Callable[[Sequence[Entry]], bytes]] = {Format.NDJSON: _ndjson, Format.CSV: _csv_rows}
