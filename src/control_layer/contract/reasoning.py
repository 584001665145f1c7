"""How the reasoning effort that a request names is said to a provider: values, and where they stand in its request."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

__all__ = ["EFFORTS", "Effort", "EffortWrites", "Reasoning", "Surface", "Write", "place_of"]

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""From the least to the most."""
Surface = Literal["chat_completions", "responses"]
"""The API that the client speaks."""


class Write(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value in the provider's request."""

    place: tuple[str, ...]
    """The names on the way to it (`place_of`)."""
    value: bytes
    """JSON."""


EffortWrites = dict[str, tuple[Write, ...]]
"""By effort, what is written for it. One that is missing is not supported."""


class Reasoning(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a deployment's efforts become; `None`: the provider gets what the client says."""

    chat_completions: EffortWrites | None = None
    responses: EffortWrites | None = None


def place_of(pointer: str) -> tuple[str, ...]:
    """The reference tokens of a JSON pointer, unescaped (RFC 6901, sections 3 and 4)."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])
