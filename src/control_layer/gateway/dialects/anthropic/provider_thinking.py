"""How much a Claude model is to think, in the form that its generation takes.

Efforts and budgets are two scales without a common measure. Where the client speaks of one and the model takes the
other, the steps of `_BUDGETS` stand for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from control_layer.gateway.dialects.anthropic.blocks import RedactedThinkingBlock, ThinkingBlock, ToolResultBlock
from control_layer.gateway.dialects.anthropic.models import Abilities
from control_layer.gateway.dialects.anthropic.requests import MessageParam, ThinkingConfig
from control_layer.gateway.dialects.conversation import Reasoning
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["Turn", "thoughts_are_lost", "turns_of", "write_thinking"]

_PARAMETER = "reasoning_effort"
_LEAST_BUDGET = 1024
"""The API refuses less."""
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 49_152}
"""Tokens, from least to most."""
_EFFORTS = tuple(_BUDGETS)


class Turn(NamedTuple):
    """A message, as far as it matters for what was thought."""

    role: Literal["user", "assistant", "system"]
    thought: bool
    """Thoughts are in it."""
    results: bool
    """What tools gave is in it."""


def turns_of(messages: Sequence[MessageParam]) -> list[Turn]:
    """Of the Messages API's."""
    return [
        Turn(each.role, _has(each, ThinkingBlock, RedactedThinkingBlock), _has(each, ToolResultBlock))
        for each in messages
    ]


def thoughts_are_lost(turns: Sequence[Turn]) -> bool:
    """Whether calls have results, but what was thought before them did not come back, which few clients of other
    dialects see to, or was another provider's.
    """
    if not turns or not turns[-1].results:
        return False
    for turn in reversed(turns):
        if turn.role == "assistant" and turn.thought:
            return False
        if turn.role == "user" and not turn.results:
            break
    return True


def _has(message: MessageParam, *kinds: type) -> bool:
    return isinstance(message.content, list) and any(isinstance(block, kinds) for block in message.content)


def write_thinking(
    reasoning: Reasoning | None,
    able: Abilities,
    room: int,
    *,
    forced_tool: bool,
    lost_thoughts: bool = False,
    omissions: Omissions,
) -> tuple[ThinkingConfig | None, str | None]:
    """`thinking` and `output_config.effort`. `room` is `max_tokens`, which what is thought is a part of."""
    if reasoning is None:
        return None, None
    if not reasoning.enabled or reasoning.effort == "none":
        return _off(able, omissions)
    effort = _effort(reasoning, able)
    if able.thinking == "adaptive" and forced_tool and able.unthinking is not None:
        omissions.drop(_PARAMETER)
        return ThinkingConfig(able.unthinking), effort
    if able.thinking == "adaptive":
        return ThinkingConfig("adaptive", display="summarized" if reasoning.shown else "omitted"), effort
    if able.thinking == "none":
        omissions.refuse(_PARAMETER, "The model does not think before it answers. Ask a newer one, or do without.")
        return None, None
    budget = _budget(reasoning, room)
    if forced_tool or lost_thoughts or budget is None:
        # The API thinks neither before a call that it must make, nor on from thoughts that are lost, nor in less than
        # 1,024 tokens.
        omissions.drop(_PARAMETER)
        return None, effort
    return ThinkingConfig("enabled", budget, None if reasoning.shown else "omitted"), effort


def _off(able: Abilities, omissions: Omissions) -> tuple[ThinkingConfig | None, str | None]:
    if able.unthinking is None:
        omissions.refuse(_PARAMETER, f"The model always thinks. The least is {able.efforts[0]!r}.")
        return ThinkingConfig("adaptive", display="omitted"), able.efforts[0]
    if able.claude and able.thinking != "adaptive":
        return None, None  # it does not unless it is told to
    return ThinkingConfig(able.unthinking), None


def _effort(reasoning: Reasoning, able: Abilities) -> str | None:
    """The most that the model takes and the client did not go beyond."""
    wanted = reasoning.effort
    if wanted is None and reasoning.budget is not None and able.thinking == "adaptive":
        wanted = next((name for name, tokens in _BUDGETS.items() if reasoning.budget <= tokens), _EFFORTS[-1])
    if wanted is None or not able.efforts:
        return None
    if wanted not in _EFFORTS:
        return wanted
    within = [effort for effort in able.efforts if _EFFORTS.index(effort) <= _EFFORTS.index(wanted)]
    return within[-1] if within else able.efforts[0]


def _budget(reasoning: Reasoning, room: int) -> int | None:
    """The tokens to think with, fewer than there is room for; `None` where that is too little."""
    budget = reasoning.budget
    if budget is None:
        budget = _BUDGETS.get(reasoning.effort or "medium", _BUDGETS["medium"])
    budget = max(budget, _LEAST_BUDGET)
    if budget >= room:
        budget = room // 2
    return budget if budget >= _LEAST_BUDGET else None
