"""What happens to an event stream on its way through: usually nothing.

The observer reads the usage, the finish reason and errors out of the events and returns the bytes it was given. Only
where something must be hidden (usage that the client did not ask for, a provider's error texts) or restored (the alias
as model name) are they changed. An event that is not whole yet is held back: it is of no use to anybody, and where the
stream breaks there, a client would take half an event for one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.usage import Report, merge
from control_layer.wire import Event, EventStream, EventTooLarge

__all__ = ["StreamObserver"]

_DONE = b"[DONE]"
_NULL_USAGE = b',"usage":null}'
_TERMINAL_TYPES = frozenset(
    ("message_stop", "response.completed", "response.failed", "response.incomplete", "response.cancelled")
)
_PREAMBLE = frozenset(
    (
        *("message_start", "ping", "content_block_start", "content_block_stop", "message_delta", "error"),
        *("response.created", "response.queued", "response.in_progress", "response.failed", "response.incomplete"),
        *("response.output_item.added", "response.content_part.added"),
    )
)
"""Types of events that come before anything is said, or instead of it."""


class _Function(msgspec.Struct, gc=False):
    arguments: Any = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    """What a chat choice or a Messages block grows by, or why a message stopped."""

    content: Any = None
    text: Any = None
    reasoning_content: Any = None
    thinking: Any = None
    partial_json: Any = None
    audio: Any = None
    images: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: list[_ToolCall] | None = None
    stop_reason: Any = None

    def text_bytes(self) -> int:
        total = 0
        for part in (self.content, self.text, self.reasoning_content, self.thinking, self.partial_json):
            if isinstance(part, str):
                total += len(part)
        if self.tool_calls is not None:
            for call in self.tool_calls:
                if call.function is not None and isinstance(call.function.arguments, str):
                    total += len(call.function.arguments)
        return total

    def says(self) -> bool:
        """Whether there is anything of an answer in it."""
        said = self.content or self.text or self.reasoning_content or self.thinking or self.partial_json
        return bool(said or self.tool_calls or self.audio or self.images or self.reasoning or self.refusal)


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    text: Any = None
    finish_reason: Any = None


class _Event(msgspec.Struct, gc=False):
    """An event's data: a chat chunk, a Responses event, a Messages event, or an error."""

    type: str | None = None
    choices: list[_Choice] | None = None
    usage: Any = None
    error: msgspec.Raw = msgspec.Raw()
    response: Report | None = None
    message: Report | None = None
    delta: _Delta | str | None = None


class _LooseEvent(msgspec.Struct, gc=False):
    """The same where a field has a shape of its own."""

    usage: Any = None
    error: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Event).decode
_decode_loose = msgspec.json.Decoder(_LooseEvent).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class StreamObserver:
    """Watches one stream. `feed` returns what goes to the client now, `flush` what is left at the end."""

    __slots__ = (
        "_alias", "_edits", "_error", "_events", "_hide_usage", "began", "complete", "error_event", "finish_reason",
        "lost", "terminated", "text_bytes", "tokens",
    )  # fmt: skip

    def __init__(self, *, hide_usage: bool = False, alias: str | None = None, error: bytes | None = None) -> None:
        """`alias` is put as the model's name. `error` is the whole event that stands for any error of the provider."""
        self._events = EventStream()
        self._hide_usage = hide_usage
        self._alias = msgspec.Raw(_encode(alias)) if alias is not None else None
        self._error = error
        self._edits = hide_usage or alias is not None or error is not None
        self.began = False
        """Something of the answer has come: not only that there will be one."""
        self.lost = False
        """An event was too large to be read; what follows passes unread."""
        self.tokens: Tokens | None = None
        self.finish_reason: str | None = None
        self.text_bytes = 0
        """How much the model has said, for an estimate where the provider does not count."""
        self.complete = False
        """The stream has said that its answer is whole: a finish reason, or that it is terminated."""
        self.terminated = False
        """Nothing more can come: `[DONE]` or the dialect's terminal event has."""
        self.error_event = False
        """The provider reported an error inside the stream."""

    def feed(self, data: bytes) -> bytes:
        """Takes what the provider sent."""
        if self.lost:
            return data
        held_before = self._events.held
        try:
            events = self._events.feed(data)
        except EventTooLarge:
            # Not a stream we can follow: from here on it passes as it is, the part held back included.
            self.lost = True
            return self._events.flush()
        if self._edits:
            return b"".join([self._edit(event) for event in events])
        for event in events:
            self._observe(event)
        if held_before or self._events.held:
            return b"".join([event.raw for event in events])
        return data

    def flush(self) -> bytes:
        """The end of the stream: some providers leave out the blank line that ends their last event."""
        rest = self._events.flush()
        if not rest.strip():
            return rest
        events = self._events.feed(rest + b"\n\n")
        edited = [self._edit(event) for event in events]
        return rest if edited == [event.raw for event in events] else b"".join(edited)

    # -- reading -----------------------------------------------------------------------------------------------------

    def _observe(self, event: Event) -> _Event | None:
        data = event.data
        if data == _DONE:
            self.complete = self.terminated = True
            return None
        if not data:
            return None
        try:
            report = _decode(data)
        except (msgspec.ValidationError, UnicodeDecodeError):
            self._observe_loosely(data, event)
            return None
        except (msgspec.DecodeError, RecursionError):
            self.error_event = self.error_event or event.event == b"error"
            return None
        choices = report.choices
        if choices:
            self._note_choices(choices)
        elif report.type is not None:
            self._note_typed(report, report.type)
        if report.usage is not None:
            self.tokens = merge(self.tokens, Report(usage=report.usage).tokens())
        if _is_error(report.error) or event.event == b"error" or report.type == "error":
            self.error_event = True
        return report

    def _note_choices(self, choices: list[_Choice]) -> None:
        for choice in choices:
            if choice.delta is not None:
                self.text_bytes += choice.delta.text_bytes()
                self.began = self.began or choice.delta.says()
            elif isinstance(choice.text, str):
                self.text_bytes += len(choice.text)
                self.began = self.began or choice.text != ""
            if choice.finish_reason is not None:
                reason = Report(status=choice.finish_reason).finish_reason()
                if reason is not None:
                    self.finish_reason = reason
                    self.complete = True

    def _note_typed(self, report: _Event, kind: str) -> None:
        """Messages say why they stop on a delta; Responses give their status with the finished response."""
        delta = report.delta
        if kind not in _PREAMBLE:
            self.began = True
        if isinstance(delta, str):
            self.text_bytes += len(delta) if "audio" not in kind else 0
        elif delta is not None:
            self.text_bytes += delta.text_bytes()
            if kind == "message_delta":
                self.finish_reason = Report(stop_reason=delta.stop_reason).finish_reason() or self.finish_reason
        for part in (report.message, report.response):
            if part is not None:
                self.tokens = merge(self.tokens, part.tokens())
        if kind in _TERMINAL_TYPES:
            self.complete = self.terminated = True
            if report.response is not None:
                self.finish_reason = report.response.finish_reason()

    def _observe_loosely(self, data: bytes, event: Event) -> None:
        try:
            loose = _decode_loose(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self.tokens = merge(self.tokens, Report(usage=loose.usage).tokens())
        if _is_error(loose.error) or event.event == b"error":
            self.error_event = True
        else:
            self.began = True

    # -- editing -----------------------------------------------------------------------------------------------------

    def _edit(self, event: Event) -> bytes:
        failed_before = self.error_event
        report = self._observe(event)
        raw, data = event.raw, event.data
        if self._error is not None and self.error_event:
            return b"" if failed_before else self._error
        has_usage = self._hide_usage and b'"usage"' in data
        if has_usage and raw.startswith(b"data: {") and data.endswith(_NULL_USAGE) and self._alias is None:
            # What OpenAI adds to every chunk when usage is asked for.
            at = raw.rindex(_NULL_USAGE)
            return raw[:at] + raw[at + len(_NULL_USAGE) - 1 :]
        if has_usage and report is not None and _is_only_usage(report):
            return b""
        if has_usage or (self._alias is not None and b'"model"' in data):
            return self._written_anew(event)
        return raw

    def _written_anew(self, event: Event) -> bytes:
        try:
            fields = _decode_fields(event.data)
            if self._hide_usage:
                fields.pop("usage", None)
            if self._alias is not None:
                self._restore_model(fields)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return event.raw  # it is no JSON object: nothing to hide or restore in it
        data = _encode(fields)
        if event.data in event.raw:
            return event.raw.replace(event.data, data, 1)
        head = b"event: %b\n" % event.event if event.event is not None else b""
        return b"%bdata: %b\n\n" % (head, data)

    def _restore_model(self, fields: dict[str, msgspec.Raw]) -> None:
        """The model's name stands at the top, or (Responses, Messages) in the answer that an event describes."""
        assert self._alias is not None
        if "model" in fields:
            fields["model"] = self._alias
        for name in ("response", "message"):
            raw = fields.get(name)
            if raw is None or not bytes(raw).startswith(b"{"):
                continue
            inner = _decode_fields(raw)
            if "model" in inner:
                inner["model"] = self._alias
                fields[name] = msgspec.Raw(_encode(inner))


def _is_only_usage(report: _Event) -> bool:
    """The chunk that `stream_options.include_usage` adds."""
    return report.usage is not None and not report.choices and report.type is None and not _is_error(report.error)


def _is_error(raw: msgspec.Raw) -> bool:
    return bytes(raw) not in (b"", b"null")
