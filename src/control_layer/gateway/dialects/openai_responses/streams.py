"""Events as the stream that a client of the Responses API reads.

https://platform.openai.com/docs/api-reference/responses-streaming. One message or thought is open at a time; calls may
be under way together, each an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    ImageGiven,
    LogprobsDelta,
    Ping,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.openai_chat.client_answers import shows_thoughts
from control_layer.gateway.dialects.openai_responses.answers import annotations_of, logprobs_in
from control_layer.gateway.dialects.openai_responses.responses import (
    Ending,
    ErrorBody,
    Response,
    answer_id_of,
    ended,
    ending_of,
    response_for,
)
from control_layer.gateway.dialects.openai_responses.stream_items import (
    CallUnderWay,
    Emitter,
    MessageUnderWay,
    ThoughtUnderWay,
    tell_picture,
)

__all__ = ["Writer"]

_encode = msgspec.json.Encoder().encode
_BROKEN = Failed("The provider broke its answer off.", "server_error")


class Writer:
    """Writes one stream. Of several choices it is the first: a client of this API asks for no other."""

    __slots__ = (
        *("_calls", "_closed_calls", "_conversation", "_emitter", "_finished", "_message", "_model", "_over"),
        *("_refused", "_response", "_shown", "_thought", "_tokens"),
    )

    def __init__(self, conversation: Conversation, model: str) -> None:
        self._conversation = conversation
        self._model = model
        self._shown = shows_thoughts(conversation)
        self._emitter = Emitter()
        self._response: Response | None = None
        self._message: MessageUnderWay | None = None
        self._thought: ThoughtUnderWay | None = None
        self._calls: dict[int, CallUnderWay] = {}
        self._closed_calls: set[int] = set()
        self._tokens: Tokens | None = None
        self._finished: Finished | None = None
        self._refused = False
        self._over = False

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for these events."""
        given = events if isinstance(events, Sequence) else list(events)
        for place, event in enumerate(given):
            if self._over:
                break
            if getattr(event, "choice", 0):
                continue
            match event:
                case TextDelta():
                    following = given[place + 1] if place + 1 < len(given) else None
                    self._text(event, following)
                case LogprobsDelta():
                    self._probable(event, given[place - 1] if place else None)
                case _:
                    self._event(event)
        return self._emitter.take()

    def _event(self, event: Event) -> None:
        match event:
            case CallDelta():
                self._call_goes_on(event)
            case ThinkingDelta():
                if event.text:
                    self._think().grow(event.text)
            case ThinkingSigned():
                self._think().close(signature=event.signature)
                self._thought = None
            case SealedThinking():
                self._close()
                ThoughtUnderWay(self._emitter, shown=self._shown).close(sealed=event.data)
            case RefusalDelta():
                if event.text:
                    self._refused = True
                    self._speak().decline(event.text)
            case ImageGiven():
                self._close()
                tell_picture(self._emitter, event.image)
            case CallStarted():
                self._call_starts(event)
            case Started():
                self._start(event)
            case Finished():
                self._finished = event
            case Counted():
                self._tokens = event.tokens
            case Failed():
                self._fail(event)
            case Ended():
                self._end()
            case Ping():
                self._emitter.comment()
            case _:
                pass

    # -- the response ------------------------------------------------------------------------------------------------

    def _start(self, event: Started) -> None:
        response = response_for(self._conversation, self._model, event.id, event.created)
        if event.service_tier is not None:
            response = msgspec.structs.replace(response, service_tier=event.service_tier)
        self._response, self._tokens = response, event.tokens
        self._emitter.answer_id = answer_id_of(self._conversation, event.id)
        written = b'"response":%b' % _encode(response)
        self._emitter.emit(b"response.created", written)
        self._emitter.emit(b"response.in_progress", written)

    def _end(self) -> None:
        finish = None if self._finished is None else self._finished.finish
        ending = ending_of(finish, refused=self._refused)
        if ending.status == "failed":
            self._fail(_BROKEN)
            return
        self._close("completed" if ending.status == "completed" else "incomplete")
        self._tell_the_end(ending)

    def _fail(self, event: Failed) -> None:
        error = ErrorBody(event.code or "server_error", event.message)
        fields = b'"code":%b,"message":%b,"param":null' % (_encode(error.code), _encode(error.message))
        self._emitter.emit(b"error", fields)
        self._tell_the_end(Ending("failed"), error)

    def _tell_the_end(self, ending: Ending, error: ErrorBody | None = None) -> None:
        self._over = True
        if self._response is None:
            return
        output = [item for item in self._emitter.output if item is not None]
        response = ended(self._response, ending, output, self._tokens)
        if error is not None:
            response = msgspec.structs.replace(response, error=error)
        self._emitter.emit(b"response." + ending.status.encode(), b'"response":%b' % _encode(response))

    # -- what is said ------------------------------------------------------------------------------------------------

    def _text(self, event: TextDelta, following: Event | None) -> None:
        """Log probabilities are told with the words before them, where both came together."""
        if event.opens and self._message is not None:
            self._message.close_part()
        if event.text:
            logprobs: list[msgspec.Raw] = []
            if isinstance(following, LogprobsDelta) and not following.choice:
                logprobs = self._probabilities(following)
            self._speak().say(event.text, logprobs)
        annotations = annotations_of(event.citations)
        if annotations:
            self._speak().cite(annotations)

    def _probable(self, event: LogprobsDelta, before: Event | None) -> None:
        if isinstance(before, TextDelta) and before.text and not before.choice:
            return
        logprobs = self._probabilities(event)
        if logprobs and self._message is not None:
            self._message.say("", logprobs)

    def _probabilities(self, event: LogprobsDelta) -> list[msgspec.Raw]:
        return [] if self._conversation.logprobs is None else logprobs_in(event.logprobs)

    def _speak(self) -> MessageUnderWay:
        if self._message is None:
            self._close()
            self._message = MessageUnderWay(self._emitter)
        return self._message

    def _think(self) -> ThoughtUnderWay:
        if self._thought is None:
            self._close()
            self._thought = ThoughtUnderWay(self._emitter, shown=self._shown)
        return self._thought

    def _close(self, last: Literal["completed", "incomplete"] = "completed") -> None:
        """Whatever is under way is over: something else comes, or nothing more. `last` is the status of the last."""
        if self._thought is not None:
            self._thought.close()
            self._thought = None
        if self._message is not None:
            self._message.close(last if not self._calls else "completed")
            self._message = None
        while self._calls:
            index = next(iter(self._calls))
            self._close_call(index, last if len(self._calls) == 1 else "completed")

    # -- calls -------------------------------------------------------------------------------------------------------

    def _call_starts(self, event: CallStarted) -> None:
        if self._thought is not None or self._message is not None:
            self._close()
        for index in [index for index, call in self._calls.items() if call.is_whole()]:
            self._close_call(index, "completed")
        self._calls[event.index] = CallUnderWay(self._emitter, event)

    def _call_goes_on(self, event: CallDelta) -> None:
        call = self._calls.get(event.index)
        if call is not None and event.arguments:
            call.grow(event.arguments)
        elif call is None and event.index in self._closed_calls and event.arguments.strip():
            self._fail(Failed("The provider added to a tool call that was over.", "server_error"))

    def _close_call(self, index: int, status: Literal["completed", "incomplete"]) -> None:
        self._calls.pop(index).close(status)
        self._closed_calls.add(index)
