"""What happens to an event stream on its way through: usually nothing.

The observer reads the usage, the finish reason and errors out of the events and returns the bytes it was given. Only
where something must be hidden (usage that the client did not ask for) or restored (the alias as model name) are events
looked at one by one, and an event that is not whole yet is held back.
"""

from __future__ import annotations

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


class _Event(Report, gc=False):
    """An event's data: a chat chunk, a Responses event, a Messages event, or an error."""

    type: str | None = None
    error: msgspec.Raw = msgspec.Raw()
    response: Report | None = None
    message: Report | None = None
    delta: Report | None = None


class _LooseEvent(msgspec.Struct, gc=False):
    """The same where a field has a shape of its own."""

    usage: object = None
    type: object = None
    error: msgspec.Raw = msgspec.Raw()


_decode = msgspec.json.Decoder(_Event).decode
_decode_loose = msgspec.json.Decoder(_LooseEvent).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_TELLING = (b'"usage"', b'"error"', b'_reason"', b'"type"')


class StreamObserver:
    """Watches one stream. `feed` returns what goes to the client now, `flush` what is left at the end."""

    __slots__ = (
        "_alias",
        "_edits",
        "_events",
        "_hide_usage",
        "_lost",
        "complete",
        "error_event",
        "finish_reason",
        "tokens",
    )

    def __init__(self, *, hide_usage: bool = False, alias: str | None = None) -> None:
        self._events = EventStream()
        self._hide_usage = hide_usage
        self._alias = msgspec.Raw(_encode(alias)) if alias is not None else None
        self._edits = hide_usage or alias is not None
        self._lost = False
        self.tokens: Tokens | None = None
        self.finish_reason: str | None = None
        self.complete = False
        """The stream has said that it is whole: `[DONE]`, a finish reason or its terminal event."""
        self.error_event = False
        """The provider reported an error inside the stream."""

    def feed(self, data: bytes) -> bytes:
        """Takes what the provider sent."""
        if self._lost:
            return data
        try:
            events = self._events.feed(data)
        except EventTooLarge:
            # Not a stream we can follow: from here on it passes as it is, the part held back included.
            self._lost = True
            return self._events.flush() if self._edits else data
        if not self._edits:
            for event in events:
                self._observe(event)
            return data
        if len(events) == 1:
            return self._edit(events[0])
        return b"".join([self._edit(event) for event in events])

    def flush(self) -> bytes:
        """The end of the stream. An event without its blank line is no event, but its bytes are the client's."""
        rest = self._events.flush()
        return rest if self._edits else b""

    def _observe(self, event: Event) -> _Event | None:
        data = event.data
        if data == _DONE:
            self.complete = True
            return None
        if not any(mark in data for mark in _TELLING):
            return None
        try:
            report = _decode(data)
        except (msgspec.ValidationError, UnicodeDecodeError):
            self._observe_loosely(data)
            return None
        except (msgspec.DecodeError, RecursionError):
            return None
        self._note(report, event)
        return report

    def _note(self, report: _Event, event: Event) -> None:
        for part in (report, report.response, report.message, report.delta):
            if part is None:
                continue
            tokens = part.tokens()
            if tokens is not None:
                self.tokens = merge(self.tokens, tokens)
        reason = _reason(report)
        if reason is not None:
            self.finish_reason = reason
            self.complete = self.complete or report.type is None
        if report.type in _TERMINAL_TYPES:
            self.complete = True
        error = bytes(report.error)
        if (error and error != b"null") or event.event == b"error" or report.type == "error":
            self.error_event = True

    def _observe_loosely(self, data: bytes) -> None:
        try:
            loose = _decode_loose(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self.tokens = merge(self.tokens, Report(usage=loose.usage).tokens())
        if bytes(loose.error) not in (b"", b"null"):
            self.error_event = True

    def _edit(self, event: Event) -> bytes:
        report = self._observe(event)
        raw = event.raw
        if self._alias is None:
            if b'"usage"' not in event.data:
                return raw
            if raw.startswith(b"data: {") and raw.rstrip(b"\r\n").endswith(_NULL_USAGE):
                # What OpenAI adds to every chunk when usage is asked for.
                at = raw.rindex(_NULL_USAGE)
                return raw[:at] + raw[at + len(_NULL_USAGE) - 1 :]
        if report is None:
            return raw
        if self._hide_usage and report.usage is not None and not report.choices and b'"choices"' in event.data:
            return b""
        return self._written_anew(event)

    def _written_anew(self, event: Event) -> bytes:
        fields = _decode_fields(event.data)
        if self._hide_usage:
            fields.pop("usage", None)
        if self._alias is not None and "model" in fields:
            fields["model"] = self._alias
        head = b"event: %b\n" % event.event if event.event is not None else b""
        return b"%bdata: %b\n\n" % (head, _encode(fields))


def _reason(report: _Event) -> str | None:
    """Chat: on a choice; Messages: on the delta; Responses: the status of the finished response."""
    if report.choices:
        return report.finish_reason()
    if report.type == "message_delta" and report.delta is not None:
        return report.delta.finish_reason()
    if report.type in _TERMINAL_TYPES and report.response is not None:
        return report.response.finish_reason()
    return None
