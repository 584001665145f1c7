"""A conversation's messages as chat completions take them.

* What a tool shows stands behind its results in a message of the user's: results are texts here.
* Documents of plain text are said as texts, with their title and context before them.
* What was thought is left out, but for servers that take it back; so are marks of what to cache: OpenAI's caches need
  none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from control_layer.gateway.dialects.data_urls import data_url
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.openai_chat.client_answers import extra_content_of
from control_layer.gateway.dialects.openai_chat.quirks import Quirks
from control_layer.gateway.dialects.openai_chat.requests import (
    AudioPart,
    AudioRef,
    ContentPart,
    FileData,
    FilePart,
    FunctionCall,
    ImagePart,
    ImageUrl,
    InputAudio,
    MessageParam,
    RedactedThinkingBlock,
    RefusalPart,
    TextPart,
    ThinkingBlock,
    ToolCallParam,
)

__all__ = ["write_messages"]

_PDF = "application/pdf"
_BETWEEN_TEXTS = "\n\n"


def write_messages(messages: Iterable[Message], quirks: Quirks, omissions: Omissions) -> list[MessageParam]:
    """The messages, in their order."""
    turns = _Turns(quirks, omissions)
    for index, message in enumerate(messages):
        turns.say(message, f"messages[{index}]")
    return turns.end()


class _Turns:
    __slots__ = ("_messages", "_omissions", "_quirks", "_shown")

    def __init__(self, quirks: Quirks, omissions: Omissions) -> None:
        self._quirks = quirks
        self._omissions = omissions
        self._messages: list[MessageParam] = []
        self._shown: list[ContentPart] = []
        """What tools have shown since their results began."""

    def say(self, message: Message, at: str) -> None:
        if message.role == "tool":
            for place, part in enumerate(message.parts):
                if isinstance(part, ToolResult):
                    self._result(part, f"{at}.content[{place}]")
            return
        self._show()
        if message.role == "assistant":
            self._messages.append(self._assistant(message, at))
            return
        role = message.role
        if role == "developer" and self._quirks.no_developer_role:
            role = "system"
        content = self._content(message.parts, at)
        self._messages.append(MessageParam(role, content, message.name))

    def end(self) -> list[MessageParam]:
        self._show()
        return self._messages

    # -- tools -------------------------------------------------------------------------------------------------------

    def _result(self, result: ToolResult, at: str) -> None:
        if result.is_error:
            self._omissions.drop("tool_result.is_error")
        texts: list[ContentPart] = []
        for part in result.parts:
            for written in self._written(part, at):
                if isinstance(written, TextPart):
                    texts.append(written)
                else:
                    self._shown += (TextPart(f"Shown by the tool call {result.call_id}:"), written)
        content = self._joined(texts) if texts or not self._shown else "See the next message of the user."
        self._messages.append(MessageParam("tool", content, tool_call_id=result.call_id))

    def _show(self) -> None:
        if self._shown:
            self._messages.append(MessageParam("user", self._shown))
            self._shown = []

    # -- the assistant -----------------------------------------------------------------------------------------------

    def _assistant(self, message: Message, at: str) -> MessageParam:
        calls = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        thoughts = [part for part in message.parts if isinstance(part, Thinking)]
        spoken = next((part for part in message.parts if isinstance(part, Audio) and part.id), None)
        if not self._quirks.takes_thoughts:
            thoughts = []
        words: list[ContentPart] = []
        for place, part in enumerate(message.parts):
            match part:
                case Text(text=text) if text:
                    words.append(TextPart(text))
                case Refusal():
                    words.append(RefusalPart(part.text))
                case Image() | Document():
                    self._omissions.refuse(f"{at}.content[{place}]", "OpenAI's assistants show nothing but words.")
                case Audio() if part.transcript and not part.id:
                    words.append(TextPart(part.transcript))
                case _:
                    pass
        return MessageParam(
            "assistant",
            self._joined(words) if words or not (calls or spoken) else None,
            message.name,
            reasoning_content="".join(thought.text for thought in thoughts) or None,
            thinking_blocks=_blocks(thoughts),
            audio=None if spoken is None else AudioRef(spoken.id or ""),
            tool_calls=calls or None,
        )

    def _call(self, call: ToolCall) -> ToolCallParam:
        extra = extra_content_of(call.signature) if self._quirks.takes_thoughts else None
        return ToolCallParam(call.id, "function", FunctionCall(call.name, call.arguments or "{}"), extra)

    # -- content -----------------------------------------------------------------------------------------------------

    def _content(self, parts: Sequence[Part], at: str) -> str | list[ContentPart]:
        written: list[ContentPart] = []
        for place, part in enumerate(parts):
            written += self._written(part, f"{at}.content[{place}]")
        return self._joined(written)

    def _joined(self, parts: list[ContentPart]) -> str | list[ContentPart]:
        """One text is a string, which every server takes."""
        texts = [part.text for part in parts if isinstance(part, TextPart)]
        if len(texts) < len(parts):
            return parts
        if len(texts) > 1 and not self._quirks.text_as_string:
            return parts
        return _BETWEEN_TEXTS.join(texts)

    def _written(self, part: Part, at: str) -> list[ContentPart]:
        """The part, with what is said of a file before it."""
        written = self._part(part, at)
        if written is None:
            return []
        if isinstance(written, FilePart) and isinstance(part, Document) and part.context:
            return [TextPart(part.context), written]
        return [written]

    def _part(self, part: Part, at: str) -> ContentPart | None:
        match part:
            case Text():
                return TextPart(part.text) if part.text else None
            case Image():
                return self._image(part, at)
            case Document():
                return self._document(part, at)
            case Audio():
                return AudioPart(InputAudio(part.data, part.format))
            case Refusal():
                return TextPart(part.text)
        return None

    def _image(self, part: Image, at: str) -> ImagePart | None:
        if part.data is not None:
            return ImagePart(ImageUrl(data_url(part.media_type or "image/png", part.data), part.detail))
        if part.url is not None:
            return ImagePart(ImageUrl(part.url, part.detail))
        self._omissions.refuse(at, "Chat completions take images by URL or with their data, not from uploaded files.")
        return None

    def _document(self, part: Document, at: str) -> ContentPart | None:
        if part.citations:
            self._omissions.drop("citations")
        if part.text is not None:
            return TextPart(_BETWEEN_TEXTS.join(text for text in (part.name, part.context, part.text) if text))
        if part.data is not None:
            media_type = part.media_type or _PDF
            name = part.name or ("document.pdf" if media_type == _PDF else "document")
            return FilePart(FileData(data_url(media_type, part.data), filename=name))
        if part.file_id is not None:
            return FilePart(FileData(file_id=part.file_id))
        self._omissions.refuse(at, "Chat completions take no documents by URL. Send the document's data.")
        return None


def _blocks(thoughts: list[Thinking]) -> list[ThinkingBlock | RedactedThinkingBlock] | None:
    if all(thought.signature is None and thought.sealed is None for thought in thoughts):
        return None
    return [
        ThinkingBlock(thought.text, thought.signature)
        if thought.sealed is None
        else RedactedThinkingBlock(thought.sealed)
        for thought in thoughts
    ]
