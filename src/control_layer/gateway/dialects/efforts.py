"""How much to think, in the words of providers that know three and no numbers of tokens."""

from __future__ import annotations

from typing import Literal

__all__ = ["Level", "level_for", "level_of"]

Level = Literal["low", "medium", "high"]
_LEVELS: dict[str, Level] = {"minimal": "low", "low": "low", "medium": "medium"}
_STEPS: tuple[tuple[int, Level], ...] = ((4096, "low"), (16_384, "medium"))


def level_of(effort: str) -> Level:
    """What stands for an effort that is not `none`: all that is more is `high`."""
    return _LEVELS.get(effort, "high")


def level_for(budget: int) -> Level:
    """What stands for a number of tokens. No provider says what its words mean: ours is a guess at it."""
    return next((level for most, level in _STEPS if budget <= most), "high")
