"""A conversation's messages as Converse takes them.

* Turns of one role in a row are one turn; in the user's, tool results come first.
* Instructions (`system`, `developer`) are the system prompt, wherever they stand. A request of instructions alone asks
  them as the user's turn.
* Texts of nothing but white space are left out, and so are thoughts, unless they go to Claude and Anthropic has
  signed them.
* Documents that come without a text have one before them, which the API insists on.
* A mark for prompt caching is a block of its own, behind what it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from zlib import crc32

from control_layer.gateway.dialects.anthropic.blocks import json_object
from control_layer.gateway.dialects.bedrock.citations import citations_for_bedrock
from control_layer.gateway.dialects.bedrock.media import Documents, Untold, audio_of, image_of, search_result_of
from control_layer.gateway.dialects.bedrock.models import Model
from control_layer.gateway.dialects.bedrock.requests import (
    Block,
    CachePoint,
    CitationsParam,
    CitedText,
    MessageParam,
    ReasoningParam,
    ReasoningText,
    ToolResultParam,
    ToolUseParam,
)
from control_layer.gateway.dialects.conversation import (
    Audio,
    CacheMark,
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

__all__ = ["cache_point", "write_messages"]

_INSTRUCTIONS = ("system", "developer")
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_DOCUMENTS_ALONE = "See what follows."
_NOT_OF_AN_ID = re.compile(r"[^a-zA-Z0-9_.:-]")


def write_messages(
    messages: Iterable[Message], *, model: Model, omissions: Omissions
) -> tuple[list[Block], list[MessageParam]]:
    """The system prompt and the turns."""
    turns, documents = _Turns(), Documents()
    for index, message in enumerate(messages):
        if message.name is not None:
            omissions.drop(f"messages[{index}].name")
        blocks = _Blocks(message, index, documents, model, omissions).written()
        if message.role in _INSTRUCTIONS:
            turns.instruct(blocks)
        else:
            turns.say("assistant" if message.role == "assistant" else "user", blocks)
    return turns.end()


def cache_point(mark: CacheMark | None) -> CachePoint | None:
    """The block for a mark."""
    return None if mark is None else CachePoint("default", None if mark == "5m" else mark)


class _Turns:
    """Puts turns in the order that the API asks for."""

    __slots__ = ("_blocks", "_messages", "_results", "_role", "_system")

    def __init__(self) -> None:
        self._system: list[Block] = []
        self._messages: list[MessageParam] = []
        self._role: Literal["user", "assistant"] | None = None
        """Whose turn it is."""
        self._results: list[Block] = []
        self._blocks: list[Block] = []

    def instruct(self, blocks: list[Block]) -> None:
        self._system += [block for block in blocks if block.text is not None or block.cache_point is not None]

    def say(self, role: Literal["user", "assistant"], blocks: list[Block]) -> None:
        if not blocks:
            return
        if role != self._role:
            self._close()
            self._role = role
        of_results = False
        for block in blocks:
            of_results = block.tool_result is not None or (of_results and block.cache_point is not None)
            (self._results if of_results else self._blocks).append(block)

    def end(self) -> tuple[list[Block], list[MessageParam]]:
        self._close()
        if not self._messages and self._system:
            return [], [MessageParam("user", self._system)]
        return self._system, self._messages

    def _close(self) -> None:
        if self._role is None:
            return
        self._messages.append(MessageParam(self._role, self._results + _with_words(self._blocks)))
        self._results, self._blocks = [], []


def _with_words(blocks: list[Block]) -> list[Block]:
    """Documents are refused where no text comes with them: it stands before them, if there is none."""
    first = next((place for place, block in enumerate(blocks) if block.document is not None), None)
    if first is None or any(block.text is not None for block in blocks):
        return blocks
    return [*blocks[:first], Block(text=_DOCUMENTS_ALONE), *blocks[first:]]


class _Blocks:
    """Writes the parts of one message."""

    __slots__ = ("_documents", "_index", "_message", "_model", "_omissions")

    def __init__(self, message: Message, index: int, documents: Documents, model: Model, omissions: Omissions) -> None:
        self._message = message
        self._index = index
        self._documents = documents
        self._model = model
        self._omissions = omissions

    def written(self) -> list[Block]:
        blocks: list[Block] = []
        for place, part in enumerate(self._message.parts):
            block = self._block(part, place)
            if block is None:
                continue
            blocks.append(block)
            mark = cache_point(getattr(part, "cache", None)) if self._model.caches else None
            if mark is not None:
                blocks.append(Block(cache_point=mark))
        return blocks

    def _block(self, part: Part, place: int) -> Block | None:
        match part:
            case Text() | Refusal():
                return None if not part.text or part.text.isspace() else self._text(part)
            case ToolCall():
                return Block(tool_use=ToolUseParam(_call_id(part.id), part.name, json_object(part.arguments)))
            case ToolResult():
                return self._result(part, place)
            case Thinking():
                return self._thinking(part)
            case Audio(transcript=str(words)) if words:
                return Block(text=words)
        try:
            return self._shown(part)
        except Untold as reason:
            self._omissions.refuse(f"messages[{self._index}].content[{place}]", str(reason))
            return None

    def _text(self, part: Text | Refusal) -> Block:
        if isinstance(part, Text) and part.citations is not None and self._message.role == "assistant":
            citations = citations_for_bedrock(part.citations)
            if citations:
                return Block(citations_content=CitationsParam([CitedText(part.text)], citations))
        return Block(text=part.text)

    def _shown(self, part: Image | Document | Audio) -> Block:
        """What is no text. Raises `Untold`."""
        if self._message.role not in ("user", "tool"):
            raise Untold("Bedrock takes images, documents and sound from the user only.")
        if isinstance(part, Image):
            return Block(image=image_of(part))
        if isinstance(part, Audio):
            return Block(audio=audio_of(part))
        if part.found and self._model.cites:
            return Block(search_result=search_result_of(part))
        return Block(document=self._documents.document_of(part))

    def _thinking(self, part: Thinking) -> Block | None:
        if self._message.role != "assistant" or not self._model.thinks:
            return None
        if part.sealed is not None:
            return Block(reasoning_content=ReasoningParam(redacted_content=part.sealed))
        if not part.signature or is_of_others(part.signature):
            return None
        return Block(reasoning_content=ReasoningParam(ReasoningText(part.text, part.signature)))

    def _result(self, part: ToolResult, place: int) -> Block:
        content = [block for inner in part.parts if (block := self._block(inner, place)) is not None]
        failed = part.is_error and self._model.marks_errors
        if part.is_error and not failed:
            self._omissions.drop("tool_result.is_error")
        return Block(tool_result=ToolResultParam(_call_id(part.call_id), content, "error" if failed else None))


def _call_id(given: str) -> str:
    """The id, of the letters and the length that the API allows: calls and their results keep belonging together."""
    if _ID.fullmatch(given):
        return given
    return f"{_NOT_OF_AN_ID.sub('_', given)[:48]}_{crc32(given.encode('utf-8', 'replace')):08x}"
