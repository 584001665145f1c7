"""One try at one deployment: what goes to the provider, and which form its answer takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.contract.snapshot import Deployment
from control_layer.contract.usage import Attempt as AttemptRecord
from control_layer.gateway.answers import Answer, ErrorAnswer, EventAnswer, SplicedAnswer, WholeAnswer
from control_layer.gateway.headers import to_upstream
from control_layer.gateway.upstreams import Upstream
from control_layer.wire import Call, ExchangeError, Header

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["Attempt"]

_SWITCHING = 101
_REDIRECTS_FROM = 300


class Attempt:
    """Receives one provider's response for an exchange."""

    __slots__ = (
        "_answer",
        "_call",
        "_exchange",
        "deployment",
        "settled",
        "started",
        "status",
        "streams_events",
        "upstream",
    )

    def __init__(self, exchange: Exchange, deployment: Deployment, upstream: Upstream) -> None:
        self._exchange = exchange
        self.deployment = deployment
        self.upstream = upstream
        self.status: int | None = None
        self.settled = False
        """How it went is noted."""
        self.streams_events = False
        """The answer is a stream of Server-Sent Events."""
        self.started = exchange.plane.monotonic()
        self._answer: Answer | None = None
        self._call: Call | None = None

    def send(self, body: bytes | bytearray | None, length: int | None) -> Call:
        """Sends the request: `body` whole, or `None` to stream `length` bytes (`None`: chunked) through the call."""
        exchange = self._exchange
        self._call = self.upstream.pool.send(
            self,
            exchange.request.method,
            self.upstream.target(exchange.path.api_path, exchange.upstream_query(self)),
            self._head(exchange.head.upstream_lines(self.upstream.credential_name)),
            body,
            body_length=length,
            timeouts=exchange.plane.deadlines(exchange.route),
        )
        return self._call

    def upgrade(self, headers: list[Header]) -> Call:
        """Asks the provider to switch protocols; `on_response` then sees 101, and raw bytes follow."""
        exchange = self._exchange
        self._call = self.upstream.pool.upgrade(
            self,
            exchange.request.method,
            self.upstream.target(exchange.path.api_path, exchange.upstream_query(self)),
            self._head(to_upstream(headers, self.upstream.credential_name)),
            protocol=b"websocket",
            timeouts=exchange.plane.deadlines(exchange.route),
        )
        return self._call

    def _head(self, lines: bytes) -> bytes:
        exchange = self._exchange
        event_id = exchange.event_text.encode()
        if exchange.trace is not None:
            lines += exchange.trace.attempt(exchange, self)
        return b"%baccept-encoding: identity\r\nx-request-id: %b\r\n%b" % (lines, event_id, self.upstream.credential)

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

    def cancel(self) -> None:
        """Gives the attempt up; the provider sees the connection close."""
        if self._call is not None:
            self._call.cancel()
        if self._answer is not None:
            self._answer.on_broken()

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
        self.status = status
        exchange = self._exchange
        content_type = b""
        encoded = False
        for name, value in headers:
            if name == b"content-type":
                content_type = value.lower()
            elif name == b"content-encoding":
                encoded = value.lower() != b"identity"
            elif name in (b"x-request-id", b"request-id"):
                exchange.upstream_request_id = value.decode("latin-1")[:128]
        if status == _SWITCHING:
            self._answer = SplicedAnswer(exchange, self, headers)
        elif status >= _REDIRECTS_FROM:
            self._answer = ErrorAnswer(exchange, self, status, headers)
        elif encoded:
            # We asked for none: it passes as it is, unread.
            self._answer = WholeAnswer(exchange, self, status, headers, length, b"")
        elif content_type.startswith(b"text/event-stream"):
            self.streams_events = True
            self._answer = EventAnswer(exchange, self, status, headers)
        else:
            self._answer = WholeAnswer(exchange, self, status, headers, length, content_type)

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
