"""What Ollama's API refuses, with the real one's words where clients may see them."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from control_layer.simulator.native import Misfit, fitting
from control_layer.simulator.ollama.schema import ChatRequest
from control_layer.simulator.strictness import Refusal

__all__ = ["check", "parsed", "refusal"]

T = TypeVar("T")

_ROLES = ("system", "user", "assistant", "tool")
_MOST_LOGPROBS = 20


def refusal(message: str, status: int = 400) -> Refusal:
    return Refusal(status, "", message)


def parsed(fields: dict[str, Any], kind: type[T]) -> T:
    """The body. Raises Refusal."""
    try:
        return fitting(fields, kind)
    except Misfit as misfit:
        place = ".".join(map(str, misfit.path))
        if misfit.kind == "unknown":
            raise refusal(f'json: unknown field "{place}"') from None
        if misfit.kind == "missing":
            raise refusal(f"{misfit.path[-1]} is required") from None
        raise refusal(f"json: cannot unmarshal value into Go struct field {kind.__name__}.{place}") from None


def check(request: ChatRequest) -> None:
    """Raises Refusal."""
    if not request.model:
        raise refusal("model is required")
    for message in request.messages:
        if message.role not in _ROLES:
            raise refusal(f"invalid role: {message.role!r}, must be one of [system, user, assistant, tool]")
        for image in message.images:
            try:
                base64.b64decode(image, validate=True)
            except (binascii.Error, ValueError):
                raise refusal("illegal base64 data at input byte 0") from None
    if request.options.temperature is not None and request.options.temperature < 0:
        raise refusal("temperature must not be negative")
    if not 0 <= request.top_logprobs <= _MOST_LOGPROBS:
        raise refusal(f"top_logprobs must be between 0 and {_MOST_LOGPROBS}")
    if request.top_logprobs and not request.logprobs:
        raise refusal("top_logprobs requires logprobs to be true")
    if isinstance(request.format, dict) and "type" not in request.format and "$ref" not in request.format:
        raise refusal("invalid JSON schema in format")
