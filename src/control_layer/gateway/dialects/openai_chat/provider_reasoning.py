"""How much a model behind chat completions is to think: one effort, where other APIs have budgets or an on and off.

Of OpenAI's own models the names tell what they take (https://platform.openai.com/docs/guides/reasoning): one that is
asked for more than it has is asked for the most. Of others nothing is known; they are sent what the client said.

Since GPT-5.4 they think beside functions in the Responses API only, and chat completions refuse efforts there; since
GPT-5.5 they think unless they are told not to, so that they are (https://github.com/openai/openai-openapi/issues/541).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from control_layer.gateway.dialects.conversation import Reasoning
from control_layer.gateway.dialects.efforts import level_for
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["effort_of", "is_openais"]

_PARAMETER = "reasoning_effort"
_GPT = re.compile(r"(?:^|/)(?:chat)?gpt-(\d+)(?:\.(\d+))?")
_O_SERIES = re.compile(r"(?:^|/)o[134](?:-|$)")
_CODEX_MAX = "codex-max"
_BEYOND = ("high", "xhigh", "max")
"""Where models differ in how far they go."""


class _Efforts(NamedTuple):
    """Those that a model takes."""

    thinks: bool = True
    least: str | None = None
    """`None` where it is not known."""
    most: str = _BEYOND[-1]
    beside_tools: Literal["any", "unsaid", "none"] = "any"


def effort_of(reasoning: Reasoning | None, model: str, omissions: Omissions, *, tools: bool) -> str | None:
    """`reasoning_effort`; `None`: nothing is said of it. `tools`: there are some."""
    thinks, least, most, beside_tools = _efforts(model)
    if tools and beside_tools != "any":
        if reasoning is not None and reasoning.enabled and reasoning.effort != "none":
            omissions.drop(_PARAMETER)
        return "none" if beside_tools == "none" else None
    if reasoning is None:
        return None
    if not reasoning.enabled or reasoning.effort == "none":
        if not thinks:
            return None
        if least != "none" and reasoning.effort != "none":
            omissions.drop(_PARAMETER)
            return least
        return "none"
    effort = reasoning.effort
    if effort is None and reasoning.budget is not None:
        effort = level_for(reasoning.budget)
    if effort is not None and not thinks:
        omissions.drop(_PARAMETER)
        return None
    return min(effort, most, key=_BEYOND.index) if effort in _BEYOND else effort


def is_openais(model: str) -> bool:
    """Whether it is one of OpenAI's own, by its name."""
    name = model.lower()
    return _GPT.search(name) is not None or _O_SERIES.search(name) is not None


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
    most = "max" if version >= (5, 6) else "xhigh" if version >= (5, 2) or _CODEX_MAX in name else "high"
    if "/" in name or version < (5, 4):  # others who have the model ask it in their own way
        return _Efforts(least=least, most=most)
    return _Efforts(least=least, most=most, beside_tools="none" if version >= (5, 5) else "unsaid")
