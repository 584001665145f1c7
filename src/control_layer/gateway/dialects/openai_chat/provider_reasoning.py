"""How much a model behind chat completions is to think: one effort, where other APIs have budgets or an on and off.

Of OpenAI's own models the names tell what they take (https://platform.openai.com/docs/guides/reasoning). Of others
nothing is known; they are sent what the client said.
"""

from __future__ import annotations

import re
from functools import lru_cache

from control_layer.gateway.dialects.conversation import Reasoning
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["effort_of"]

_PARAMETER = "reasoning_effort"
_GPT = re.compile(r"(?:^|/)(?:chat)?gpt-(\d+)(?:\.(\d+))?")
_O_SERIES = re.compile(r"(?:^|/)o[134](?:-|$)")
_STEPS = ((4096, "low"), (16_384, "medium"))
"""Up to how many tokens an effort stands for a budget; `high` beyond. Every model that thinks takes these three."""


def effort_of(reasoning: Reasoning | None, model: str, omissions: Omissions) -> str | None:
    """`reasoning_effort`; `None`: nothing is said of it."""
    if reasoning is None:
        return None
    thinks, least = _least(model)
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
    return effort


def _for_budget(budget: int | None) -> str | None:
    if budget is None:
        return None
    return next((effort for most, effort in _STEPS if budget <= most), "high")


@lru_cache(maxsize=512)
def _least(model: str) -> tuple[bool, str | None]:
    """Whether the model thinks at all, and its least effort; `None` where that is not known."""
    name = model.lower()
    if _O_SERIES.search(name):
        return True, "low"
    found = _GPT.search(name)
    if found is None:
        return True, None
    version = (int(found[1]), int(found[2] or 0))
    if version < (5, 0):
        return False, None
    return True, "minimal" if version == (5, 0) else "none"
