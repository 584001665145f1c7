"""The forms of a provider's answer on its way to the client: a stream of events, any other body, an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.headers import to_client
from control_layer.gateway.streaming import StreamObserver
from control_layer.gateway.usage import from_response
from control_layer.wire import Header

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["Answer", "ErrorAnswer", "EventAnswer", "SplicedAnswer", "WholeAnswer"]

_MAX_METERED_BYTES = 8 * 1024 * 1024
"""Of a longer answer only the last part is looked at for usage, which providers put at the end."""
_USAGE_TAIL_BYTES = 64 * 1024
_MAX_ERROR_BYTES = 256 * 1024

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Answer(Protocol):
    """What an attempt feeds. A connection that breaks is the attempt's business, not the answer's."""

    def on_data(self, data: bytes) -> None: ...

    def on_complete(self) -> None: ...


class EventAnswer:
    """Server-Sent Events: each piece leaves in the loop turn in which it came."""

    __slots__ = ("_attempt", "_exchange", "_observer")

    def __init__(self, exchange: Exchange, attempt: Attempt, status: int, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        model = exchange.route.model
        self._observer = StreamObserver(
            hide_usage=exchange.hides_usage,
            alias=model.alias if model.sanitize else None,
        )
        exchange.responder.start(status, exchange.answer_headers(to_client(headers)), None)

    def on_data(self, data: bytes) -> None:
        exchange = self._exchange
        out = self._observer.feed(data)
        self._read_counts()
        if out:
            exchange.response_bytes += len(out)
            if exchange.captured is not None:
                exchange.capture(out)
            exchange.responder.write(out)

    def on_complete(self) -> None:
        exchange, observer = self._exchange, self._observer
        last = observer.flush()
        self._read_counts()
        if exchange.captured is not None:
            exchange.capture(last)
        if observer.error_event:
            # The provider itself said what went wrong; the client has its words.
            exchange.end_failed_stream(self._attempt, last)
        elif exchange.path.ends_explicitly and not observer.complete:
            if last:
                exchange.response_bytes += len(last)
                exchange.responder.write(last)
            exchange.broken_stream(self._attempt)
        else:
            exchange.finish(self._attempt, None, last)

    def _read_counts(self) -> None:
        observer = self._observer
        if observer.tokens is not None:
            self._exchange.tokens = observer.tokens
        if observer.finish_reason is not None:
            self._exchange.finish_reason = observer.finish_reason


class WholeAnswer:
    """A body of any type. It leaves as it comes, but for the piece that ends it, which waits for the journal.

    An answer that is all there in the loop turn of its head leaves in one write.
    """

    __slots__ = (
        "_attempt", "_exchange", "_head", "_held", "_kept", "_kept_bytes", "_length", "_metered", "_restore", "_seen"
    )  # fmt: skip

    def __init__(
        self,
        exchange: Exchange,
        attempt: Attempt,
        status: int,
        headers: list[Header],
        length: int | None,
        content_type: bytes,
    ) -> None:
        self._exchange = exchange
        self._attempt = attempt
        self._length = length
        self._seen = 0
        self._head: tuple[int, list[Header]] | None = (status, exchange.answer_headers(to_client(headers)))
        self._held: list[bytes] = []
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        is_json = content_type.startswith(b"application/json")
        self._metered = is_json
        self._restore = is_json and exchange.route.model.sanitize
        if not self._restore:
            exchange.plane.loop.call_soon(self._start)

    def _start(self) -> None:
        """The head leaves now, unless the whole answer came with it."""
        if self._head is None or self._exchange.ended:
            return
        status, headers = self._head
        self._head = None
        responder = self._exchange.responder
        responder.start(status, headers, self._length)
        for data in self._held:
            self._write(data)
        self._held.clear()

    def _write(self, data: bytes) -> None:
        self._exchange.response_bytes += len(data)
        self._exchange.responder.write(data)

    def on_data(self, data: bytes) -> None:
        self._seen += len(data)
        if self._exchange.captured is not None:
            self._exchange.capture(data)
        if self._metered:
            self._keep(data)
        if self._head is None and self._seen != self._length:
            self._write(data)
        else:
            self._held.append(data)

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        self._kept_bytes += len(data)
        while self._kept_bytes > _MAX_METERED_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.pop(0))

    def on_complete(self) -> None:
        exchange = self._exchange
        if self._metered:
            body = self._kept[0] if len(self._kept) == 1 else b"".join(self._kept)
            if self._seen != len(body):
                body = body[-_USAGE_TAIL_BYTES:]
            exchange.tokens, exchange.finish_reason = from_response(body)
        held = self._held
        last = held[0] if len(held) == 1 else b"".join(held)
        if self._restore:
            last = _with_model(last, exchange.route.model.alias)
        exchange.finish(self._attempt, self._head, last)


class ErrorAnswer:
    """An error of the provider's: read to its end (bounded), then passed on or said in our words."""

    __slots__ = ("_attempt", "_body", "_exchange", "_headers", "_status")

    def __init__(self, exchange: Exchange, attempt: Attempt, status: int, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        self._status = status
        self._headers = headers
        self._body = bytearray()

    def on_data(self, data: bytes) -> None:
        self._body += data[: _MAX_ERROR_BYTES - len(self._body)]

    def on_complete(self) -> None:
        exchange, status = self._exchange, self._status
        body = bytes(self._body)
        exchange.capture(body)
        if status in (401, 403):
            exchange.provider_refused(self._attempt, errors.upstream_authentication())
        elif status == 429:
            exchange.provider_refused(self._attempt, errors.upstream_rate_limited(self._retry_after()))
        elif exchange.route.model.sanitize:
            exchange.provider_refused(self._attempt, errors.upstream_error(status))
        else:
            exchange.finish(self._attempt, (status, exchange.answer_headers(to_client(self._headers))), body)

    def _retry_after(self) -> bytes | None:
        return next((value for name, value in self._headers if name == b"retry-after"), None)


class SplicedAnswer:
    """A session after 101: bytes as they come, until the provider hangs up."""

    __slots__ = ("_attempt", "_exchange")

    def __init__(self, exchange: Exchange, attempt: Attempt, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        exchange.splice(headers)

    def on_data(self, data: bytes) -> None:
        self._exchange.response_bytes += len(data)
        self._exchange.responder.write(data)

    def on_complete(self) -> None:
        self._exchange.finish(self._attempt, None, b"")


def _with_model(body: bytes, alias: str) -> bytes:
    """`body` with the alias as its `model`, where it is a JSON object that has one."""
    try:
        fields = _fields.decode(body)
    except msgspec.MsgspecError:
        return body
    if "model" not in fields:
        return body
    fields["model"] = msgspec.Raw(msgspec.json.encode(alias))
    return msgspec.json.encode(fields)
