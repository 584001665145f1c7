"""What Gemini models take, by their names: what one generation takes, the next may refuse with a 400.

From https://ai.google.dev/gemini-api/docs/generate-content/latest-model, …/thinking and …/thought-signatures, November
2026. Written as versions, not as a list of names, so that a new model is taken for one of the newest generation on its
first day. A name that is no Gemini's is sent what the client said.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

__all__ = ["Abilities", "abilities"]

_NAME = re.compile(r"gemini-(?:(\d{1,2})(?!\d)(?:\.(\d{1,2})(?!\d))?)?-?([a-z]+(?:-lite)?)?")
_GEMMA = re.compile(r"gemma-(\d{1,2})(?!\d)")
_FIRST_GEMMA_WITH_INSTRUCTIONS = 4
_LATEST = (3, 8)
"""What a name without a version (`gemini-flash-latest`) is taken for: it takes what is taken before and after it."""
_STYLED_SPEECH = (3, 8)
_MOST_CANDIDATES = 8
_LEAST_BUDGETS = {"pro": 128, "flash-lite": 512}
"""Tokens of thought in Gemini 2.5, where the model thinks at all."""
_MOST_OF_PRO, _MOST_BUDGET = 32_768, 24_576
_BEYOND_HIGH = ("neon", "hydrogen")

Version = tuple[int, int]


class Abilities(msgspec.Struct, frozen=True):
    """What one model takes."""

    thinking: Literal["none", "budget", "level", "unknown"] = "unknown"
    """`budget` is a number of tokens, `level` one of `levels`."""
    levels: tuple[str, ...] = ()
    """From least to most."""
    budgets: tuple[int, int] = (0, 0)
    """The least and the most."""
    unthinking: bool = True
    """Thinking can be turned off."""
    candidates: int = _MOST_CANDIDATES
    penalties: bool = True
    prefill: bool = True
    """It goes on with an answer that was begun for it."""
    calls_and_format: bool = True
    """It takes functions and a form of the answer in one request."""
    signed_calls: bool = True
    """It wants the first call of a turn back with its signature."""
    shown_by_functions: bool = True
    """It takes images and documents inside what a function gave."""
    instructions: bool = True
    """It takes instructions apart from what the user says."""
    styled_speech: bool = True
    """It takes how to read a text beside the text."""


@lru_cache(maxsize=512)
def abilities(model: str) -> Abilities:
    """What the model takes; `model` is its name at Google, with or without `models/`."""
    found = _NAME.search(model.lower())
    if found is None:
        gemma = _GEMMA.search(model.lower())
        return Abilities(instructions=gemma is None or int(gemma[1]) >= _FIRST_GEMMA_WITH_INSTRUCTIONS)
    version = _LATEST if found[1] is None else (int(found[1]), int(found[2] or 0))
    family = found[3] or ""
    if version < (3, 0):
        return _earlier(version, family)
    newest = version >= (4, 0)
    return Abilities(
        thinking="level",
        levels=_levels(version, family),
        unthinking=False,
        candidates=1 if newest else _MOST_CANDIDATES,
        penalties=not newest,
        prefill=not newest,
        styled_speech=version >= _STYLED_SPEECH,
    )


def _earlier(version: Version, family: str) -> Abilities:
    thinks = version >= (2, 5)
    pro = family == "pro"
    return Abilities(
        thinking="budget" if thinks else "none",
        budgets=(_LEAST_BUDGETS.get(family, 1), _MOST_OF_PRO if pro else _MOST_BUDGET),
        unthinking=not (thinks and pro),
        calls_and_format=False,
        signed_calls=False,
        shown_by_functions=False,
        styled_speech=False,
    )


def _levels(version: Version, family: str) -> tuple[str, ...]:
    if version >= (4, 0):
        return ("low", "medium", "high", "xhigh") if family in _BEYOND_HIGH else ("low", "medium", "high")
    if family == "pro":
        return ("low", "high") if version == (3, 0) else ("low", "medium", "high")
    if family == "flash" and version >= (3, 7):
        return ("low", "medium", "high")
    return ("minimal", "low", "medium", "high")
