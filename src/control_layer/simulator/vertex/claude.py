"""Claude at Vertex AI: Anthropic's Messages with their version in the body, and the model in the path."""

from __future__ import annotations

from typing import Any

from control_layer.simulator.anthropic.answers import counted
from control_layer.simulator.anthropic.api import answer
from control_layer.simulator.anthropic.checks import check, parsed, refusal
from control_layer.simulator.anthropic.schema import CountRequest, MessagesRequest
from control_layer.simulator.native import Answered, Asked
from control_layer.simulator.strictness import Refusal

__all__ = ["claude"]

_VERSION = "vertex-2023-10-16"
_LIKE = "2023-06-01"
_EXTRA = ("service_tier", "container", "inference_geo", "speed")
"""What Anthropic's own API has."""


def claude(model: str, method: str, fields: dict[str, Any], path: str) -> Asked | Answered:
    """Raises Refusal."""
    if method not in ("rawPredict", "streamRawPredict"):
        raise Refusal(404, "NOT_FOUND", f"The requested URL {path} was not found on this server.")
    if fields.pop("anthropic_version", None) != _VERSION:
        raise refusal(f'anthropic_version: Input should be "{_VERSION}"')
    if model == "count-tokens":
        count = parsed(fields, CountRequest, _LIKE)
        check(count, _LIKE)
        return Answered(body={"input_tokens": counted(count)})
    for name in ("model", *_EXTRA):
        if name in fields:
            raise refusal(f"{name}: Extra inputs are not permitted")
    if (method == "streamRawPredict") is not (fields.get("stream") is True):
        raise refusal("stream: does not fit the method")
    message = parsed({**fields, "model": model}, MessagesRequest, _LIKE)
    check(message, _LIKE)
    assert isinstance(message, MessagesRequest)
    return Asked(model, lambda script, answer_id: answer(message, script, answer_id))
