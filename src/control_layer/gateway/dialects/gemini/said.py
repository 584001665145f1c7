"""What a model says, as events: a whole answer and a chunk of a stream have the same form, and are read by one code.

Pictures of its thoughts, on the way to the one that it gives, are passed over.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Finish, Image
from control_layer.gateway.dialects.events import (
    AudioDelta,
    CallDelta,
    CallStarted,
    Event,
    Finished,
    ImageGiven,
    LogprobsDelta,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.openai_chat.said import call_id
from control_layer.gateway.dialects.signatures import named

__all__ = ["Candidate", "CandidateReader", "ResponseBody", "blocked"]

_NOTHING = msgspec.Raw()
_NO_ARGUMENTS = (b"", b"null")
_FINISHES: dict[str, Finish] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        "content_filter",
    ),
    **dict.fromkeys(
        (
            *("OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
            *("MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "NO_IMAGE", "IMAGE_OTHER"),
        ),
        "error",
    ),
}
"""A reason that is not known yet is an end all the same."""


class _Called(msgspec.Struct, gc=False):
    name: str = ""
    args: msgspec.Raw = _NOTHING
    id: str | None = None


class _Blob(msgspec.Struct, rename="camel", gc=False):
    mime_type: str = ""
    data: str = ""


class _Part(msgspec.Struct, rename="camel", gc=False):
    text: str | None = None
    inline_data: _Blob | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _Called | None = None


class _Content(msgspec.Struct, gc=False):
    parts: list[_Part] | None = None


class _Token(msgspec.Struct, rename="camel", gc=False):
    token: str = ""
    log_probability: float = 0.0


class _Alternatives(msgspec.Struct, gc=False):
    candidates: list[_Token] = []


class _Logprobs(msgspec.Struct, rename="camel", gc=False):
    chosen_candidates: list[_Token] = []
    top_candidates: list[_Alternatives] = []


class Candidate(msgspec.Struct, rename="camel", gc=False):
    """One of the answers, or more of one."""

    index: int = 0
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    logprobs_result: _Logprobs | None = None


class _PromptFeedback(msgspec.Struct, rename="camel", gc=False):
    block_reason: str | None = None
    block_reason_message: str | None = None


class ResponseBody(msgspec.Struct, rename="camel", gc=False):
    """`GenerateContentResponse`, or the error that ends a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: _PromptFeedback | None = None
    usage_metadata: msgspec.Raw = _NOTHING
    response_id: str | None = None
    error: msgspec.Raw = _NOTHING


class _AudioForClients(msgspec.Struct, frozen=True, omit_defaults=True):
    """In OpenAI's form."""

    data: str
    id: str | None = None
    """Only once: clients put the texts of a stream together, and this one too."""


class _Probability(msgspec.Struct, frozen=True):
    token: str
    logprob: float
    bytes: list[int]


class _TokenProbability(msgspec.Struct, frozen=True):
    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[_Probability]


class _ProbabilitiesForClients(msgspec.Struct, frozen=True):
    """In OpenAI's form."""

    content: list[_TokenProbability]
    refusal: None = None


_encode = msgspec.json.Encoder().encode


class CandidateReader:
    """Reads what comes of one candidate."""

    __slots__ = ("_calls", "_choice", "_spoke", "finished")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._calls = 0
        self._spoke = False
        self.finished = False

    def read(self, candidate: Candidate, answer_id: str, events: list[Event]) -> None:
        """Appends what it says to `events`."""
        if self.finished:
            return
        choice, content = self._choice, candidate.content
        if content is not None and content.parts:
            for part in content.parts:
                self._part(part, answer_id, events)
        probabilities = candidate.logprobs_result
        if probabilities is not None and probabilities.chosen_candidates:
            events.append(LogprobsDelta(_logprobs(probabilities), choice))
        if candidate.finish_reason:
            self._finish(candidate.finish_reason, candidate.finish_message, events)

    def _part(self, part: _Part, answer_id: str, events: list[Event]) -> None:
        choice, signature = self._choice, part.thought_signature
        if part.text:
            events.append(ThinkingDelta(part.text, choice) if part.thought else TextDelta(part.text, choice))
        elif part.inline_data is not None:
            self._made(part.inline_data, part, answer_id, events)
            return
        elif part.function_call is not None:
            call, index = part.function_call, self._calls
            self._calls += 1
            given = call.id or call_id(answer_id, choice, index)
            events.append(CallStarted(index, given, call.name, choice, signature))
            events.append(CallDelta(index, _arguments(call.args), choice))
            return
        if signature:
            events.append(ThinkingSigned(named("gemini", signature), choice))

    def _made(self, made: _Blob, part: _Part, answer_id: str, events: list[Event]) -> None:
        if part.thought or not made.data:
            return
        if made.mime_type.startswith("image/"):
            image = Image(made.mime_type, made.data, signature=part.thought_signature)
            events.append(ImageGiven(image, self._choice))
        elif made.mime_type.startswith("audio/"):
            name = None if self._spoke else f"audio_{answer_id}_{self._choice}"
            self._spoke = True
            spoken = _AudioForClients(made.data, name)
            events.append(AudioDelta(msgspec.Raw(_encode(spoken)), self._choice))

    def _finish(self, reason: str, message: str | None, events: list[Event]) -> None:
        self.finished = True
        finish = _FINISHES.get(reason, "stop")
        if finish == "stop" and self._calls:
            finish = "tool_calls"
        elif finish == "content_filter" and message:
            events.append(RefusalDelta(message, self._choice))
        events.append(Finished(finish, self._choice))


def blocked(body: ResponseBody) -> list[Event]:
    """What there is instead of candidates where the prompt itself was stopped by a filter."""
    feedback = body.prompt_feedback
    if feedback is None or not feedback.block_reason:
        return []
    told = feedback.block_reason_message or f"Gemini blocked the prompt ({feedback.block_reason})."
    return [RefusalDelta(told), Finished("content_filter")]


def _arguments(args: msgspec.Raw) -> str:
    """On one line: whole answers come indented, and streams do not."""
    given = bytes(args)
    return "{}" if given in _NO_ARGUMENTS else msgspec.json.format(given, indent=-1).decode()


def _logprobs(result: _Logprobs) -> msgspec.Raw:
    tokens: list[_TokenProbability] = []
    for place, chosen in enumerate(result.chosen_candidates):
        others = result.top_candidates[place].candidates if place < len(result.top_candidates) else []
        top = [_Probability(each.token, each.log_probability, _bytes(each)) for each in others]
        tokens.append(_TokenProbability(chosen.token, chosen.log_probability, _bytes(chosen), top))
    return msgspec.Raw(_encode(_ProbabilitiesForClients(tokens)))


def _bytes(token: _Token) -> list[int]:
    return list(token.token.encode("utf-8", "replace"))
