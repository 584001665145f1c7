"""The forms of a provider's answer on its way to the client: a stream of events, any other body, an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.headers import to_client
from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.streaming import StreamObserver
from control_layer.gateway.upstream_errors import REFUSALS, code_in, failure_in
from control_layer.gateway.usage import from_response, text_bytes
from control_layer.wire import Header, first

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["Answer", "ErrorAnswer", "EventAnswer", "HeldAnswer", "SplicedAnswer", "WholeAnswer", "with_model"]

_MAX_METERED_BYTES = 8 * 1024 * 1024
"""Of a longer answer only the last part is looked at for usage, which providers put at the end."""
_USAGE_TAIL_BYTES = 64 * 1024
_MAX_RESTORED_BYTES = 8 * 1024 * 1024
"""A longer answer keeps the provider's name for the model: to restore the alias it would have to be held whole. Nor is
it looked at whether a content policy has ended it."""
_MAX_ERROR_BYTES = 256 * 1024
_MAX_HELD_BYTES = 64 * 1024
"""Of a stream that has said nothing yet: then it leaves all the same."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Answer(Protocol):
    """What an attempt feeds."""

    @property
    def terminated(self) -> bool:
        """The answer has said that nothing more comes, whether or not its framing has."""

    def on_data(self, data: bytes) -> None: ...

    def on_complete(self) -> None: ...

    def on_broken(self) -> None:
        """The answer ends here, before its end. What is done about it is the exchange's business."""


class EventAnswer:
    """Server-Sent Events: each piece leaves in the loop turn in which it came."""

    __slots__ = ("_attempt", "_exchange", "_head", "_held", "_held_bytes", "_observer")

    def __init__(self, exchange: Exchange, attempt: Attempt, status: int, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        model = exchange.route.model
        self._observer = StreamObserver(
            hide_usage=exchange.hides_usage,
            alias=model.alias if model.sanitize else None,
            error=self._generic_error() if model.sanitize else None,
        )
        self._head: tuple[int, list[Header]] | None = (status, headers)
        self._held: list[bytes] = []
        self._held_bytes = 0
        if not exchange.holds_answers:
            self._start()

    def _start(self) -> None:
        """What came so far leaves: another deployment's answer can no more take the place of this one."""
        if self._head is None:
            return
        status, headers = self._head
        self._head = None
        exchange = self._exchange
        cleaned = to_client(headers)
        if exchange.recording is not None:
            exchange.recording.begin(status, cleaned)
        exchange.responder.start(status, exchange.answer_headers(cleaned), None)
        for data in self._held:
            self._write(data)
        self._held.clear()

    def _write(self, data: bytes) -> None:
        exchange = self._exchange
        exchange.response_bytes += len(data)
        if exchange.answer_sample is not None:
            exchange.answer_sample.keep(data)
        if exchange.recording is not None:
            exchange.recording.keep(data)
        if exchange.storing is not None:
            exchange.storing.keep(data)
        exchange.responder.write(data)

    def _generic_error(self) -> bytes:
        exchange = self._exchange
        return errors.stream_event(errors.upstream_failed(), exchange.anthropic, exchange.public_id).lstrip(b"\n")

    @property
    def terminated(self) -> bool:
        return self._observer.terminated

    def on_data(self, data: bytes) -> None:
        observer = self._observer
        out = observer.feed(data)
        if self._head is not None:
            if self._failed_early():
                self._attempt.drop()
                return
            if not (observer.began or observer.complete or observer.error_event or observer.lost):
                self._held.append(out)
                self._held_bytes += len(out)
                if self._held_bytes <= _MAX_HELD_BYTES:
                    return
                out = b""
            self._start()
        if out:
            self._write(out)

    def _failed_early(self) -> bool:
        """Whether the stream failed before anything was said in it, and another attempt follows."""
        exchange, observer = self._exchange, self._observer
        if observer.began:
            return False
        if observer.error_event:
            self._read_counts()
            return exchange.answer_failed(self._attempt, Failure.BROKEN, errors.upstream_stream_broken())
        if observer.finish_reason not in REFUSALS:
            return False
        self._read_counts()
        return exchange.answer_refused(self._attempt)

    def on_complete(self) -> None:
        last = self._observer.flush()
        if self._head is not None:
            if self._failed_early() or self._broke_early():
                self._attempt.release()  # what it had counted does not count, not even if the client leaves now
                return
            self._start()
        self._read_counts()
        self._end(last)

    def _end(self, last: bytes) -> None:
        """The provider's stream has ended, and what is left of it is `last`."""
        exchange, observer = self._exchange, self._observer
        if exchange.answer_sample is not None:
            exchange.answer_sample.keep(last)
        if observer.error_event:
            # The provider itself said what went wrong; the client has its words.
            exchange.end_failed_stream(self._attempt, last)
        elif exchange.path.ends_explicitly and not observer.complete and not observer.lost:
            exchange.tokens_final = False
            if last:
                exchange.response_bytes += len(last)
                exchange.responder.write(last)
            exchange.broken_stream(self._attempt)
        else:
            exchange.finish(self._attempt, None, last)

    def _broke_early(self) -> bool:
        """Whether the stream ended before it had said anything, and another attempt follows."""
        exchange, observer = self._exchange, self._observer
        if not exchange.path.ends_explicitly or observer.complete or observer.lost or observer.began:
            return False
        self._read_counts()
        return exchange.answer_failed(self._attempt, Failure.BROKEN, errors.upstream_stream_broken())

    def on_broken(self) -> None:
        self._read_counts()
        self._exchange.tokens_final = self._observer.terminated

    def _read_counts(self) -> None:
        exchange, observer = self._exchange, self._observer
        exchange.tokens = self._attempt.counted(observer.tokens)
        exchange.finish_reason = observer.finish_reason
        # A complete stream in which we found no text has it in a place we do not know.
        exchange.text_bytes = None if observer.complete and not observer.text_bytes else observer.text_bytes


class WholeAnswer:
    """A body of any type. It leaves as it comes, but for the piece that ends it, which waits for the journal.

    An answer that is all there in the loop turn of its head leaves in one write.
    """

    __slots__ = (
        "_attempt", "_exchange", "_head", "_held", "_kept", "_kept_bytes", "_length", "_metered", "_restore", "_seen",
        "_waits", "_whole",
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
        holds = exchange.holds_answers
        self._whole = self._restore or (is_json and holds and exchange.judges_answers)
        """Nothing leaves before all of it is there: it is changed, or judged."""
        self._waits = not self._whole and holds
        """Nothing leaves before the answer's body has begun."""
        if not self._whole and not self._waits:
            exchange.plane.loop.call_soon(self._start)

    def _start(self) -> None:
        """The head leaves now, unless the whole answer came with it."""
        if self._head is None or self._exchange.ended:
            return
        status, headers = self._head
        self._head = None
        responder = self._exchange.responder
        if self._exchange.recording is not None:
            self._exchange.recording.begin(status, headers)
        responder.start(status, headers, self._length)
        for data in self._held:
            self._write(data)
        self._held.clear()

    @property
    def terminated(self) -> bool:
        return False

    def on_broken(self) -> None:
        self._exchange.tokens_final = False

    def _write(self, data: bytes) -> None:
        self._exchange.response_bytes += len(data)
        if self._exchange.recording is not None:
            self._exchange.recording.keep(data)
        if self._exchange.storing is not None:
            self._exchange.storing.keep(data)
        self._exchange.responder.write(data)

    def on_data(self, data: bytes) -> None:
        self._seen += len(data)
        if self._exchange.answer_sample is not None:
            self._exchange.answer_sample.keep(data)
        if self._metered:
            self._keep(data)
        if self._head is None and self._seen != self._length:
            self._write(data)
            return
        self._held.append(data)
        if self._waits:
            # It has begun: from here on another deployment's answer cannot take its place.
            self._waits = False
            self._exchange.plane.loop.call_soon(self._start)
        if self._whole and self._seen > _MAX_RESTORED_BYTES:
            self._whole = self._restore = False
            self._start()

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
            tokens, exchange.finish_reason = from_response(body)
            exchange.tokens = self._attempt.counted(tokens)
            if exchange.tokens is None and self._seen == len(body):
                exchange.text_bytes = text_bytes(body)
        if self._whole and exchange.answer_refused(self._attempt):
            return
        held = self._held
        last = held[0] if len(held) == 1 else b"".join(held)
        if self._restore:
            last = with_model(last, exchange.route.model.alias)
        exchange.finish(self._attempt, self._head, last)


class HeldAnswer:
    """An answer of which nothing is handed on before all of it is there."""

    __slots__ = ("_attempt", "_body", "_exchange", "_headers", "_status")

    def __init__(self, exchange: Exchange, attempt: Attempt, status: int, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        self._status = status
        self._headers = headers
        self._body = bytearray()

    @property
    def terminated(self) -> bool:
        return False


class ErrorAnswer(HeldAnswer):
    """An error of the provider's: read to its end (bounded), then passed on or said in our words."""

    __slots__ = ()

    def on_data(self, data: bytes) -> None:
        self._body += data[: _MAX_ERROR_BYTES - len(self._body)]

    def on_complete(self) -> None:
        exchange, status = self._exchange, self._status
        body = bytes(self._body)
        if exchange.answer_sample is not None:
            exchange.answer_sample.keep(body)
        error = self._in_our_words(body)
        code = code_in(body) or "upstream_error"
        if exchange.answer_failed(self._attempt, failure_in(status, body), error, code):
            return
        if error is not None:
            exchange.provider_refused(self._attempt, error)
        else:
            head = (status, exchange.answer_headers(to_client(self._headers)))
            exchange.finish(self._attempt, head, body, code)

    def on_broken(self) -> None:
        """An error that cannot be read is no less an error: the exchange says so."""

    def _in_our_words(self, body: bytes) -> GatewayError | None:
        status = self._status
        if status < 400:
            return errors.upstream_redirected()
        if status in (401, 403):
            return errors.upstream_authentication()
        if status == 429:
            return errors.upstream_rate_limited(first(self._headers, b"retry-after"))
        if self._exchange.route.model.sanitize:
            return errors.upstream_error(status, code_in(body))
        return None


class SplicedAnswer:
    """A session after 101: bytes as they come, until the provider hangs up."""

    __slots__ = ("_attempt", "_exchange")

    def __init__(self, exchange: Exchange, attempt: Attempt, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        exchange.splice(headers)

    @property
    def terminated(self) -> bool:
        return False

    def on_data(self, data: bytes) -> None:
        self._exchange.response_bytes += len(data)
        self._exchange.responder.write(data)
        self._exchange.spliced(data)

    def on_complete(self) -> None:
        self._exchange.finish(self._attempt, None, b"")

    def on_broken(self) -> None:
        """What it has counted stands."""


def with_model(body: bytes, alias: str) -> bytes:
    """`body` with the alias as its `model`, where it is a JSON object that has one."""
    try:
        fields = _fields.decode(body)
    except msgspec.MsgspecError:
        return body
    if "model" not in fields:
        return body
    fields["model"] = msgspec.Raw(msgspec.json.encode(alias))
    return msgspec.json.encode(fields)
