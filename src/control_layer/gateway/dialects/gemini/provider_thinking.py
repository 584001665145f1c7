"""How much a Gemini model is to think, in the form that its generation takes: a budget of tokens, or a level.

The steps of `_BUDGETS` stand for each other, as in Google's own translation of OpenAI's API
(https://ai.google.dev/gemini-api/docs/openai, "Thinking").
"""

from __future__ import annotations

from control_layer.gateway.dialects.conversation import Reasoning
from control_layer.gateway.dialects.gemini.models import Abilities
from control_layer.gateway.dialects.gemini.requests import ThinkingConfig
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["write_thinking"]

_PARAMETER = "reasoning_effort"
_BUDGETS = {"minimal": 512, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 65_536}
"""Tokens, from least to most."""
_EFFORTS = tuple(_BUDGETS)


def write_thinking(reasoning: Reasoning | None, able: Abilities, omissions: Omissions) -> ThinkingConfig | None:
    """`thinkingConfig`. What is thought is shown only where somebody asks about thinking at all."""
    if reasoning is None:
        return None
    if not reasoning.enabled or reasoning.effort == "none":
        return _off(reasoning, able, omissions)
    shown = reasoning.shown or None
    match able.thinking:
        case "none":
            omissions.refuse(_PARAMETER, "The model does not think before it answers. Ask a newer one, or do without.")
            return None
        case "budget":
            return ThinkingConfig(shown, thinking_budget=_budget(reasoning, able.budgets))
        case "level":
            return ThinkingConfig(shown, thinking_level=_level(reasoning, able.levels))
        case "unknown":
            budget = reasoning.budget if reasoning.effort is None else None
            return ThinkingConfig(shown, budget, reasoning.effort)


def _off(reasoning: Reasoning, able: Abilities, omissions: Omissions) -> ThinkingConfig | None:
    if able.thinking == "none":
        return None
    if able.unthinking:
        return ThinkingConfig(thinking_budget=0)
    least = able.levels[0] if able.levels else None
    if reasoning.effort == "none":
        told = f"{able.budgets[0]} tokens" if least is None else repr(least)
        omissions.refuse(_PARAMETER, f"The model always thinks. The least is {told}.")
    omissions.drop(_PARAMETER)
    return ThinkingConfig(thinking_budget=able.budgets[0]) if least is None else ThinkingConfig(thinking_level=least)


def _budget(reasoning: Reasoning, budgets: tuple[int, int]) -> int | None:
    """`None`: as much as the model sees fit."""
    wanted = reasoning.budget
    if wanted is None:
        if reasoning.effort is None:
            return None
        wanted = _BUDGETS.get(reasoning.effort, _BUDGETS["medium"])
    least, most = budgets
    return min(max(wanted, least), most)


def _level(reasoning: Reasoning, levels: tuple[str, ...]) -> str | None:
    """The most that the model takes and the client did not go beyond."""
    wanted = reasoning.effort
    if wanted is None:
        if reasoning.budget is None:
            return None
        budget = reasoning.budget
        wanted = next((name for name, tokens in _BUDGETS.items() if budget <= tokens), _EFFORTS[-1])
    if wanted not in _EFFORTS:
        return wanted
    within = [level for level in levels if _EFFORTS.index(level) <= _EFFORTS.index(wanted)]
    return within[-1] if within else levels[0]
