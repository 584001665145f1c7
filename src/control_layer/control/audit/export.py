"""The audit log as a file, oldest entry first: NDJSON or CSV (RFC 4180), read and sent a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import StrEnum

from control_layer.control.audit.queries import entries_after
from control_layer.control.audit.schemas import Entry, Filter
from control_layer.control.csv_text import MEDIA_TYPE, csv_of
from control_layer.control.request_context import transaction
from control_layer.control.services import Services

__all__ = ["MEDIA_TYPES", "Format", "exported"]

_BATCH = 500


class Format(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    CSV = "csv"


MEDIA_TYPES: Mapping[Format, str] = {Format.NDJSON: "application/x-ndjson", Format.CSV: MEDIA_TYPE}


async def exported(services: Services, wanted: Filter, last: int, form: Format) -> AsyncIterator[bytes]:
    """The file's pieces: what matches `wanted` up to the entry `last`. No connection is held while one is sent."""
    write = _WRITERS[form]
    if form is Format.CSV:
        yield csv_of([list(Entry.model_fields)])
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


def _csv(entries: Sequence[Entry]) -> bytes:
    return csv_of(list(entry.model_dump(mode="json").values()) for entry in entries)


_WRITERS: Mapping[Format, Callable[[Sequence[Entry]], bytes]] = {Format.NDJSON: _ndjson, Format.CSV: _csv}
