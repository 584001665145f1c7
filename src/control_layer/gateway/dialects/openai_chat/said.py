"""What a provider says, whole or in pieces: a message and a delta have the same fields.

Servers that speak this dialect differ in what they put into them. Scalars that some of them send in odd types are taken
as they come, and passed over where they cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from control_layer.gateway.dialects.conversation import Finish, Image
from control_layer.gateway.dialects.openai_chat.client_messages import image_of, signature_of
from control_layer.gateway.dialects.openai_chat.requests import NOTHING, ExtraContent, ImageUrl

__all__ = [
    "Called",
    "FunctionSaid",
    "PictureSaid",
    "Said",
    "ThoughtBlock",
    "arguments_of",
    "call_id",
    "finish_of",
    "pictures_in",
    "some",
    "stop_sequence_of",
    "text_of",
    "texts_in",
    "thought_in",
]

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "refusal",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_length": "length",
    "error": "error",
    "abort": "error",
    "insufficient_system_resource": "error",
}
"""OpenAI's five; then Anthropic's through others, Mistral's, OpenRouter's, vLLM's and DeepSeek's."""
_OTHER_ENDS = frozenset(("end_turn", "eos"))
"""Reasons that are no texts of the answer."""


class FunctionSaid(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class Called(msgspec.Struct):
    """A call or, in a stream, more of one."""

    index: int | None = None
    id: str | None = None
    function: FunctionSaid | None = None
    extra_content: ExtraContent | None = None


class ThoughtBlock(msgspec.Struct):
    """Of `thinking_blocks`."""

    type: str = ""
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None


class PictureSaid(msgspec.Struct):
    """Of `images`."""

    image_url: ImageUrl | None = None
    extra_content: ExtraContent | None = None


class Said(msgspec.Struct):
    content: Any = None
    refusal: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    thinking_blocks: list[ThoughtBlock] | None = None
    annotations: msgspec.Raw = NOTHING
    audio: msgspec.Raw = NOTHING
    images: list[PictureSaid] | None = None
    tool_calls: list[Called] | None = None
    function_call: FunctionSaid | None = None


_encode = msgspec.json.Encoder().encode


def text_of(value: object) -> str:
    """A text, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def some(raw: msgspec.Raw) -> msgspec.Raw | None:
    """JSON that says something."""
    return None if bytes(raw) in (b"", b"null", b"[]", b"{}") else raw


def thought_in(said: Said) -> str:
    """What was thought, under the names that servers have for it; some send the same words under two."""
    return text_of(said.reasoning_content) or text_of(said.reasoning)


def texts_in(content: object) -> Iterator[tuple[bool, str]]:
    """The texts of a content, each with whether it is a thought: a string or, as Mistral sends it, parts."""
    if isinstance(content, str):
        yield False, content
    elif isinstance(content, list):
        for part in content:
            if not isinstance(part, dict):
                continue
            if part.get("type") == "thinking":
                for _, text in texts_in(part.get("thinking")):
                    yield True, text
            else:
                yield False, text_of(part.get("text"))


def pictures_in(said: Said) -> Iterator[Image]:
    """The pictures that a model made."""
    for picture in said.images or ():
        if picture.image_url is not None:
            image = image_of(picture.image_url.url, None)
            yield msgspec.structs.replace(image, signature=signature_of(picture.extra_content))


def arguments_of(function: FunctionSaid | None) -> str:
    """The JSON text of a call's arguments; some servers send the object itself."""
    if function is None or function.arguments is None:
        return ""
    arguments = function.arguments
    return arguments if isinstance(arguments, str) else _encode(arguments).decode()


def call_id(answer_id: str, choice: int, index: int) -> str:
    """An id for a call that a server gave none: another one in each answer, the same whenever it is read."""
    digest = blake2b(f"{answer_id}/{choice}/{index}".encode(errors="replace"), digest_size=12).hexdigest()
    return f"call_{digest}"


def finish_of(reason: object, *, called: bool, refused: bool) -> Finish | None:
    """Why it ended; `None` where that is not said. A reason that is not known yet is an end all the same.

    OpenAI says `stop` too where the model had to call a tool, and where it declined; other servers always do.
    """
    if not isinstance(reason, str) or not reason:
        return None
    finish = _FINISHES.get(reason, "stop")
    if finish == "stop" and called:
        return "tool_calls"
    return "refusal" if finish == "stop" and refused else finish


def stop_sequence_of(finish: Finish | None, *told: object) -> str | None:
    """The text that ended the answer, where a server says so: vLLM in `stop_reason`, SGLang in `matched_stop`. Tokens
    that did have numbers there.
    """
    if finish == "stop":
        for value in told:
            if isinstance(value, str) and value and value not in _FINISHES and value not in _OTHER_ENDS:
                return value
    return None
