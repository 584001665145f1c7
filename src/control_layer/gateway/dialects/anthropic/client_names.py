"""What clients of the Messages API call what those who write for providers name in OpenAI's words and places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import Block, ToolResultBlock
from control_layer.gateway.dialects.anthropic.requests import MessageParam, RequestBody
from control_layer.gateway.dialects.client_names import Place, names_in

__all__ = ["names_of"]

_NAMES = {
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
    "response_format": "output_config.format",
    "stop": "stop_sequences",
    "user": "metadata.user_id",
}
_EFFORT = "reasoning_effort"

_decode = msgspec.json.Decoder(RequestBody).decode


def names_of(parameters: Sequence[str], body: bytes | bytearray) -> tuple[str, ...]:
    """The client's names for them, or their places in the request. `body` is one that could be read."""
    names = _NAMES
    if _EFFORT in parameters:
        names = {**_NAMES, _EFFORT: "output_config.effort" if _decode(body).thinking is None else "thinking"}
    return names_in(parameters, names, lambda: [*_places(_decode(body))])


def _places(request: RequestBody) -> Iterator[Place]:
    if request.system:
        said = request.system
        yield Place(
            "system", ("system",) if isinstance(said, str) else tuple(f"system[{at}]" for at in range(len(said)))
        )
    for index, message in enumerate(request.messages):
        yield from _turns(message, f"messages[{index}]")


def _turns(message: MessageParam, at: str) -> Iterator[Place]:
    """Those of each of the messages that this one is read as."""
    if isinstance(message.content, str):
        yield Place(at, (f"{at}.content",))
        return
    before = 0
    for _, run in groupby(message.content, key=_is_result):
        blocks = [*run]
        yield Place(at, tuple(f"{at}.content[{before + place}]" for place in range(len(blocks))))
        before += len(blocks)


def _is_result(block: Block) -> bool:
    return isinstance(block, ToolResultBlock)
