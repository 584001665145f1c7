"""What a realtime session uses: the sum of what its events say.

https://platform.openai.com/docs/api-reference/realtime-server-events: `response.done` counts an answer with all that
was read for it, `conversation.item.input_audio_transcription.completed` a transcription.
"""

from __future__ import annotations

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.usage import Report
from control_layer.wire import MessageReader

__all__ = ["SessionUsage"]

_COUNTED = ("response.done", "conversation.item.input_audio_transcription.completed")
_KINDS = tuple(name for name in Tokens.__struct_fields__ if name != "source")


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    usage: object = None
    response: Report | None = None


_decode = msgspec.json.Decoder(_Event).decode


class SessionUsage:
    """Looks into what the provider sends."""

    __slots__ = ("_messages", "tokens")

    def __init__(self) -> None:
        self._messages = MessageReader()
        self.tokens: Tokens | None = None
        """So far."""

    @property
    def between_frames(self) -> bool:
        """Whether a control frame of our own may follow."""
        return self._messages.between_frames

    @property
    def between_messages(self) -> bool:
        """Whether a message of our own may follow."""
        return self._messages.between_messages

    def feed(self, data: bytes) -> bool:
        """Whether more has been used than before."""
        before = self.tokens
        for message in self._messages.feed(data):
            if b'"usage"' in message:
                self._count(message)
        return self.tokens is not before

    def _count(self, message: bytes) -> None:
        try:
            event = _decode(message)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        if event.type in _COUNTED:
            report = event.response or Report(usage=event.usage)
            found = report.tokens()
            if found is not None:
                self.tokens = found if self.tokens is None else _sum(self.tokens, found)


def _sum(one: Tokens, other: Tokens) -> Tokens:
    return Tokens(source="provider", **{name: _added(getattr(one, name), getattr(other, name)) for name in _KINDS})


def _added(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
