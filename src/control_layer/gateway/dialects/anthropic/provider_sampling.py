"""`temperature`, `top_p` and `top_k`, as far as a Claude model still takes them.

A temperature beyond 1, the most, is 1, as in Anthropic's own translation of OpenAI's API
(https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk). What is the default anyway is left out
where it must be, and nobody is told.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.anthropic.models import Abilities
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["Sampling", "write_sampling"]

_MOST = 1.0
"""The highest temperature and `top_p`, and the default of both."""
_LEAST_TOP_P_OF_THOUGHT = 0.95


class Sampling(msgspec.Struct):
    """What is sent."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


def write_sampling(conversation: Conversation, able: Abilities, *, thinks: bool, omissions: Omissions) -> Sampling:
    """Raises `Unsupported` for what this model does not take."""
    sampling = Sampling(conversation.temperature, conversation.top_p, conversation.top_k)
    if sampling.temperature is not None:
        sampling.temperature = min(sampling.temperature, _MOST)
    if able.sampling == "none":
        for name in ("temperature", "top_p", "top_k"):
            _leave_out(sampling, name, f"The model takes no `{name}`.", omissions)
    elif thinks:
        _leave_out(sampling, "temperature", "It is 1 while the model thinks.", omissions)
        _leave_out(sampling, "top_k", "There is none while the model thinks.", omissions)
        if sampling.top_p is not None and sampling.top_p < _LEAST_TOP_P_OF_THOUGHT:
            _leave_out(
                sampling, "top_p", f"It is at least {_LEAST_TOP_P_OF_THOUGHT} while the model thinks.", omissions
            )
    if able.sampling == "one" and sampling.temperature is not None and sampling.top_p is not None:
        name = "temperature" if sampling.temperature == _MOST else "top_p"
        _leave_out(sampling, name, "The model takes `temperature` or `top_p`, not both.", omissions)
    return sampling


def _leave_out(sampling: Sampling, name: str, message: str, omissions: Omissions) -> None:
    value = getattr(sampling, name)
    if value is None:
        return
    setattr(sampling, name, None)
    if name == "top_k" or value != _MOST:
        omissions.refuse(name, message)
