"""The messages of a client of chat completions, as turns and parts.

What the assistant thought stands before what it said: the API knows no order between the two. Calls of the older kind
(`function_call`) have no id, and get one from where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET

from control_layer.gateway.dialects.conversation import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from control_layer.gateway.dialects.data_urls import read_data_url
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.openai_chat.requests import (
    AudioPart,
    ContentPart,
    ExtraContent,
    FilePart,
    ImagePart,
    MessageParam,
    RedactedThinkingBlock,
    RefusalPart,
    TextPart,
    ThinkingBlock,
    ToolCallParam,
    cache_mark,
)

__all__ = ["document_of", "image_of", "read_messages", "signature_of"]

_SAID_BY: dict[Role, tuple[type[Part], ...]] = {
    "system": (Text,),
    "developer": (Text,),
    "user": (Text, Image, Audio, Document),
    "assistant": (Text, Refusal),
    "tool": (Text, Image, Document),
}
_PDF = "application/pdf"


def read_messages(messages: Iterable[MessageParam]) -> tuple[Message, ...]:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    read: list[Message] = []
    called = ""
    for index, message in enumerate(messages):
        at = f"messages[{index}]"
        match message.role:
            case "assistant":
                called = f"call_{index}"
                read.append(Message("assistant", tuple(_assistant(message, called, at)), message.name))
            case "function":
                call_id = called or f"call_{message.name}"
                read.append(Message("tool", (ToolResult(call_id, _shown(message, "tool", at)),)))
            case "tool":
                if message.tool_call_id is None:
                    raise _missing("tool_call_id", at)
                read.append(Message("tool", (ToolResult(message.tool_call_id, _shown(message, "tool", at)),)))
            case role:
                read.append(Message(role, tuple(_content(message, role, at)), message.name))
    return tuple(read)


def _missing(name: str, at: str) -> msgspec.ValidationError:
    return msgspec.ValidationError(f"Object missing required field `{name}` - at `$.{at}`")


# -- the assistant --------------------------------------------------------------------------------------------------


def _assistant(message: MessageParam, legacy_id: str, at: str) -> Iterator[Part]:
    yield from _thoughts(message)
    if isinstance(message.content, str | list):
        yield from _content(message, "assistant", at)
    if message.refusal:
        yield Refusal(message.refusal)
    if message.audio is not None:
        yield Audio("", "", message.audio.id)
    for picture in message.images or ():
        image = image_of(picture.image_url.url, None)
        yield msgspec.structs.replace(image, signature=signature_of(picture.extra_content))
    for index, call in enumerate(message.tool_calls or ()):
        yield _call(call, f"{at}.tool_calls[{index}]")
    if message.function_call is not None:
        yield ToolCall(legacy_id, message.function_call.name, message.function_call.arguments)


def _thoughts(message: MessageParam) -> Iterator[Thinking]:
    text = message.reasoning_content or message.reasoning or ""
    blocks = message.thinking_blocks
    if not blocks:
        if text:
            yield Thinking(text)
        return
    signed = [block for block in blocks if isinstance(block, ThinkingBlock)]
    for block in blocks:
        match block:
            case RedactedThinkingBlock():
                yield Thinking("", sealed=block.data)
            case ThinkingBlock():
                # A client that put a stream together may hold the words beside the signature only.
                thought = block.thinking or (text if len(signed) == 1 else "")
                yield Thinking(thought, block.signature or None)


def _call(call: ToolCallParam, at: str) -> ToolCall:
    if call.type != "function":
        raise Unsupported(f"{at}.type", f"Only OpenAI's own API knows calls of the type {call.type!r}.")
    if call.function is None:
        raise _missing("function", at)
    return ToolCall(call.id, call.function.name, call.function.arguments, signature_of(call.extra_content))


def signature_of(extra: ExtraContent | None) -> str | None:
    """What Gemini wants back with a call or a picture."""
    return None if extra is None or extra.google is None else extra.google.thought_signature


# -- content --------------------------------------------------------------------------------------------------------


def _content(message: MessageParam, role: Role, at: str) -> Iterator[Part]:
    content = message.content
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    if content is None or content is UNSET:
        raise _missing("content", at)
    for index, part in enumerate(content):
        read = _part(part, f"{at}.content[{index}]")
        if not isinstance(read, _SAID_BY[role]):
            kind = part.__struct_config__.tag
            place = f"{at}.content[{index}]"
            raise msgspec.ValidationError(f"`{kind}` parts are not of role `{message.role}` - at `$.{place}`")
        yield read


def _shown(message: MessageParam, role: Role, at: str) -> tuple[Text | Image | Document, ...]:
    if message.content is None and message.role == "function":
        return ()
    return tuple(part for part in _content(message, role, at) if isinstance(part, Text | Image | Document))


def _part(part: ContentPart, at: str) -> Part:
    match part:
        case TextPart():
            return Text(part.text, cache_mark(part))
        case ImagePart():
            image = image_of(part.image_url.url, part.image_url.detail)
            return msgspec.structs.replace(image, cache=cache_mark(part))
        case AudioPart():
            return Audio(part.input_audio.format, part.input_audio.data)
        case FilePart():
            file = part.file
            document = document_of(file.file_data, file.file_id, file.filename, at=f"{at}.file")
            return msgspec.structs.replace(document, cache=cache_mark(part))
        case RefusalPart():
            return Refusal(part.refusal)


def image_of(url: str, detail: str | None) -> Image:
    """A picture under a URL, which may be the picture itself."""
    inline = read_data_url(url)
    if inline is None:
        return Image(url=url, detail=detail)
    return Image(inline[0], inline[1], detail=detail)


def document_of(data: str | None, file_id: str | None, name: str | None, *, at: str) -> Document:
    """A file: its data, as a data URL or plain base64, or one uploaded before."""
    if data is None:
        if file_id is None:
            raise _missing("file_data", at)
        return Document(file_id=file_id, name=name)
    inline = read_data_url(data)
    if inline is not None:
        return Document(inline[0], inline[1], name=name)
    return Document(_PDF if (name or "").lower().endswith(".pdf") else None, data, name=name)
