"""A client's system prompt, turns and content blocks, as messages and parts.

A turn of the user's that brings tool results becomes a `tool` message, and one of the user's for what comes with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import (
    Base64Source,
    Block,
    ContentSource,
    DocumentBlock,
    FileSource,
    ImageBlock,
    RedactedThinkingBlock,
    SearchResultBlock,
    TextBlock,
    TextSource,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UrlSource,
    cache_mark,
)
from control_layer.gateway.dialects.anthropic.requests import (
    MessageParam,
    RequestBody,
)
from control_layer.gateway.dialects.conversation import (
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.signatures import call_signed_by

__all__ = ["read_messages"]

_NOTHING = (b"", b"null", b"[]")
_SAID_BY: dict[str, tuple[type[Part], ...]] = {
    "user": (Text, Image, Document, ToolResult),
    "assistant": (Text, Image, Thinking, ToolCall),
    "system": (Text,),
}


def read_messages(request: RequestBody) -> tuple[Message, ...]:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    messages: list[Message] = []
    if isinstance(request.system, str) and request.system:
        messages.append(Message("system", (Text(request.system),)))
    elif request.system:
        messages.append(Message("system", tuple(_text(block) for block in request.system)))
    for index, message in enumerate(request.messages):
        messages.extend(_turns(message, f"messages[{index}]"))
    mark = cache_mark(request.cache_control)
    if mark is not None and messages:
        messages[-1] = _marked(messages[-1], mark)
    return tuple(messages)


def _turns(message: MessageParam, at: str) -> Iterator[Message]:
    role, content = message.role, message.content
    if isinstance(content, str):
        yield Message(role, (Text(content),))
        return
    parts = [_part(block, f"{at}.content[{index}]") for index, block in enumerate(content)]
    for index, part in enumerate(parts):
        if not isinstance(part, _SAID_BY[role]):
            kind = content[index].__struct_config__.tag
            raise msgspec.ValidationError(f"`{kind}` blocks are not of role `{role}` - at `$.{at}.content[{index}]`")
    for results, run in groupby(_signed(parts), key=_is_result):
        yield Message("tool" if results else role, tuple(run))


def _signed(parts: Iterable[Part]) -> Iterator[Part]:
    """Calls have the signatures that thoughts before them hold for them (`answers`)."""
    signature: str | None = None
    for part in parts:
        kept = call_signed_by(part.signature) if isinstance(part, Thinking) else None
        if isinstance(part, Thinking) and kept is not None:
            signature = kept
            if part.text:
                yield Thinking(part.text)
        elif isinstance(part, ToolCall) and signature is not None:
            yield msgspec.structs.replace(part, signature=signature)
            signature = None
        else:
            yield part


def _is_result(part: Part) -> bool:
    return isinstance(part, ToolResult)


def _marked(message: Message, mark: CacheMark) -> Message:
    """The last part that can carry it has the mark, unless it has one of its own."""
    for index in range(len(message.parts) - 1, -1, -1):
        part = message.parts[index]
        if isinstance(part, Text | Image | Document | ToolCall | ToolResult):
            marked = msgspec.structs.replace(part, cache=part.cache or mark)
            parts = (*message.parts[:index], marked, *message.parts[index + 1 :])
            return msgspec.structs.replace(message, parts=parts)
    return message


def _part(block: Block, at: str) -> Part:
    match block:
        case TextBlock():
            return _text(block)
        case ImageBlock():
            return _image(block)
        case DocumentBlock():
            return _document(block, at)
        case SearchResultBlock():
            return _search_result(block)
        case ThinkingBlock():
            return Thinking(block.thinking, block.signature or None)
        case RedactedThinkingBlock():
            return Thinking("", sealed=block.data)
        case ToolUseBlock():
            return ToolCall(block.id, block.name, bytes(block.input).decode(), cache=cache_mark(block.cache_control))
        case ToolResultBlock():
            parts = _result(block.content, at)
            return ToolResult(block.tool_use_id, parts, bool(block.is_error), cache_mark(block.cache_control))


def _text(block: TextBlock) -> Text:
    citations = None if bytes(block.citations) in _NOTHING else block.citations
    return Text(block.text, cache_mark(block.cache_control), citations)


def _image(block: ImageBlock) -> Image:
    cache = cache_mark(block.cache_control)
    match block.source:
        case Base64Source(media_type, data):
            return Image(media_type, data, cache=cache)
        case UrlSource(url):
            return Image(url=url, cache=cache)
        case FileSource(file_id):
            return Image(file_id=file_id, cache=cache)


def _document(block: DocumentBlock, at: str) -> Document:
    document = Document(
        name=block.title,
        context=block.context,
        citations=block.citations is not None and block.citations.enabled,
        cache=cache_mark(block.cache_control),
    )
    replace = msgspec.structs.replace
    match block.source:
        case Base64Source(media_type, data):
            return replace(document, media_type=media_type, data=data)
        case TextSource(data, media_type):
            return replace(document, media_type=media_type, text=data)
        case UrlSource(url):
            return replace(document, url=url)
        case FileSource(file_id):
            return replace(document, file_id=file_id)
        case ContentSource(content):
            return replace(document, media_type="text/plain", text=_joined(content, f"{at}.source"))


def _joined(content: str | list[TextBlock | ImageBlock], at: str) -> str:
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for index, block in enumerate(content):
        if isinstance(block, ImageBlock):
            raise Unsupported(f"{at}.content[{index}]", "Only Anthropic's own API takes images inside a document.")
        texts.append(block.text)
    return "\n\n".join(texts)


def _search_result(block: SearchResultBlock) -> Text | Document:
    """What was found, as words, or as a document where the answer is to cite it."""
    text, cache = _joined(list(block.content), ""), cache_mark(block.cache_control)
    if block.citations is not None and block.citations.enabled:
        found = tuple(piece.text for piece in block.content)
        return Document(
            "text/plain", text=text, name=block.title, context=block.source, citations=True, cache=cache, found=found
        )
    return Text(f"{block.title}\n{block.source}\n\n{text}", cache)


def _result(
    content: str | Iterable[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock] | None, at: str
) -> tuple[Text | Image | Document, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    parts: list[Text | Image | Document] = []
    for index, block in enumerate(content):
        part = _part(block, f"{at}.content[{index}]")
        assert isinstance(part, Text | Image | Document)
        parts.append(part)
    return tuple(parts)
