"""The life of one AI request, top to bottom: authenticate, collect, authorise, admit, forward, answer, account.

An `Exchange` handles the client's side and owns the decisions; an `Attempt` (see `attempt`) handles one try at one
deployment and reports back here. Nothing waits: every method is called by a socket's event and returns.

What is always true: a request that was admitted wrote `Opened` before a byte of it left for a provider, and writes one
`Closed` before the last byte of its answer leaves for the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from control_layer.contract.snapshot import Deployment, Key, User
from control_layer.contract.usage import Attempt as AttemptRecord
from control_layer.contract.usage import Bodies, Closed, Opened, Outcome, Tokens
from control_layer.gateway import errors
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.credentials import bearer, digest, masked
from control_layer.gateway.envelope import Envelope, read_envelope, rewrite
from control_layer.gateway.errors import GatewayError, render
from control_layer.gateway.headers import sane_request_id
from control_layer.gateway.identifiers import text
from control_layer.gateway.paths import AiPath, Handling
from control_layer.gateway.policy.order import by_weight
from control_layer.gateway.policy.retry import attempts_allowed, backoff
from control_layer.gateway.snapshot import Route
from control_layer.gateway.upstream_errors import as_gateway_error, code_of, may_retry
from control_layer.gateway.usage import estimate
from control_layer.wire import ExchangeError, Header, Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Exchange"]

_CLIENT_LEFT = 499
"""What logs call a client that went away before its answer began (nginx's number)."""
_ERRORS_FROM = 400
_MAX_AGENT = 256
_NO_TOKENS = Tokens()


class Exchange:
    """One AI request whose model stands in a JSON body."""

    __slots__ = (
        "_at", "_attempt", "_body", "_chunks", "_client_gone", "_closed", "_deployments", "_envelope", "_head",
        "_last", "_opened", "_refused", "_retry", "_started", "attempts", "captured", "captured_whole",
        "event_id", "finish_reason", "first_byte", "key", "path", "plane", "received", "request", "request_id",
        "responder", "response_bytes", "route", "streaming", "tokens", "upstream_request_id", "user",
    )  # fmt: skip

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, path: AiPath) -> None:
        self.plane = plane
        self.request = request
        self.responder = responder
        self.path = path
        self.key: Key
        self.user: User
        self.route: Route
        self.event_id = plane.ids.next(int(plane.wall() * 1000))
        self.request_id = sane_request_id(request.header(b"x-request-id"))
        self.received = 0
        """Request body bytes that have come."""
        self.response_bytes = 0
        """Body bytes handed to the client."""
        self.streaming = False
        """Whether the client asked for a stream."""
        self.first_byte: float | None = None
        self.tokens: Tokens | None = None
        self.finish_reason: str | None = None
        self.upstream_request_id: str | None = None
        self.attempts: list[AttemptRecord] = []
        self.captured: bytearray | None = None
        """The beginning of the answer, where bodies are logged."""
        self.captured_whole = True
        self._chunks: list[bytes] = []
        self._body = b""
        self._envelope: Envelope
        self._deployments: tuple[Deployment, ...] = ()
        self._attempt: Attempt | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._at = 0.0
        self._started = 0.0
        self._head: tuple[int, list[Header]] | None = None
        self._last = b""
        self._refused = False
        self._opened = False
        self._closed = False
        self._client_gone = False

    # -- authenticate and collect ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The head has come: whose key is it, and may a body follow?"""
        try:
            self.authenticate()
            self.check_head()
        except GatewayError as error:
            self.refuse(error)
        else:
            self.responder.send_continue()

    def authenticate(self) -> None:
        """Sets key and user. Raises GatewayError."""
        secret = bearer(self.request.headers)
        if secret is None:
            raise errors.missing_key()
        snapshot = self.plane.snapshots.current
        if not snapshot.version:
            raise errors.not_ready()
        key = snapshot.keys.get(digest(secret))
        user = snapshot.users.get(key.user_id) if key is not None else None
        if key is None or user is None:
            raise errors.invalid_key(masked(secret))
        if key.expires_at is not None and key.expires_at <= self.plane.wall():
            raise errors.expired_key(masked(secret))
        if key.purpose == "platform":
            raise errors.key_purpose_not_allowed()
        self.key = key
        self.user = user

    def check_head(self) -> None:
        """Refuses what the head alone condemns. Raises GatewayError."""
        request = self.request
        if self.path.handling is Handling.OPEN:
            if not request.has_body:
                raise errors.unknown_route()
        elif request.method != b"POST":
            raise errors.method_not_allowed("POST")
        limit = self.plane.config.max_body_bytes
        if request.content_length is not None and request.content_length > limit:
            raise errors.body_too_large(limit)
        encoding = request.header(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            raise errors.unsupported_encoding(encoding.decode("latin-1"))

    def on_body(self, data: bytes) -> None:
        if self._refused:
            return
        self.received += len(data)
        limit = self.plane.config.max_body_bytes
        if self.received > limit:
            self.refuse(errors.body_too_large(limit))
            return
        self._chunks.append(data)

    def on_end(self) -> None:
        if self._refused:
            return
        chunks = self._chunks
        self._body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        try:
            self._envelope = read_envelope(self._body)
            self.authorise(self._envelope.model or "")
            self.admit(self._envelope.streaming)
        except GatewayError as error:
            self.refuse(error)

    # -- authorise and admit -----------------------------------------------------------------------------------------

    def authorise(self, alias: str) -> None:
        """Sets the route. Raises GatewayError: 404 where there is no such model, 403 where it is not granted."""
        route = self.plane.snapshots.current.routes.get(alias)
        if route is None:
            raise errors.model_not_found(alias)
        subset = self.key.models
        if not route.grants(self.user) or (subset is not None and alias not in subset):
            raise errors.model_access_denied(alias)
        self.route = route

    def admit(self, stream: bool) -> None:
        """Lets the request in: from here on it ends in one accounting row. Raises GatewayError."""
        plane = self.plane
        if plane.journal.failing:
            raise errors.journal_full()
        request, model = self.request, self.route.model
        self._at = plane.wall()
        self._started = plane.monotonic()
        self._deployments = by_weight(model.deployments, plane.random)
        if plane.config.capture.enabled and self.user.log_bodies:
            self.captured = bytearray()
        self._opened = True
        self.streaming = stream
        opened = Opened(
            id=self.event_id,
            at=self._at,
            key_id=self.key.id,
            user_id=self.user.id,
            model=model.alias,
            model_id=model.id,
            method=request.method.decode("latin-1"),
            path=request.path.decode("latin-1"),
            stream=stream,
        )
        plane.journal.append(opened, self.forward)

    # -- forward -----------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Makes the next attempt. `Opened` is on disk."""
        self._retry = None
        if self._closed:
            return
        plane = self.plane
        deployment = self._deployments[len(self.attempts) % len(self._deployments)]
        try:
            endpoint = plane.snapshots.current.endpoints.get(deployment.endpoint_id)
            if endpoint is None:
                raise errors.model_unavailable("its endpoint was removed")
            upstream = plane.upstreams.get(endpoint)
        except GatewayError as error:
            self.attempts.append(AttemptRecord(deployment.id, deployment.endpoint_id, None, error.code, 0.0))
            self.fail(error)
            return
        self._attempt = Attempt(self, deployment, upstream)
        self.send(self._attempt)

    def send(self, attempt: Attempt) -> None:
        """Hands the request to the provider's connection pool."""
        envelope = self._envelope
        body = rewrite(
            self._body,
            envelope,
            model=attempt.deployment.upstream_model,
            include_usage=self.path.usage_on_request and envelope.streaming,
        )
        attempt.send(body, len(body))

    @property
    def hides_usage(self) -> bool:
        """Whether the stream will carry usage that the client did not ask for."""
        return self.path.usage_on_request and self.streaming and not self._envelope.include_usage

    def attempt_failed(self, attempt: Attempt, error: ExchangeError) -> None:
        """The attempt brought no whole answer. Tries again while nothing has reached the client."""
        plane = self.plane
        code = code_of(error)
        self.attempts.append(attempt.record(code))
        plane.metrics.attempts_failed[attempt.upstream.endpoint.name, code] += 1
        tried = len(self.attempts)
        if (
            not self.responder.started
            and may_retry(error)
            and self.can_resend()
            and tried < attempts_allowed(len(self._deployments))
        ):
            self._retry = plane.loop.call_later(backoff(tried, plane.random), self.forward)
            return
        self.fail(as_gateway_error(error))

    def can_resend(self) -> bool:
        """Whether the request is still at hand for another attempt."""
        return True

    @property
    def upstream_query(self) -> bytes:
        """The query string as the provider gets it."""
        return self.request.query

    # -- answer ------------------------------------------------------------------------------------------------------

    def splice(self, headers: list[Header]) -> None:
        """The provider switched protocols, which this kind of request did not ask for."""
        del headers
        self.fail(errors.upstream_bad_reply())

    @property
    def ended(self) -> bool:
        """Whether nothing more may be sent but the last piece."""
        return self._closed

    def mark_first_byte(self) -> None:
        """The provider's first body byte has come."""
        self.first_byte = self.plane.monotonic() - self._started

    def answer_headers(self, headers: list[Header]) -> list[Header]:
        """`headers` (a provider's, cleaned, or our own) with what we say about this request."""
        headers.append((b"x-request-id", self.public_id.encode()))
        if self._opened and self.plane.config.report_headers:
            attempt = self._attempt
            headers.append((b"x-control-layer-model", self.route.model.alias.encode()))
            if attempt is not None:
                headers.append((b"x-control-layer-deployment", attempt.deployment.id.encode()))
            headers.append((b"x-control-layer-attempts", b"%d" % max(len(self.attempts), 1)))
        return headers

    @property
    def public_id(self) -> str:
        """The caller's own request id when it sent a sane one, else the usage event's."""
        return self.request_id or text(self.event_id)

    def capture(self, data: bytes) -> None:
        """Keeps the beginning of the answer for the request log."""
        kept = self.captured
        if kept is None:
            return
        room = self.plane.config.capture.max_bytes - len(kept)
        kept += data[:room]
        if len(data) > room:
            self.captured_whole = False

    def finish(self, attempt: Attempt, head: tuple[int, list[Header]] | None, last: bytes) -> None:
        """The provider's answer is whole. `head` is given where nothing has been sent yet; `last` ends the answer."""
        self.attempts.append(attempt.record(None))
        self._head = head
        self._last = last
        self.response_bytes += len(last)
        self.close("completed", attempt.status or 0, None)

    def provider_refused(self, attempt: Attempt, error: GatewayError) -> None:
        """The provider answered with an error that is said in our words."""
        self.attempts.append(attempt.record(error.code))
        self.plane.metrics.attempts_failed[attempt.upstream.endpoint.name, error.code] += 1
        self.fail(error)

    def broken_stream(self, attempt: Attempt) -> None:
        """The provider's stream ended without its end: it must not look whole to the client."""
        self.provider_refused(attempt, errors.upstream_stream_broken())

    def end_failed_stream(self, attempt: Attempt, last: bytes) -> None:
        """The provider reported an error inside its stream, which the client has seen; `last` is what is left of it."""
        error = errors.upstream_stream_broken()
        self.attempts.append(attempt.record(error.code))
        self.plane.metrics.attempts_failed[attempt.upstream.endpoint.name, error.code] += 1
        self._last = last
        self.response_bytes += len(last)
        self.close("failed", attempt.status or 0, error)

    def fail(self, error: GatewayError) -> None:
        """Ends an admitted request with an error: as an answer, or inside the stream that has begun."""
        if self._closed:
            return
        if not self.responder.started:
            status, headers, body = render(error, self.path.anthropic, self.public_id)
            self._head = (status, self.answer_headers(headers))
            self._last = body
            self.response_bytes += len(body)
            self.capture(body)
            self.close("failed", status, error)
            return
        attempt = self._attempt
        if attempt is not None and attempt.streams_events:
            self._last = errors.stream_event(error, self.path.anthropic, self.public_id)
            self.capture(self._last)
            self.close("failed", attempt.status or 0, error)
        else:
            self.close("failed", attempt.status or 0 if attempt is not None else 0, error, self.responder.abort)

    def refuse(self, error: GatewayError) -> None:
        """Ends a request that was not let in."""
        if self._opened:
            self.fail(error)
            return
        self._refused = True
        self._chunks = []
        self.plane.metrics.refused[error.code] += 1
        status, headers, body = render(error, self.path.anthropic, self.public_id)
        self.responder.respond(status, self.answer_headers(headers), body)

    def on_disconnect(self) -> None:
        """The client went away: so does the provider's work, at once."""
        self._client_gone = True
        self._refused = True
        self._chunks = []
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        attempt = self._attempt
        if self._opened and not self._closed:
            if attempt is not None:
                attempt.cancel()
                self.attempts.append(attempt.record("client_left"))
            status = (attempt.status if attempt is not None and self.responder.started else None) or _CLIENT_LEFT
            self.close("cancelled", status, None)

    def pause_writing(self) -> None:
        if self._attempt is not None:
            self._attempt.pause()

    def resume_writing(self) -> None:
        if self._attempt is not None:
            self._attempt.resume()

    # -- account -----------------------------------------------------------------------------------------------------

    def close(
        self, outcome: Outcome, status: int, error: GatewayError | None, then: Callable[[], None] | None = None
    ) -> None:
        """Writes the one `Closed` of an admitted request; then the rest of the answer leaves."""
        if self._closed:
            return
        self._closed = True
        plane, request, attempt = self.plane, self.request, self._attempt
        if self.captured is not None:
            self._journal_bodies(self.captured)
        model = self.route.model
        agent = request.header(b"user-agent")
        closed = Closed(
            id=self.event_id,
            at=self._at,
            key_id=self.key.id,
            user_id=self.user.id,
            model=model.alias,
            model_id=model.id,
            method=request.method.decode("latin-1"),
            path=request.path.decode("latin-1"),
            stream=self.streaming,
            outcome=outcome,
            status=status,
            error=error.code if error is not None else None,
            deployment_id=attempt.deployment.id if attempt is not None else None,
            attempts=tuple(self.attempts),
            first_byte=self.first_byte,
            duration=plane.monotonic() - self._started,
            tokens=self._final_tokens(outcome, status),
            finish_reason=self.finish_reason,
            request_bytes=self.received,
            response_bytes=self.response_bytes,
            upstream_request_id=self.upstream_request_id,
            request_id=self.request_id,
            user_agent=agent.decode("latin-1")[:_MAX_AGENT] if agent is not None else None,
        )
        plane.metrics.closed(closed)
        plane.journal.append(closed, then or self._send_last)

    def _final_tokens(self, outcome: Outcome, status: int) -> Tokens:
        """The provider's counts; without them an estimate of what it did, which is marked as one.

        An estimate is made for an answer that succeeded, and for one that broke off or was left after it had begun:
        the provider worked for it. Where no answer began there is nothing to count.
        """
        if self.tokens is not None:
            return self.tokens
        if not self.path.metered or self.first_byte is None or (outcome == "completed" and status >= _ERRORS_FROM):
            return _NO_TOKENS
        return estimate(self.received, self.response_bytes)

    def _journal_bodies(self, response: bytearray) -> None:
        limit = self.plane.config.capture.max_bytes
        self.plane.journal.append(
            Bodies(
                id=self.event_id,
                request=self._body[:limit],
                request_truncated=len(self._body) > limit,
                response=bytes(response),
                response_truncated=not self.captured_whole,
            )
        )

    def _send_last(self) -> None:
        """`Closed` is on disk: the end of the answer may leave."""
        if self._client_gone:
            return
        if self._head is not None:
            self.responder.respond(*self._head, self._last)
        else:
            self.responder.end(self._last)
