"""One try at one deployment: what goes to the provider, and which form its answer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.contract.usage import Attempt as AttemptRecord
from control_layer.contract.usage import Tokens
from control_layer.gateway import errors
from control_layer.gateway.answers import Answer, ErrorAnswer, EventAnswer, SplicedAnswer, WholeAnswer
from control_layer.gateway.headers import to_upstream
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.retry_after import retry_after
from control_layer.gateway.translated_answers import translated_answer
from control_layer.gateway.translation import Translation
from control_layer.gateway.upstream import Upstream
from control_layer.wire import BadResponse, Call, ExchangeError, Header, Receiver

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Attempt"]

_SWITCHING = 101
_OK = 200
_REDIRECTS_FROM = 300
_ERRORS_FROM = 400
_BROKEN_FROM = 500
_LIMITED = 429
_BUSY = (503, 529)
_CREDENTIALS_REFUSED = (401, 403)
_EVENTS = b"text/event-stream"
_WEBSOCKET = b"websocket"
_UNAUTHENTICATED = 401


class Attempt:
    """Receives one provider's response for an exchange."""

    __slots__ = (
        "_answer",
        "_call",
        "_epoch",
        "_exchange",
        "_retry_after",
        "deployment",
        "dropped",
        "place",
        "settled",
        "started",
        "status",
        "streams_events",
        "target",
        "translation",
        "upstream",
    )

    def __init__(self, exchange: Exchange, target: Target, upstream: Upstream, place: int | None = None) -> None:
        self._exchange = exchange
        self.target = target
        self._epoch = target.health.begin()
        self._retry_after: float | None = None
        self.deployment = target.deployment
        self.place = len(exchange.attempts) if place is None else place
        """Its place among the exchange's attempts."""
        self.upstream = upstream
        self.status: int | None = None
        self.settled = False
        """How it went is noted."""
        self.streams_events = False
        """The answer is a stream of Server-Sent Events."""
        self.started = exchange.plane.monotonic()
        self.translation: Translation | None = None
        """Set where the provider speaks another dialect than the client."""
        self.dropped: tuple[str, ...] = ()
        """Parameters that the provider is not told, in the client's words."""
        self._answer: Answer | None = None
        self._call: Call | None = None

    def send(self, body: bytes | bytearray | None, length: int | None, receiver: Receiver | None = None) -> Call:
        """Sends the request: `body` whole, or `None` to stream `length` bytes (`None`: chunked) through the call. A
        `receiver` gets the response, and hands it on. Raises GatewayError for what the provider has nothing of.
        """
        exchange, translation = self._exchange, self.translation
        if translation is None:
            if not self.upstream.hands_on:
                raise errors.api_not_served()
            path, query = exchange.path.api_path, exchange.upstream_query(self)
            lines = exchange.head.upstream_lines(self.upstream.credential_name)
        else:
            path, query = translation.path, translation.query
            lines = translation.head_lines(exchange.head.headers)
        upstream, method = self.upstream, exchange.request.method
        target = upstream.target(path, query, self.deployment.upstream_model)
        timeouts = exchange.plane.deadlines(exchange.route)
        if upstream.lacks_token:
            call = upstream.pool.hold(receiver or self, method, body, body_length=length, timeouts=timeouts)
            self._wait(call, target, lines, body)
        else:
            head = self._head(lines, upstream.authorization(method, target, body))
            call = upstream.pool.send(
                receiver or self, method, target, head, body, body_length=length, timeouts=timeouts
            )
        self._call = call
        return call

    def _wait(self, call: Call, target: bytes, lines: bytes, body: bytes | bytearray | None) -> None:
        """Sends the held call when the upstream has a token."""
        upstream, method = self.upstream, self._exchange.request.method

        def release() -> None:
            upstream.pool.let_go(call, target, self._head(lines, upstream.authorization(method, target, body)))

        assert upstream.tokens is not None
        upstream.tokens.wait(call, release)

    def upgrade(self, headers: list[Header]) -> Call:
        """Asks the provider to switch protocols; `on_response` then sees 101, and raw bytes follow."""
        exchange, upstream = self._exchange, self.upstream
        if not upstream.hands_on:
            raise errors.api_not_served()
        method, timeouts = exchange.request.method, exchange.plane.deadlines(exchange.route)
        target = upstream.target(exchange.path.api_path, exchange.upstream_query(self), self.deployment.upstream_model)
        lines = to_upstream(headers, upstream.credential_name)
        if upstream.lacks_token:
            call = upstream.pool.hold(self, method, b"", protocol=_WEBSOCKET, timeouts=timeouts)
            self._wait(call, target, lines, b"")
        else:
            head = self._head(lines, upstream.authorization(method, target, b""))
            call = upstream.pool.upgrade(self, method, target, head, protocol=_WEBSOCKET, timeouts=timeouts)
        self._call = call
        return call

    def _head(self, lines: bytes, authorization: bytes) -> bytes:
        exchange = self._exchange
        event_id = exchange.event_text.encode()
        if exchange.trace is not None:
            lines += exchange.trace.attempt(exchange, self)
        return b"%baccept-encoding: identity\r\nx-request-id: %b\r\n%b" % (lines, event_id, authorization)

    def record(self, error: str | None) -> AttemptRecord:
        """How it went, for the usage event."""
        return AttemptRecord(
            deployment_id=self.deployment.id,
            endpoint_id=self.upstream.endpoint.id,
            status=self.status,
            error=error,
            duration=self._exchange.plane.monotonic() - self.started,
            started=self.started - self._exchange.started,
        )

    def teach(self, code: str | None, *, learnt: bool) -> None:
        """Tells the deployment's health how it went. `code` is our word for what went wrong."""
        exchange, health, status = self._exchange, self.target.health, self.status
        now = exchange.plane.monotonic()
        if not learnt:
            health.abandoned(self._epoch)
        elif status == _OK and code is None:
            self._answered(now)
        elif status == _LIMITED or (status in _BUSY and self._retry_after is not None):
            health.limited(self._epoch, now, self._retry_after)
        elif _shows_fault(status, code):
            health.failed(self._epoch, now)
        else:
            self._answered(now)

    def _answered(self, now: float) -> None:
        begun = self._exchange.first_byte
        first_byte = None if begun is None else self._exchange.started + begun - self.started
        self.target.health.succeeded(self._epoch, now, first_byte)

    def cancel(self) -> None:
        """Gives the attempt up; the provider sees the connection close."""
        if self._call is not None:
            self._call.cancel()
        if self._answer is not None:
            self._answer.on_broken()

    def drop(self) -> None:
        """Gives the attempt up for another one; nothing of its answer counts."""
        if self._call is not None:
            self._call.cancel()
        self.release()

    def release(self) -> None:
        """Lets go of the call and the answer. Nothing comes from them any more."""
        self._call = None
        self._answer = None

    def pause(self) -> None:
        """The client is slow: stop reading from the provider."""
        if self._call is not None:
            self._call.pause()

    def resume(self) -> None:
        if self._call is not None:
            self._call.resume()

    # -- the provider's side: wire.Receiver --------------------------------------------------------------------------

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        self.hear(status, headers)
        exchange = self._exchange
        content_type = b""
        encoded = False
        for name, value in headers:
            if name == b"content-type":
                content_type = value.lower()
            elif name == b"content-encoding":
                encoded = value.lower() != b"identity"
            elif name in (b"x-request-id", b"request-id", b"x-amzn-requestid"):
                exchange.upstream_request_id = value.decode("latin-1")[:128]
        if status == _SWITCHING:
            self._answer = SplicedAnswer(exchange, self, headers)
        elif self.translation is not None and self.translation.answers(status):
            self._answer = translated_answer(exchange, self, self.translation, status, headers, content_type)
        elif status >= _REDIRECTS_FROM:
            self._answer = ErrorAnswer(exchange, self, status, headers)
        else:
            self._answer = self.form(status, headers, length, content_type, encoded=encoded)

    def form(
        self, status: int, headers: list[Header], length: int | None, content_type: bytes, *, encoded: bool = False
    ) -> Answer:
        """The form that an answer takes on its way to the client, in whose dialect it is."""
        exchange = self._exchange
        if exchange.plan is not None and (guarded := exchange.guarded(self, status, headers, content_type, encoded)):
            return guarded
        if encoded:
            # We asked for none: it passes as it is, unread.
            return WholeAnswer(exchange, self, status, headers, length, b"")
        if content_type.startswith(_EVENTS):
            self.streams_events = True
            return EventAnswer(exchange, self, status, headers)
        return WholeAnswer(exchange, self, status, headers, length, content_type)

    def unreadable(self, reason: str) -> None:
        """The answer is not what its provider's dialect says it is."""
        self.cancel()
        self._exchange.attempt_failed(self, BadResponse(reason))

    def counted(self, read: Tokens | None) -> Tokens | None:
        """What the provider has counted. `read` stands in the answer as the client gets it, where a translation may
        have to say less, or to say nothing as a zero.
        """
        return read if self.translation is None else self.translation.counted(read)

    def hear(self, status: int, headers: list[Header]) -> None:
        """Notes how the provider answers, and when it wants to be asked again."""
        self.status = status
        if status == _LIMITED or status in _BUSY:
            self._retry_after = retry_after(headers, self._exchange.plane.wall())
        elif status == _UNAUTHENTICATED and self.upstream.tokens is not None:
            self.upstream.tokens.doubt()

    def on_data(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange.first_byte is None:
            exchange.mark_first_byte(data)
        assert self._answer is not None
        self._answer.on_data(data)

    def on_complete(self) -> None:
        assert self._answer is not None
        self._answer.on_complete()

    def on_error(self, error: ExchangeError) -> None:
        if self._answer is None:
            self._exchange.attempt_failed(self, error)
        elif self._answer.terminated:
            # A provider that hangs up without framing the end of what it has said completely.
            self._answer.on_complete()
        else:
            self._answer.on_broken()
            self._exchange.attempt_failed(self, error)

    def pause_writing(self) -> None:
        """The provider takes the request body slower than the client sends it."""
        self._exchange.pause_body()

    def resume_writing(self) -> None:
        self._exchange.resume_body()


def _shows_fault(status: int | None, code: str | None) -> bool:
    """Whether an attempt shows that the deployment is at fault; other errors are about the request."""
    if status is None or status >= _BROKEN_FROM or status in _CREDENTIALS_REFUSED:
        return True
    return status < _ERRORS_FROM and code is not None  # its answer broke off, or it sends us elsewhere
