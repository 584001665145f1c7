"""What clients of the Responses API call what those who write for providers name as chat completions do."""

from __future__ import annotations

import re

import msgspec

from control_layer.gateway.dialects.openai_responses.client_items import places_of
from control_layer.gateway.dialects.openai_responses.requests import RequestBody

__all__ = ["name_of"]

_NAMES = {
    "logprobs": "top_logprobs",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
}
_STRICT = re.compile(r"(tools\[\d+\])\.function\.strict")
_PLACE = re.compile(r"messages\[(\d+)\](?:\.content\[(\d+)\])?(.*)")

_decode = msgspec.json.Decoder(RequestBody).decode


def name_of(parameter: str, body: bytes | bytearray) -> str:
    """The client's name for it, or its place in the request. `body` is one that could be read."""
    if (strict := _STRICT.fullmatch(parameter)) is not None:
        return f"{strict[1]}.strict"
    found = _PLACE.fullmatch(parameter)
    return _NAMES.get(parameter, parameter) if found is None else _place(found, _decode(body))


def _place(found: re.Match[str], request: RequestBody) -> str:
    places = places_of(request.input)
    if request.instructions:
        places.insert(0, ["instructions"])
    index, part, rest = int(found[1]), int(found[2] or 0), found[3]
    if index >= len(places) or part >= len(places[index]):
        return found[0]
    return f"{places[index][part]}{rest}"
