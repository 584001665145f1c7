"""What a native API of the simulator is: one provider's own, strict as the real one. Each has a module and a prefix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from control_layer.simulator.script import Script
from control_layer.simulator.strictness import Refusal
from control_layer.wire import Header, Request

__all__ = ["Answered", "Asked", "Misfit", "NativeApi", "fitting"]

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Answered:
    """An answer: whole, or as events."""

    body: Any = None
    events: list[bytes] | None = None
    usage: dict[str, Any] | None = None
    """What is billed."""
    failure: bytes = b""
    """What a stream says when it fails."""
    last: int = 1
    """How many events at its end say that the stream is whole."""
    unbroken: Iterable[bytes] | None = None
    """Events that no script takes away from."""
    media_type: bytes = b"text/event-stream"
    """Of the events."""
    sound: bytes | None = None
    """A WAV file."""
    billed: bool = True
    headers: list[Header] = field(default_factory=list)
    """What else stands in the head of one that is whole."""


@dataclass(slots=True)
class Asked:
    """A request that was read. `answer` takes the script of its model, and the answer's id; it may raise Refusal."""

    model: str
    answer: Callable[[Script, str], Answered]


class NativeApi(Protocol):
    """One provider's API. Paths are those behind its prefix."""

    def authorise(self, request: Request, api_key: str | None) -> None:
        """Raises Refusal."""
        ...

    def read(self, request: Request, path: str, body: bytes) -> Asked | Answered:
        """What is asked of a model, or an answer that needs none. Raises Refusal."""
        ...

    def refused(self, refusal: Refusal, answer_id: str) -> dict[str, Any]:
        """The error answer."""
        ...

    def headers(self, answer_id: str, refusal: Refusal | None = None, /) -> list[Header]:
        """What stands in the head of every answer, or of one that is a refusal."""
        ...


@dataclass(slots=True)
class Misfit(Exception):
    """A value that is not of its type. `kind` is `unknown`, `missing` or `wrong`."""

    kind: str
    path: tuple[str | int, ...]
    message: str


_PATH = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"`([^`]*)`")


def fitting(value: object, kind: type[T], at: tuple[str | int, ...] = ()) -> T:
    """`value` as a struct, nothing left over. Raises Misfit with the whole path."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, place = _PATH.fullmatch(str(error)).groups()  # type: ignore[union-attr]
        path = (
            *at,
            *(name or (int(index) if index.isdigit() else index) for name, index in _STEP.findall(place or "")),
        )
        field = _FIELD.search(message)
        if "unknown field" in message and field is not None:
            raise Misfit("unknown", (*path, field.group(1)), message) from None
        if "missing required field" in message and field is not None:
            raise Misfit("missing", (*path, field.group(1)), message) from None
        raise Misfit("wrong", path, message) from None
