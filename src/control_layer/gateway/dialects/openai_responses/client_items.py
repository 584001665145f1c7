"""The items of a client's input, as turns and parts.

What the model thought, said and called in a row is one turn of the assistant's; results in a row are one of the tools'.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from control_layer.gateway.dialects.client_names import Place
from control_layer.gateway.dialects.conversation import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.openai_chat.client_messages import document_of, image_of, signature_of
from control_layer.gateway.dialects.openai_chat.requests import cache_mark
from control_layer.gateway.dialects.openai_responses.requests import (
    AudioContent,
    Content,
    FileContent,
    ImageContent,
    Item,
    OutputText,
    ReasoningText,
    RefusalContent,
    TextContent,
)
from control_layer.gateway.dialects.openai_responses.thoughts import thought_of

__all__ = ["places_of", "read_input"]

_ROLES: dict[str, Role] = {"user": "user", "system": "system", "developer": "developer", "assistant": "assistant"}
_SAID_BY: dict[Role, tuple[type[Part], ...]] = {
    "system": (Text,),
    "developer": (Text,),
    "user": (Text, Image, Audio, Document),
    "assistant": (Text, Refusal),
}
_KEPT_ELSEWHERE = {
    "item_reference": "It refers to what OpenAI keeps. Send the item itself.",
    "compaction": "Only OpenAI's own API can read what it has compacted. Send the conversation itself.",
}
_PNG = "png"
_BETWEEN_SUMMARIES = "\n\n"


def read_input(given: str | Iterable[Item]) -> tuple[Message, ...]:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    if isinstance(given, str):
        return (Message("user", (Text(given),)),)
    return tuple(Message(role, tuple(parts)) for role, parts, _ in _turns(given))


def places_of(given: str | Iterable[Item]) -> list[Place]:
    """Where in the input each message is; of several items that are one, the first."""
    if isinstance(given, str):
        return [Place("input", ("input",))]
    return [Place(places[0].partition(".content[")[0], tuple(places)) for _, _, places in _turns(given)]


def _turns(given: Iterable[Item]) -> list[tuple[Role, list[Part], list[str]]]:
    turns: list[tuple[Role, list[Part], list[str]]] = []
    for index, item in enumerate(given):
        at = f"input[{index}]"
        role, parts = _item(item, at)
        said = isinstance(item.content, list) and item.type in ("message", None)
        places = [f"{at}.content[{place}]" if said else at for place in range(max(len(parts), 1))]
        if turns and turns[-1][0] == role and role in ("assistant", "tool"):
            turns[-1][1].extend(parts)
            turns[-1][2].extend(places)
        elif parts or role != "assistant":
            turns.append((role, parts, places))
    return turns


def _item(item: Item, at: str) -> tuple[Role, list[Part]]:
    match item.type:
        case "message" | None:
            role = _ROLES.get(_required(item.role, "role", at))
            if role is None:
                raise msgspec.ValidationError(f"Invalid enum value {item.role!r} - at `$.{at}.role`")
            return role, _message(item, role, at)
        case "function_call":
            call = ToolCall(
                _required(item.call_id, "call_id", at),
                _required(item.name, "name", at),
                _required(item.arguments, "arguments", at),
                signature_of(item.extra_content),
            )
            return "assistant", [call]
        case "function_call_output":
            if item.output is None:
                raise _missing("output", at)
            shown = _shown(item.output, f"{at}.output")
            return "tool", [ToolResult(_required(item.call_id, "call_id", at), shown)]
        case "reasoning":
            return "assistant", _reasoning(item)
        case "image_generation_call":
            picture = _required(item.result, "result", at)
            media_type = f"image/{item.output_format or _PNG}"
            return "assistant", [Image(media_type, picture, signature=signature_of(item.extra_content))]
    reason = _KEPT_ELSEWHERE.get(item.type, f"Only OpenAI's own API knows items of the type {item.type!r}.")
    raise Unsupported(f"{at}.type", reason)


def _required(value: str | None, name: str, at: str) -> str:
    if value is None:
        raise _missing(name, at)
    return value


def _missing(name: str, at: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(f"Object missing required field `{name}` - at `$.{at}`")


def _reasoning(item: Item) -> list[Part]:
    texts = [part.text for part in item.summary or ()]
    if not texts and isinstance(item.content, list):
        texts = [part.text for part in item.content if isinstance(part, ReasoningText)]
    thought = thought_of(item.encrypted_content, _BETWEEN_SUMMARIES.join(texts))
    return [] if thought is None else [thought]


def _message(item: Item, role: Role, at: str) -> list[Part]:
    content = item.content
    if content is None:
        raise _missing("content", at)
    if isinstance(content, str):
        return [Text(content)] if content else []
    parts: list[Part] = []
    for index, said in enumerate(content):
        place = f"{at}.content[{index}]"
        part = _part(said, place)
        if not isinstance(part, _SAID_BY[role]):
            kind = said.__struct_config__.tag
            raise msgspec.ValidationError(f"`{kind}` parts are not of role `{role}` - at `$.{place}`")
        parts.append(part)
    return parts


def _shown(output: str | list[Content], at: str) -> tuple[Text | Image | Document, ...]:
    if isinstance(output, str):
        return (Text(output),) if output else ()
    shown: list[Text | Image | Document] = []
    for index, said in enumerate(output):
        part = _part(said, f"{at}[{index}]")
        if not isinstance(part, Text | Image | Document):
            kind = said.__struct_config__.tag
            raise msgspec.ValidationError(f"`{kind}` parts are not of a tool's output - at `$.{at}[{index}]`")
        shown.append(part)
    return tuple(shown)


def _part(content: Content, at: str) -> Part:
    match content:
        case TextContent():
            return Text(content.text, cache_mark(content))
        case OutputText() | ReasoningText():
            return Text(content.text)
        case RefusalContent():
            return Refusal(content.refusal)
        case AudioContent():
            return Audio(content.input_audio.format, content.input_audio.data)
        case ImageContent():
            image = Image(file_id=content.file_id, detail=content.detail)
            if content.image_url is not None:
                image = image_of(content.image_url, content.detail)
            elif content.file_id is None:
                raise _missing("image_url", at)
            return msgspec.structs.replace(image, cache=cache_mark(content))
        case FileContent():
            document = Document(url=content.file_url, name=content.filename)
            if content.file_url is None:
                document = document_of(content.file_data, content.file_id, content.filename, at=at)
            return msgspec.structs.replace(document, cache=cache_mark(content))
