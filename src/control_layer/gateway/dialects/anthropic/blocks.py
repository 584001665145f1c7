"""The content blocks of the Messages API (https://platform.claude.com/docs/en/api/messages), read and written.

What the API knows and no other does (blocks of server tools) is not here: `requests` says so by name.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.gateway.dialects.conversation import CacheMark, Image

__all__ = [
    "NOTHING",
    "Base64Source",
    "Block",
    "CacheControl",
    "CitationsConfig",
    "ContentSource",
    "DocumentBlock",
    "FileSource",
    "ImageBlock",
    "RedactedThinkingBlock",
    "SearchResultBlock",
    "TextBlock",
    "TextSource",
    "ThinkingBlock",
    "ToolResultBlock",
    "ToolUseBlock",
    "UrlSource",
    "cache_control",
    "cache_mark",
    "image_block",
    "json_object",
    "own_citations",
]


NOTHING = msgspec.Raw()
"""JSON that is not there. The very object is left out of what is written."""


class CacheControl(msgspec.Struct, frozen=True, omit_defaults=True):
    """`cache_control`. Without a `ttl` it is five minutes."""

    type: Literal["ephemeral"]
    ttl: CacheMark | None = None


class CitationsConfig(msgspec.Struct, frozen=True):
    enabled: bool = False


class Base64Source(msgspec.Struct, frozen=True, tag_field="type", tag="base64"):
    media_type: str
    data: str


class UrlSource(msgspec.Struct, frozen=True, tag_field="type", tag="url"):
    url: str


class FileSource(msgspec.Struct, frozen=True, tag_field="type", tag="file"):
    file_id: str


class TextSource(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    data: str
    media_type: str = "text/plain"


class TextBlock(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="text"):
    text: str
    citations: msgspec.Raw = NOTHING
    cache_control: CacheControl | None = None


class ImageBlock(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="image"):
    source: Base64Source | UrlSource | FileSource
    cache_control: CacheControl | None = None


class ContentSource(msgspec.Struct, frozen=True, tag_field="type", tag="content"):
    content: str | list[TextBlock | ImageBlock]


class DocumentBlock(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="document"):
    source: Base64Source | UrlSource | FileSource | TextSource | ContentSource
    title: str | None = None
    context: str | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class SearchResultBlock(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="search_result"):
    source: str
    title: str
    content: list[TextBlock]
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class ThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str
    signature: str = ""


class RedactedThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    data: str


class ToolUseBlock(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: msgspec.Raw
    cache_control: CacheControl | None = None


class ToolResultBlock(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: str | list[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


Block = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
)


class _Citation(msgspec.Struct):
    type: str


_citations = msgspec.json.Decoder(list[_Citation]).decode
_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode

_EMPTY_OBJECT = msgspec.Raw(b"{}")
_JPEG = "image/jpeg"
_PNG = "image/png"


def cache_mark(control: CacheControl | None) -> CacheMark | None:
    """What a `cache_control` asks for."""
    return None if control is None else control.ttl or "5m"


def cache_control(mark: CacheMark | None) -> CacheControl | None:
    """How to ask for it."""
    return None if mark is None else CacheControl("ephemeral", None if mark == "5m" else mark)


def image_block(image: Image) -> ImageBlock | None:
    """A picture; `None` where there is none in it."""
    cache = cache_control(image.cache)
    if image.data is not None:
        kind = (image.media_type or _PNG).lower()
        return ImageBlock(Base64Source(_JPEG if kind == "image/jpg" else kind, image.data), cache)
    if image.url is not None:
        return ImageBlock(UrlSource(image.url), cache)
    return None if image.file_id is None else ImageBlock(FileSource(image.file_id), cache)


def own_citations(citations: msgspec.Raw | None) -> msgspec.Raw:
    """Those citations that are of this API; what another provider wrote in its own form is left out."""
    if citations is None:
        return NOTHING
    try:
        found = _citations(citations)
    except msgspec.MsgspecError:
        return NOTHING
    own = [citation.type.endswith("_location") for citation in found]
    if all(own):
        return citations if own else NOTHING
    kept = [raw for raw, ours in zip(_raws(citations), own, strict=True) if ours]
    return msgspec.Raw(_encode(kept)) if kept else NOTHING


def json_object(arguments: str) -> msgspec.Raw:
    """A call's arguments as the object that the API wants.

    A model may have written something else. Anthropic asks to wrap that (https://platform.claude.com/docs/en/
    agents-and-tools/tool-use/fine-grained-tool-streaming, "handling invalid JSON").
    """
    text = arguments.strip()
    if not text:
        return _EMPTY_OBJECT
    try:
        _object(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.Raw(_encode({"INVALID_JSON": arguments}))
    return msgspec.Raw(text.encode())
