"""What clients of the Messages API call what those who write for providers name in OpenAI's words and places."""

from __future__ import annotations

import re
from itertools import groupby

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import Block, ToolResultBlock
from control_layer.gateway.dialects.anthropic.requests import MessageParam, RequestBody

__all__ = ["name_of"]

_NAMES = {
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
    "response_format": "output_config.format",
    "stop": "stop_sequences",
    "user": "metadata.user_id",
}
_EFFORT, _STRICT = "reasoning_effort", re.compile(r"(tools\[\d+\])\.function\.strict")
_PLACE = re.compile(r"messages\[(\d+)\](?:\.content\[(\d+)\])?(.*)")

_decode = msgspec.json.Decoder(RequestBody).decode


def name_of(parameter: str, body: bytes | bytearray) -> str:
    """The client's name for it, or its place in the request. `body` is one that could be read."""
    if parameter == _EFFORT:
        return "output_config.effort" if _decode(body).thinking is None else "thinking"
    if (strict := _STRICT.fullmatch(parameter)) is not None:
        return f"{strict[1]}.strict"
    found = _PLACE.fullmatch(parameter)
    return _NAMES.get(parameter, parameter) if found is None else _place(found, _decode(body))


def _place(found: re.Match[str], request: RequestBody) -> str:
    places = [
        place for index, message in enumerate(request.messages) for place in _turns(message, f"messages[{index}]")
    ]
    if request.system:
        places.insert(0, ("system", 0))
    index, block, rest = int(found[1]), found[2], found[3]
    if index >= len(places):
        return found[0]
    at, before = places[index]
    if block is None:
        return f"{at}{rest}"
    return f"system[{block}]{rest}" if at == "system" else f"{at}.content[{before + int(block)}]{rest}"


def _turns(message: MessageParam, at: str) -> list[tuple[str, int]]:
    """Where each of the messages begins that this one is read as."""
    if isinstance(message.content, str):
        return [(at, 0)]
    before, turns = 0, []
    for _, run in groupby(message.content, key=_is_result):
        turns.append((at, before))
        before += len(list(run))
    return turns


def _is_result(block: Block) -> bool:
    return isinstance(block, ToolResultBlock)
