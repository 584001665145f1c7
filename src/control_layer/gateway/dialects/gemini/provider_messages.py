"""A conversation's messages as Gemini takes them.

* Turns of one role in a row are one turn; in the user's, what functions gave comes first, in the order of the calls.
* Instructions (`system`, `developer`) are one prompt, wherever they stand. A request of instructions alone asks them as
  the user's turn, and models that take none hear them from the user, before all else.
* What a function gave has its name, which is that of its call.
* What was thought is left out; its signature, where Gemini has made it, stands on what was said before it.
* A call or a picture of the model's without a signature has one that stands for it, where the model wants one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from control_layer.gateway.dialects.anthropic.blocks import json_object
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
from control_layer.gateway.dialects.gemini.media import audio_part, document_part, image_part
from control_layer.gateway.dialects.gemini.models import Abilities
from control_layer.gateway.dialects.gemini.requests import (
    Content,
    FunctionCall,
    FunctionResponse,
    FunctionResponsePart,
)
from control_layer.gateway.dialects.gemini.requests import Part as WirePart
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.signatures import made_by

__all__ = ["UNSIGNED", "write_messages"]

UNSIGNED = "skip_thought_signature_validator"
"""Stands for the signature of a call or a picture that another provider's model has made, or whose signature a client's
dialect has no place for (https://ai.google.dev/gemini-api/docs/thought-signatures, "FAQs")."""
_INSTRUCTIONS = ("system", "developer")
_BETWEEN_TEXTS = "\n\n"


def write_messages(
    messages: Iterable[Message], able: Abilities, omissions: Omissions
) -> tuple[list[WirePart], list[Content]]:
    """The instructions and the turns."""
    turns = _Turns(able, omissions)
    for index, message in enumerate(messages):
        if message.name is not None:
            omissions.drop(f"messages[{index}].name")
        turns.say(message, index)
    return turns.end()


class _Turns:
    """Puts turns in the order that the API asks for."""

    __slots__ = (
        "_able", "_calls", "_contents", "_index", "_names", "_omissions", "_parts", "_results", "_role", "_shown",
        "_system",
    )  # fmt: skip

    def __init__(self, able: Abilities, omissions: Omissions) -> None:
        self._able = able
        self._omissions = omissions
        self._system: list[WirePart] = []
        self._contents: list[Content] = []
        self._role: Literal["user", "model"] | None = None
        """Whose turn it is."""
        self._index = 0
        """Of its last message."""
        self._parts: list[WirePart] = []
        self._results: list[tuple[str, WirePart]] = []
        """What functions gave in this turn, each with the id of its call."""
        self._shown: list[WirePart] = []
        """What stands behind them, because it cannot stand in them."""
        self._names: dict[str, str] = {}
        """The functions that were called, by the ids of the calls."""
        self._calls: dict[str, int] = {}
        """The calls of the model's last turn, in their order."""

    def say(self, message: Message, index: int) -> None:
        instructs = message.role in _INSTRUCTIONS
        role: Literal["user", "model"] = "model" if message.role == "assistant" else "user"
        parts: list[WirePart] = []
        results: list[ToolResult] = []
        for place, part in enumerate(message.parts):
            at = f"messages[{index}].content[{place}]"
            if isinstance(part, ToolResult):
                results.append(part)
            elif instructs and not isinstance(part, Text):
                self._omissions.refuse(at, "Gemini takes instructions in words only.")
            elif isinstance(part, Thinking):
                _sign(part, parts)
            else:
                written = self._part(part, at)
                if written is not None:
                    parts.append(written)
        if instructs:
            self._system += parts
        elif parts or results:
            self._turn(role, index)
            self._parts += parts
            for result in results:
                self._result(result, f"messages[{index}]")

    def end(self) -> tuple[list[WirePart], list[Content]]:
        if self._role == "model" and not self._able.prefill:
            self._omissions.refuse(
                f"messages[{self._index}]", "The model does not go on with an answer that was begun for it."
            )
        else:
            self._close()
        if not self._system or (self._contents and self._able.instructions):
            return self._system, self._contents
        first = self._contents[0] if self._contents else None
        if first is None or first.role != "user":
            return [], [Content(self._system, "user"), *self._contents]
        return [], [Content(self._system + first.parts, "user"), *self._contents[1:]]

    # -- turns -------------------------------------------------------------------------------------------------------

    def _turn(self, role: Literal["user", "model"], index: int) -> None:
        if role != self._role:
            self._close()
            self._role = role
        self._index = index

    def _close(self) -> None:
        if self._role is None:
            return
        if self._role == "model":
            self._sign_call()
            self._sign_pictures()
            calls = [part.function_call for part in self._parts if part.function_call is not None]
            self._calls = {call.id: place for place, call in enumerate(calls) if call.id is not None}
        behind = len(self._calls)
        self._results.sort(key=lambda result: self._calls.get(result[0], behind))
        results = [part for _, part in self._results]
        self._contents.append(Content(results + self._shown + self._parts, self._role))
        self._parts, self._results, self._shown = [], [], []

    def _sign_call(self) -> None:
        """Of calls at once the first has the signature."""
        if not self._able.signed_calls:
            return
        for place, part in enumerate(self._parts):
            if part.function_call is not None:
                if part.thought_signature is None:
                    self._parts[place] = msgspec.structs.replace(part, thought_signature=UNSIGNED)
                return

    def _sign_pictures(self) -> None:
        """Each has its own."""
        if not self._able.signed_calls:
            return
        for place, part in enumerate(self._parts):
            if part.inline_data is not None and part.thought_signature is None:
                self._parts[place] = msgspec.structs.replace(part, thought_signature=UNSIGNED)

    # -- functions ---------------------------------------------------------------------------------------------------

    def _call(self, call: ToolCall) -> WirePart:
        self._names[call.id] = call.name
        called = FunctionCall(call.name, json_object(call.arguments), call.id or None)
        return WirePart(function_call=called, thought_signature=call.signature)

    def _result(self, result: ToolResult, at: str) -> None:
        name = self._names.get(result.call_id)
        if name is None:
            self._omissions.refuse(
                f"{at}.tool_call_id", f"No message before it has a call with the id {result.call_id!r}."
            )
            return
        texts: list[str] = []
        inside: list[FunctionResponsePart] = []
        for part in result.parts:
            written = self._part(part, at)
            if written is None:
                continue
            if written.text is not None:
                texts.append(written.text)
            elif written.inline_data is not None and self._able.shown_by_functions:
                inside.append(FunctionResponsePart(written.inline_data))
            else:
                self._shown += (WirePart(text=f"Shown by the function {name}:"), written)
        response = {"error" if result.is_error else "output": _BETWEEN_TEXTS.join(texts)}
        given = FunctionResponse(name, response, result.call_id or None, inside or None)
        self._results.append((result.call_id, WirePart(function_response=given)))

    # -- parts -------------------------------------------------------------------------------------------------------

    def _part(self, part: Part, at: str) -> WirePart | None:
        match part:
            case Text() | Refusal():
                return WirePart(text=part.text) if part.text else None
            case ToolCall():
                return self._call(part)
            case Image():
                return self._readable(image_part(part), at, "There is no image in it that Gemini can get at.")
            case Audio():
                if part.transcript:
                    return WirePart(text=part.transcript)
                return self._readable(audio_part(part), at, "There is no sound in it.")
            case Document():
                if part.citations:
                    self._omissions.drop("citations")
                told = "Gemini reads PDF and text (UTF-8), with its data, by a URL, or as a file of Google's Files API."
                return self._readable(document_part(part), at, told)
        return None

    def _readable(self, written: WirePart | None, at: str, message: str) -> WirePart | None:
        if written is None:
            self._omissions.refuse(at, message)
        return written


def _sign(thought: Thinking, parts: list[WirePart]) -> None:
    """Signs what was said before, or else nothing, as Gemini does itself where it signs at the end of a stream."""
    signature = made_by("gemini", thought.signature)
    if signature is None:
        return
    last = parts[-1] if parts else None
    if last is not None and last.text is not None and last.thought_signature is None:
        parts[-1] = msgspec.structs.replace(last, thought_signature=signature)
    else:
        parts.append(WirePart(text="", thought_signature=signature))
