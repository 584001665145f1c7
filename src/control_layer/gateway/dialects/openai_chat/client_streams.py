"""Events as the chunks that a client of chat completions reads.

https://platform.openai.com/docs/api-reference/chat-streaming. What is thought is said as `reasoning_content`, and once
more as `thinking_blocks`, whose fragments have an `index`: clients that put lists together by it, as OpenAI's own SDK
does, hold whole blocks at the end, with the signature that a provider wants back.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import ProviderError
from control_layer.gateway.dialects.events import (
    AudioDelta,
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
from control_layer.gateway.dialects.openai_chat.annotations import numbered, own_annotations
from control_layer.gateway.dialects.openai_chat.client_answers import (
    extra_content_of,
    finish_reason_of,
    picture_of,
    shows_thoughts,
)
from control_layer.gateway.dialects.openai_chat.errors import write_error
from control_layer.gateway.dialects.openai_chat.tokens import usage_of

__all__ = ["Writer"]

_encode = msgspec.json.Encoder().encode

_PING = b": ping\n\n"
_DONE = b"data: [DONE]\n\n"
_HEAD = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,%b"choices":['
_CHOICE = b'{"index":%d,"delta":{%b},"logprobs":%b,"finish_reason":%b}'
_BROKEN = Failed("The provider broke its answer off.")

_Thought = ThinkingDelta | ThinkingSigned | SealedThinking
_OfChoice = CallDelta | CallStarted | _Thought | AudioDelta | ImageGiven | LogprobsDelta | Finished
_Wordless = Started | Counted | Ping | Failed | Ended | _OfChoice


class _Spoken:
    """What is to be remembered of a choice."""

    __slots__ = ("annotations", "before", "block", "block_open", "pictures", "refused", "said")

    def __init__(self) -> None:
        self.refused = False
        self.block = 0
        """The index of the block of thoughts that is under way, or comes next."""
        self.block_open = False
        self.said = 0
        """The characters of the answer so far."""
        self.before = 0
        """Those before the part that is under way."""
        self.pictures = 0
        self.annotations = 0


class Writer:
    """Writes one stream."""

    __slots__ = ("_choices", "_head", "_include_usage", "_model", "_over", "_shown", "_single_call", "_tail", "_tokens")

    def __init__(self, conversation: Conversation, model: str) -> None:
        self._model = model
        self._include_usage = conversation.include_usage
        self._shown = shows_thoughts(conversation)
        self._single_call = conversation.single_call
        self._head = b""
        self._tail = b'],"usage":null}\n\n' if self._include_usage else b"]}\n\n"
        self._choices: dict[int, _Spoken] = {}
        self._tokens: Tokens | None = None
        self._over = False

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for these events. Log probabilities go with the words before them, where both are here."""
        written: list[bytes] = []
        words: bytes | None = None
        choice = 0
        for event in events:
            if self._over:
                break
            if isinstance(event, LogprobsDelta) and words is not None and choice == event.choice:
                written[-1] = self._chunk(choice, words, logprobs=_one_line(event.logprobs))
                words = None
            elif isinstance(event, TextDelta | RefusalDelta):
                choice = event.choice
                self._begin(choice, written)
                words = self._words(event)
                if words is not None:
                    written.append(self._chunk(choice, words))
            else:
                words = None
                self._event(event, written)
        return b"".join(written)

    def _event(self, event: _Wordless, written: list[bytes]) -> None:
        match event:
            case Started():
                self._start(event, written)
            case Counted():
                self._tokens = event.tokens
            case Ping():
                written.append(_PING)
            case Failed():
                self._fail(event, written)
            case Ended():
                self._end(written)
            case _:
                self._begin(event.choice, written)
                self._of_choice(event, written)

    def _of_choice(self, event: _OfChoice, written: list[bytes]) -> None:
        choice, delta = event.choice, b""
        match event:
            case CallDelta():
                delta = self._call_goes_on(event)
            case CallStarted():
                delta = self._call_starts(event)
            case ThinkingDelta() | ThinkingSigned() | SealedThinking():
                delta = self._thought(event, self._choices[choice]) if self._shown else b""
            case AudioDelta():
                delta = b'"audio":%b' % _one_line(event.audio)
            case ImageGiven():
                delta = self._picture(event, self._choices[choice])
            case LogprobsDelta():
                written.append(self._chunk(choice, b"", logprobs=_one_line(event.logprobs)))
            case Finished():
                self._finish(event, written)
        if delta:
            written.append(self._chunk(choice, delta))

    def _chunk(self, choice: int, delta: bytes, *, logprobs: bytes = b"null", finish: bytes = b"null") -> bytes:
        return self._head + _CHOICE % (choice, delta, logprobs, finish) + self._tail

    # -- the completion ----------------------------------------------------------------------------------------------

    def _start(self, event: Started, written: list[bytes]) -> None:
        tier = b"" if event.service_tier is None else b'"service_tier":%b,' % _encode(event.service_tier)
        self._head = _HEAD % (_encode(event.id), event.created or 0, _encode(self._model), tier)
        self._tokens = event.tokens
        self._begin(0, written)

    def _begin(self, choice: int, written: list[bytes]) -> None:
        if choice not in self._choices:
            self._choices[choice] = _Spoken()
            written.append(self._chunk(choice, b'"role":"assistant","content":"","refusal":null'))

    def _finish(self, event: Finished, written: list[bytes]) -> None:
        if event.finish == "error":
            self._fail(_BROKEN, written)
            return
        refused = self._choices[event.choice].refused
        reason = finish_reason_of(event.finish, refused=refused, single_call=self._single_call)
        written.append(self._chunk(event.choice, b"", finish=_encode(reason)))

    def _end(self, written: list[bytes]) -> None:
        usage = usage_of(self._tokens) if self._include_usage else None
        if usage is not None:
            written.append(b'%b],"usage":%b}\n\n' % (self._head, _encode(usage)))
        written.append(_DONE)
        self._over = True

    def _fail(self, event: Failed, written: list[bytes]) -> None:
        written.append(b"data: %b\n\n" % write_error(500, ProviderError(event.message, event.code)))
        self._over = True

    # -- deltas ------------------------------------------------------------------------------------------------------

    def _words(self, event: TextDelta | RefusalDelta) -> bytes | None:
        if isinstance(event, RefusalDelta):
            self._choices[event.choice].refused = True
            return b'"refusal":%b' % _encode(event.text)
        spoken = self._choices[event.choice]
        if event.opens:
            spoken.before = spoken.said
        spoken.said += len(event.text)
        if event.citations is not None and (own := own_annotations(event.citations, spoken.before)):
            annotations = numbered(own, spoken.annotations)
            spoken.annotations += len(own)
            return b'"content":%b,"annotations":%b' % (_encode(event.text), _one_line(_encode(annotations)))
        return b'"content":%b' % _encode(event.text) if event.text else None

    def _picture(self, event: ImageGiven, spoken: _Spoken) -> bytes:
        picture = picture_of(event.image)
        if picture is None:
            return b""
        index, spoken.pictures = spoken.pictures, spoken.pictures + 1
        return b'"images":[{"index":%d,%b]' % (index, _encode(picture)[1:])

    def _thought(self, event: _Thought, spoken: _Spoken) -> bytes:
        match event:
            case ThinkingDelta():
                if not event.text:
                    return b""
                spoken.block_open = True
                text = _encode(event.text)
                block = b'{"index":%d,"type":"thinking","thinking":%b}' % (spoken.block, text)
                return b'"reasoning_content":%b,"thinking_blocks":[%b]' % (text, block)
            case ThinkingSigned():
                index, spoken.block, spoken.block_open = spoken.block, spoken.block + 1, False
                signature = _encode(event.signature)
                return b'"thinking_blocks":[{"index":%d,"type":"thinking","signature":%b}]' % (index, signature)
            case SealedThinking():
                index = spoken.block + spoken.block_open
                spoken.block, spoken.block_open = index + 1, False
                data = _encode(event.data)
                return b'"thinking_blocks":[{"index":%d,"type":"redacted_thinking","data":%b}]' % (index, data)

    def _call_starts(self, event: CallStarted) -> bytes:
        name = _encode(event.name)
        if self._single_call:
            return b"" if event.index else b'"function_call":{"name":%b,"arguments":""}' % name
        extra = extra_content_of(event.signature)
        signed = b"" if extra is None else b',"extra_content":%b' % _encode(extra)
        call = b'{"index":%d,"id":%b,"type":"function","function":{"name":%b,"arguments":""}%b}'
        return b'"tool_calls":[%b]' % (call % (event.index, _encode(event.id), name, signed))

    def _call_goes_on(self, event: CallDelta) -> bytes:
        arguments = _encode(event.arguments)
        if self._single_call:
            return b"" if event.index else b'"function_call":{"arguments":%b}' % arguments
        return b'"tool_calls":[{"index":%d,"function":{"arguments":%b}}]' % (event.index, arguments)


def _one_line(raw: msgspec.Raw | bytes) -> bytes:
    """What a provider wrote over several lines is one here: an event's data ends with the line."""
    return bytes(raw).replace(b"\n", b" ").replace(b"\r", b" ")
