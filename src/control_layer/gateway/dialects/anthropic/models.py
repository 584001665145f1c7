"""What Claude models take, by their names: each generation refuses with a 400 something that the one before it took.

From https://platform.claude.com/docs/en/models/overview and, under /docs/en/build-with-claude, the pages on thinking,
effort, structured outputs and system messages in the middle of a conversation, November 2026. Written as versions, not
as a list of names, so that a new model is taken for one of the newest generation on its first day. A name that is no
Claude's (another provider that speaks this dialect) is sent what the client said.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

__all__ = ["Abilities", "abilities"]

_FAMILY_FIRST = re.compile(r"claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")
_VERSION_FIRST = re.compile(r"claude-(\d)(?!\d)(?:[-.](\d{1,2})(?!\d))?-(opus|sonnet|haiku)")
_PREVIEW = "claude-mythos-preview"
_OTHERS_OUTPUT = 8192
"""What is asked of a model of which nothing is known, where the client said nothing: what all of them can do."""

Version = tuple[int, int]


class Abilities(msgspec.Struct, frozen=True):
    """What one model takes."""

    claude: bool = False
    output: int = _OTHERS_OUTPUT
    """Tokens to ask for where the client does not say how many: all that it can write, or less where prompt and output
    must fit its window together."""
    sampling: Literal["both", "one", "none"] = "both"
    """`temperature` and `top_p`: both, one of them, or (with `top_k`) neither."""
    thinking: Literal["none", "manual", "adaptive"] = "manual"
    """`manual` has a budget of tokens; in `adaptive` the model decides, and only an effort may be said."""
    unthinking: Literal["disabled", "between_tools"] | None = "disabled"
    """How thinking is turned off; `None`: it is not."""
    efforts: tuple[str, ...] = ()
    """From least to most."""
    forced_tools: bool = True
    structured: bool = True
    """`output_config.format` and strict tools."""
    system_messages: bool = False
    """In the middle of a conversation."""


_OTHER = Abilities()


@lru_cache(maxsize=512)
def abilities(model: str) -> Abilities:
    """What the model takes; `model` is its name at Anthropic or on any cloud."""
    name = model.lower()
    if _PREVIEW in name:
        return msgspec.structs.replace(_of("mythos", (4, 7)), system_messages=False)
    found = _FAMILY_FIRST.search(name)
    if found is not None:
        return _of(found[1], (int(found[2]), int(found[3] or 0)))
    found = _VERSION_FIRST.search(name)
    return _OTHER if found is None else _of(found[3], (int(found[1]), int(found[2] or 0)))


def _of(family: str, version: Version) -> Abilities:
    beyond_opus = family in ("fable", "mythos")
    always_thinks = beyond_opus or (family == "opus" and version >= (5, 5))
    notes_between_tools = family == "sonnet" and version >= (5, 5)
    return Abilities(
        claude=True,
        output=_output(version),
        sampling="none" if version >= (4, 7) else "one" if version >= (4, 1) else "both",
        thinking="adaptive" if version >= (4, 6) else "manual" if version >= (3, 7) else "none",
        unthinking=None if always_thinks else "between_tools" if notes_between_tools else "disabled",
        efforts=_efforts(family, version),
        forced_tools=not (always_thinks and version >= (5, 1)),
        structured=version >= (4, 5),
        system_messages=version >= (4, 8),
    )


def _output(version: Version) -> int:
    if version >= (4, 6):
        return 128_000
    if version >= (4, 5):
        return 64_000
    if version >= (3, 7):
        return 32_000
    return 8192 if version >= (3, 5) else 4096


def _efforts(family: str, version: Version) -> tuple[str, ...]:
    if version >= (4, 7):
        return ("low", "medium", "high", "xhigh", "max")
    if version >= (4, 6):
        return ("low", "medium", "high", "max")
    return ("low", "medium", "high") if (family, version) == ("opus", (4, 5)) else ()
