"""A value put at its place in JSON. What stands beside it keeps its bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

__all__ = ["put"]

_INDEX = re.compile("0|[1-9][0-9]{0,8}")
_END = "-"
"""Behind the last element (RFC 6901, section 4)."""
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def put(fields: dict[str, msgspec.Raw], place: Sequence[str], value: msgspec.Raw) -> None:
    """Puts a value where the reference tokens of a JSON pointer lead, at least one.

    Objects are made on the way, and take the place of what is no object there. An element of an array that exists is
    entered or replaced; one may be added at the array's end.
    """
    name, *rest = place
    fields[name] = _with(fields.get(name), rest, value)


def _with(present: msgspec.Raw | None, place: Sequence[str], value: msgspec.Raw) -> msgspec.Raw:
    if not place:
        return value
    inside = _opened(present)
    if isinstance(inside, list):
        index = _index(place[0], len(inside))
        if index is not None:
            element = inside[index] if index < len(inside) else None
            inside[index : index + 1] = [_with(element, place[1:], value)]
            return msgspec.Raw(_encode(inside))
        inside = {}
    put(inside, place, value)
    return msgspec.Raw(_encode(inside))


def _opened(present: msgspec.Raw | None) -> dict[str, msgspec.Raw] | list[msgspec.Raw]:
    try:
        return {} if present is None else _decode(present)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}  # a text, a number, null


def _index(token: str, length: int) -> int | None:
    """Where in an array of so many elements; `None` where there is no such place."""
    if token == _END:
        return length
    index = int(token) if _INDEX.fullmatch(token) else length + 1
    return index if index <= length else None
