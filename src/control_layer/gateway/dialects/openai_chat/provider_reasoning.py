"""How much a model behind chat completions is to think: one effort, where other APIs have budgets or an on and off.

Of OpenAI's own models the names tell what they take (https://platform.openai.com/docs/guides/reasoning): one that is
asked for more than it has is asked for the most. Of others nothing is known; they are sent what the client said.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from control_layer.gateway.dialects.conversation import Reasoning
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["effort_of", "is_openais"]

_PARAMETER = "reasoning_effort"
_GPT = re.compile(r"(?:^|/)(?:chat)?gpt-(\d+)(?:\.(\d+))?")
_O_SERIES = re.compile(r"(?:^|/)o[134](?:-|$)")
_CODEX_MAX = "codex-max"
_STEPS = ((4096, "low"), (16_384, "medium"))
"""Up to how many tokens an effort stands for a budget; `high` beyond. Every model that thinks takes these three."""
_BEYOND = ("high", "xhigh", "max")
"""Where models differ in how far they go."""


class _Efforts(NamedTuple):
    """Those that a model takes."""

    thinks: bool = True
    least: str | None = None
    """`None` where it is not known."""
    most: str = _BEYOND[-1]


def effort_of(reasoning: Reasoning | None, model: str, omissions: Omissions) -> str | None:
    """`reasoning_effort`; `None`: nothing is said of it."""
    if reasoning is None:
        return None
    thinks, least, most = _efforts(model)
    if not reasoning.enabled or reasoning.effort == "none":
        if not thinks:
            return None
        if least != "none" and reasoning.effort != "none":
            omissions.drop(_PARAMETER)
            return least
        return "none"
    effort = reasoning.effort or _for_budget(reasoning.budget)
    if effort is not None and not thinks:
        omissions.drop(_PARAMETER)
        return None
    return min(effort, most, key=_BEYOND.index) if effort in _BEYOND else effort


def is_openais(model: str) -> bool:
    """Whether it is one of OpenAI's own, by its name."""
    name = model.lower()
    return _GPT.search(name) is not None or _O_SERIES.search(name) is not None


def _for_budget(budget: int | None) -> str | None:
    if budget is None:
        return None
    return next((effort for most, effort in _STEPS if budget <= most), "high")


@lru_cache(maxsize=512)
def _efforts(model: str) -> _Efforts:
    name = model.lower()
    if _O_SERIES.search(name):
        return _Efforts(least="low", most="high")
    found = _GPT.search(name)
    if found is None:
        return _Efforts()
    version = (int(found[1]), int(found[2] or 0))
    if version < (5, 0):
        return _Efforts(thinks=False)
    least = "minimal" if version == (5, 0) else "none"
    if version >= (5, 6):
        return _Efforts(least=least)
    return _Efforts(least=least, most="xhigh" if version >= (5, 2) or _CODEX_MAX in name else "high")
