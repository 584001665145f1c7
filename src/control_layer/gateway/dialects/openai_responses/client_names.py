"""What clients of the Responses API call what those who write for providers name as chat completions do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from control_layer.gateway.dialects.client_names import Place, names_in
from control_layer.gateway.dialects.openai_responses.client_items import places_of
from control_layer.gateway.dialects.openai_responses.requests import RequestBody

__all__ = ["names_of"]

_NAMES = {
    "logprobs": "top_logprobs",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
}
_INSTRUCTIONS = "instructions"

_decode = msgspec.json.Decoder(RequestBody).decode


def names_of(parameters: Sequence[str], body: bytes | bytearray) -> tuple[str, ...]:
    """The client's names for them, or their places in the request. `body` is one that could be read."""
    return names_in(parameters, _NAMES, lambda: _places(_decode(body)))


def _places(request: RequestBody) -> list[Place]:
    first = [Place(_INSTRUCTIONS, (_INSTRUCTIONS,))] if request.instructions else []
    return first + places_of(request.input)
