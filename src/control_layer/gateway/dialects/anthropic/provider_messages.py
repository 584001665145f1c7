"""A conversation's messages as Anthropic takes them.

* Turns of one role in a row are one turn; in the user's, tool results come first.
* Instructions (`system`, `developer`) before the first turn are the system prompt. Later ones stay where they are, at
  the end of the user's turn that they are in or before, on models that take them there; on others, and where no turn
  of the user's follows, they end the system prompt. A request of instructions alone asks them as the user's turn.
* Texts of nothing but white space are left out, and so is what was thought without Anthropic's signature on it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from typing import Literal
from zlib import crc32

from control_layer.gateway.dialects.anthropic.blocks import (
    Base64Source,
    Block,
    CitationsConfig,
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
    cache_control,
    image_block,
    json_object,
    own_citations,
)
from control_layer.gateway.dialects.anthropic.requests import MessageParam
from control_layer.gateway.dialects.conversation import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.signatures import is_of_others

__all__ = ["write_messages"]

_INSTRUCTIONS = ("system", "developer")
_PDF = "application/pdf"
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NOT_OF_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")


def write_messages(
    messages: Iterable[Message], *, system_messages: bool, omissions: Omissions
) -> tuple[list[TextBlock], list[MessageParam]]:
    """The system prompt and the turns. `system_messages`: the model takes instructions in the middle."""
    turns = _Turns(system_messages)
    for index, message in enumerate(messages):
        if message.name is not None:
            omissions.drop(f"messages[{index}].name")
        blocks = _Blocks(message, index, omissions).written()
        if message.role in _INSTRUCTIONS:
            turns.instruct([block for block in blocks if isinstance(block, TextBlock)])
        else:
            turns.say("assistant" if message.role == "assistant" else "user", blocks)
    return turns.end()


class _Turns:
    """Puts turns in the order that the API asks for."""

    __slots__ = ("_blocks", "_instructions", "_messages", "_results", "_role", "_system", "_system_messages")

    def __init__(self, system_messages: bool) -> None:
        self._system_messages = system_messages
        self._system: list[TextBlock] = []
        self._messages: list[MessageParam] = []
        self._role: Literal["user", "assistant"] | None = None
        """Whose turn it is."""
        self._results: list[Block] = []
        self._blocks: list[Block] = []
        self._instructions: list[Block] = []
        """For the end of the user's turn."""

    def instruct(self, blocks: list[TextBlock]) -> None:
        if self._system_messages and self._role is not None:
            self._instructions += blocks
        else:
            self._system += blocks

    def say(self, role: Literal["user", "assistant"], blocks: list[Block]) -> None:
        if not blocks:
            return
        if role != self._role:
            self._close()
            self._role = role
        for block in blocks:
            (self._results if isinstance(block, ToolResultBlock) else self._blocks).append(block)

    def end(self) -> tuple[list[TextBlock], list[MessageParam]]:
        self._close()
        self._system += [block for block in self._instructions if isinstance(block, TextBlock)]
        if not self._messages and self._system:
            return [], [MessageParam("user", list(self._system))]
        return self._system, self._messages

    def _close(self) -> None:
        if self._role is None:
            return
        self._messages.append(MessageParam(self._role, self._results + self._blocks))
        if self._role == "user" and self._instructions:
            self._messages.append(MessageParam("system", self._instructions))
            self._instructions = []
        self._results, self._blocks = [], []


class _Blocks:
    """Writes the parts of one message."""

    __slots__ = ("_index", "_message", "_omissions")

    def __init__(self, message: Message, index: int, omissions: Omissions) -> None:
        self._message = message
        self._index = index
        self._omissions = omissions

    def written(self) -> list[Block]:
        blocks: list[Block] = []
        for place, part in enumerate(self._message.parts):
            block = self._block(part, place)
            if block is not None:
                blocks.append(block)
        return blocks

    def _block(self, part: Part, place: int) -> Block | None:
        match part:
            case Text() | Refusal():
                return self._text(part)
            case ToolCall():
                arguments = json_object(part.arguments)
                return ToolUseBlock(_call_id(part.id), part.name, arguments, cache_control(part.cache))
            case ToolResult():
                return self._result(part, place)
            case Thinking():
                return self._thinking(part)
            case Image():
                return self._image(part, place) if self._may_show(place) else None
            case Document():
                return self._document(part, place) if self._may_show(place) else None
            case Audio():
                if part.transcript:
                    return TextBlock(part.transcript)
                self._refuse(place, "Claude does not listen. Send the words instead of the sound.")
                return None

    def _refuse(self, place: int, message: str) -> None:
        self._omissions.refuse(f"messages[{self._index}].content[{place}]", message)

    def _may_show(self, place: int) -> bool:
        if self._message.role in ("user", "tool"):
            return True
        self._refuse(place, "Claude takes images and documents from the user only.")
        return False

    def _text(self, part: Text | Refusal) -> TextBlock | None:
        if not part.text or part.text.isspace():
            return None
        if isinstance(part, Refusal):
            return TextBlock(part.text)
        if part.citations is None or self._message.role != "assistant":
            return TextBlock(part.text, cache_control=cache_control(part.cache))
        return TextBlock(part.text, own_citations(part.citations), cache_control(part.cache))

    def _thinking(self, part: Thinking) -> Block | None:
        if self._message.role != "assistant":
            return None
        if part.sealed is not None:
            return RedactedThinkingBlock(part.sealed)
        if not part.signature or is_of_others(part.signature):
            return None
        return ThinkingBlock(part.text, part.signature)

    def _result(self, part: ToolResult, place: int) -> ToolResultBlock:
        content: list[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock] = []
        for inner in part.parts:
            block = self._block(inner, place)
            if isinstance(block, TextBlock | ImageBlock | DocumentBlock | SearchResultBlock):
                content.append(block)
        return ToolResultBlock(
            _call_id(part.call_id), [*content] or None, part.is_error or None, cache_control(part.cache)
        )

    def _image(self, part: Image, place: int) -> ImageBlock | None:
        block = image_block(part)
        if block is None:
            self._refuse(place, "There is no image in it.")
        return block

    def _document(self, part: Document, place: int) -> DocumentBlock | SearchResultBlock | None:
        citations = CitationsConfig(True) if part.citations else None
        if part.found:
            pieces = [TextBlock(piece) for piece in part.found]
            return SearchResultBlock(part.context or "", part.name or "", pieces, citations, cache_control(part.cache))
        source = _document_source(part)
        if source is None:
            self._refuse(place, "Claude reads PDF and plain text (UTF-8). Send the document as one of them.")
            return None
        return DocumentBlock(source, part.name, part.context, citations, cache_control(part.cache))


def _document_source(part: Document) -> Base64Source | TextSource | UrlSource | FileSource | None:
    if part.text is not None:
        return TextSource(part.text)
    if part.url is not None:
        return UrlSource(part.url)
    if part.file_id is not None:
        return FileSource(part.file_id)
    kind = (part.media_type or _PDF).partition(";")[0].strip().lower()
    if part.data is None or kind == _PDF:
        return None if part.data is None else Base64Source(_PDF, part.data)
    if not kind.startswith("text/") and kind not in ("application/json", "application/xml"):
        return None
    try:
        return TextSource(b64decode(part.data, validate=True).decode())
    except ValueError:
        return None


def _call_id(given: str) -> str:
    """The id, of the letters that the API allows: calls and results of other providers keep belonging together."""
    if _ID.fullmatch(given):
        return given
    return f"{_NOT_OF_AN_ID.sub('_', given)[:48]}_{crc32(given.encode('utf-8', 'replace')):08x}"
