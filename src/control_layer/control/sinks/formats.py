"""Completed requests as the content of a file. The columns are those of the request log's export."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Double, Float, Integer, Numeric, Row
from sqlalchemy.types import TypeEngine

from control_layer.control.money import plain
from control_layer.control.request_log.export import COLUMNS, jsonl

__all__ = ["FORMATS"]

_LEVEL = 5


def _jsonl(rows: Sequence[Row[*tuple[Any, ...]]]) -> bytes:
    return gzip.compress(jsonl(rows), _LEVEL, mtime=0)


def _parquet(rows: Sequence[Row[*tuple[Any, ...]]]) -> bytes:
    """Exact decimals, times in UTC to the microsecond, everything else as Arrow's own types or texts."""
    from arro3.core import Array, Table
    from arro3.io import write_parquet

    columns: dict[str, Any] = {}
    for place, (name, column) in enumerate(COLUMNS.items()):
        values, first, last = _arrow(column.type, [row[place] for row in rows])
        array = Array(values, type=first)
        columns[name] = array if last is None else array.cast(last)
    content = io.BytesIO()
    write_parquet(Table.from_pydict(columns), content)
    return content.getvalue()


def _arrow(kind: TypeEngine[Any], values: list[Any]) -> tuple[list[Any], Any, Any]:
    """The values as Arrow takes them, their type, and the type that they are then made."""
    from arro3.core import DataType

    match kind:
        case Boolean():
            return values, DataType.bool(), None
        case BigInteger() | Integer():
            return values, DataType.int64(), None
        case Double() | Float():
            return values, DataType.float64(), None
        case Numeric():
            return [_text(value) for value in values], DataType.string(), DataType.decimal128(38, 18)
        case DateTime():
            return [_microseconds(value) for value in values], DataType.int64(), DataType.timestamp("us", tz="UTC")
        case _:
            return [_text(value) for value in values], DataType.string(), None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _microseconds(value: datetime | None) -> int | None:
    return None if value is None else round(value.timestamp() * 1_000_000)


FORMATS: Mapping[str, tuple[str, Callable[[Sequence[Row[*tuple[Any, ...]]]], bytes]]] = {
    "jsonl": ("jsonl.gz", _jsonl),
    "parquet": ("parquet", _parquet),
}
"""The end of a file's name, and what writes it."""
