"""What a client calls what those who write for providers name as chat completions do, and where the client said it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

__all__ = ["Place", "names_in"]

_STRICT = re.compile(r"(tools\[\d+\])\.function\.strict")
_PLACE = re.compile(r"messages\[(\d+)\](?:\.content\[(\d+)\])?(.*)")


class Place(NamedTuple):
    """Where one of a conversation's messages stands."""

    whole: str
    parts: tuple[str, ...]


def names_in(
    parameters: Iterable[str], names: Mapping[str, str], places: Callable[[], Sequence[Place]]
) -> tuple[str, ...]:
    """The client's own names of parameters, in their order.

    `names` holds those that it calls otherwise; `places` says where the messages are, and is asked only where one of
    the parameters stands in a message. What is not there keeps its name.
    """
    known = cache(places)
    return tuple(_name(parameter, names, known) for parameter in parameters)


def _name(parameter: str, names: Mapping[str, str], places: Callable[[], Sequence[Place]]) -> str:
    if (strict := _STRICT.fullmatch(parameter)) is not None:
        return f"{strict[1]}.strict"
    found = _PLACE.fullmatch(parameter)
    if found is None:
        return names.get(parameter, parameter)
    index, part, rest = int(found[1]), found[2], found[3]
    messages = places()
    if index >= len(messages):
        return parameter
    place = messages[index]
    if part is None:
        return f"{place.whole}{rest}"
    return f"{place.parts[int(part)]}{rest}" if int(part) < len(place.parts) else parameter
