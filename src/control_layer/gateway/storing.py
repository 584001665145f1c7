"""An answer of the Responses API that is to be stored: what of it is kept on its way to the client.

What is stored is what the client was given: after guardrails, and with the names that it knows.
"""

from __future__ import annotations

import msgspec

from control_layer.contract.stored_responses import StoredResponse
from control_layer.wire import EventStream, EventTooLarge

__all__ = ["MOST_ASKED_BYTES", "Storing", "items_of"]

MOST_ASKED_BYTES = 24 * 1024 * 1024
"""Of a request whose response is stored: so much of `MOST_STORED_BYTES` that a response fits beside it."""

_LAST_EVENTS = (b"event: response.completed\n", b"event: response.incomplete\n")
_LONGEST = max(map(len, _LAST_EVENTS))
_MOST_BYTES = 32 * 1024 * 1024
_ENDED = ("completed", "incomplete")


class _Response(msgspec.Struct, frozen=True):
    status: str
    output: list[msgspec.Raw]


class _LastEvent(msgspec.Struct, frozen=True):
    response: msgspec.Raw


class _Said(msgspec.Struct, frozen=True, tag_field="type", tag="input_text"):
    text: str


class _UserMessage(msgspec.Struct, frozen=True, tag_field="type", tag="message"):
    content: list[_Said]
    role: str = "user"


_decode_response = msgspec.json.Decoder(_Response).decode
_decode_event = msgspec.json.Decoder(_LastEvent).decode
_decode_input = msgspec.json.Decoder(str | list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class Storing:
    """Keeps a response on its way to the client: a whole one, or the last event of a stream, which has all of it."""

    __slots__ = ("_asked", "_body", "_id", "_key_id", "_streams", "_tail", "_too_large", "_user_id")

    def __init__(self, response_id: bytes, asked: msgspec.Raw, *, user_id: str, key_id: str, streams: bool) -> None:
        """`asked` is the request's `input`, all of it."""
        self._id = response_id
        self._asked = asked
        self._user_id = user_id
        self._key_id = key_id
        self._streams = streams
        self._tail = b""
        """The end of what came before, in which the last event may have begun."""
        self._body = bytearray()
        self._too_large = False

    def keep(self, data: bytes) -> None:
        """A piece of the answer."""
        if self._streams and not self._body:
            data = self._tail + data
            begins = max(map(data.rfind, _LAST_EVENTS))
            if begins < 0:
                self._tail = data[-_LONGEST:]
                return
            data = data[begins:]
        self._too_large = self._too_large or len(self._body) + len(data) > _MOST_BYTES
        if not self._too_large:
            self._body += data

    def finished(self, model: str, created: float) -> StoredResponse | None:
        """The response, which has ended; `None` where it is none, or too large."""
        if self._too_large:
            return None
        try:
            body = self._last_of_stream() if self._streams else bytes(self._body)
            if _decode_response(body).status not in _ENDED:
                return None
            items = items_of(self._asked)
        except (msgspec.MsgspecError, UnicodeDecodeError, EventTooLarge):
            return None
        return StoredResponse(self._id, self._user_id, self._key_id, model, created, items, body)

    def _last_of_stream(self) -> bytes:
        events = EventStream(_MOST_BYTES).feed(bytes(self._body))
        return bytes(_decode_event(events[0].data).response) if events else b""


def items_of(asked: msgspec.Raw) -> bytes:
    """A request's `input` as a JSON array of items. Raises `msgspec.MsgspecError`."""
    given = _decode_input(asked)
    return _encode([_UserMessage([_Said(given)])] if isinstance(given, str) else given)
