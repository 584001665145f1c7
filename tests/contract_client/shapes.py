"""What a field of the contract may hold: a value against a shape, every difference named with its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = [
    "BOOL",
    "DEC",
    "INT",
    "NUM",
    "OBJECT",
    "STR",
    "TS",
    "UUID",
    "Shape",
    "array",
    "differences",
    "fits",
    "nullable",
    "omitted",
    "one_of",
]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """A value that passes a test."""

    name: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Array:
    items: Shape


@dataclass(frozen=True, slots=True)
class Nullable:
    """Present, with a value or `null`."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Omitted:
    """Left out when it has no value; never `null`."""

    shape: Shape


Shape = Kind | Array | Nullable | Omitted | Mapping[str, Any]


def _is_decimal(value: Any) -> bool:
    try:
        return isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TS.fullmatch(value) is not None and bool(datetime.fromisoformat(value))


STR = Kind("string", lambda value: isinstance(value, str))
BOOL = Kind("boolean", lambda value: isinstance(value, bool))
INT = Kind("integer", lambda value: isinstance(value, int) and not isinstance(value, bool))
NUM = Kind("number", lambda value: isinstance(value, int | float) and not isinstance(value, bool))
UUID = Kind("lower-case UUID", lambda value: isinstance(value, str) and _UUID.fullmatch(value) is not None)
TS = Kind("RFC 3339 time with Z", _is_time)
DEC = Kind("decimal in a string", _is_decimal)
OBJECT = Kind("object", lambda value: isinstance(value, dict))


def one_of(*values: object) -> Kind:
    return Kind(f"one of {values}", lambda value: value in values)


def array(items: Shape) -> Array:
    return Array(items)


def nullable(shape: Shape) -> Nullable:
    return Nullable(shape)


def omitted(shape: Shape) -> Omitted:
    return Omitted(shape)


def fits(value: Any, shape: Shape) -> None:
    """Fails, naming every field that is not as the contract says; further fields are a server's own affair."""
    found = list(differences(value, shape, "$"))
    assert not found, "\n".join(found) + f"\nin {value}"


def differences(value: Any, shape: Shape, path: str) -> list[str]:
    match shape:
        case Kind(name, accepts):
            return [] if accepts(value) else [f"{path}: {value!r} is no {name}"]
        case Nullable(inner):
            return [] if value is None else differences(value, inner, path)
        case Omitted(inner):
            return differences(value, inner, path)
        case Array(items):
            if not isinstance(value, list):
                return [f"{path}: {value!r} is no array"]
            return [found for index, item in enumerate(value) for found in differences(item, items, f"{path}[{index}]")]
        case _:
            return _differences_of_object(value, shape, path)


def _differences_of_object(value: Any, fields: Mapping[str, Shape], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"]
    found = []
    for name, shape in fields.items():
        if name in value:
            found += differences(value[name], shape, f"{path}.{name}")
        elif not isinstance(shape, Omitted):
            found.append(f"{path}.{name}: missing")
    return found
