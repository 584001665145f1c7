"""How a request ends: answered, failed, refused, or left by its client. The end of the answer leaves when the request's
one `Closed` is on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from control_layer.contract.pricing import NOTHING, cost_of, is_answered
from control_layer.contract.usage import Closed, Opened, Outcome, Tokens
from control_layer.gateway import accounting, errors
from control_layer.gateway.admission import State
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.errors import GatewayError, render
from control_layer.gateway.head import Head
from control_layer.gateway.policy.response_cache import CachedAnswer
from control_layer.gateway.rate_limit_headers import rate_limit_headers
from control_layer.gateway.remembering import Remembering
from control_layer.gateway.sample import Sample
from control_layer.gateway.tracing import RequestTrace
from control_layer.wire import Header, Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Ending"]

_CLIENT_LEFT = 499
"""What logs call a client that went away before its answer began (nginx's number)."""
_DROPPED = b"x-control-layer-dropped-parameters"
_OUTSIDE = (State.READING, State.RECALLING, State.CHECKING, State.CLAIMING)
_LET_IN = (State.ADMITTED, State.CLOSED)


class Ending(Remembering):
    """A request and what has come of it."""

    __slots__ = (
        "_client_gone", "_head", "_last", "answer_sample", "answered_with", "finish_reason", "first_byte", "opened",
        "received", "request_sample", "response_bytes", "text_bytes", "tokens", "tokens_final", "trace",
        "upstream_request_id",
    )  # fmt: skip

    def __init__(self, plane: DataPlane, request: Request, responder: Responder, head: Head) -> None:
        super().__init__(plane, request, responder, head)
        self.opened: Opened
        """The record of its admission."""
        self.received = 0
        """Request body bytes that have come."""
        self.response_bytes = 0
        """Body bytes handed to the client."""
        self.first_byte: float | None = None
        self.tokens: Tokens | None = None
        self.tokens_final = True
        """False where a stream broke off: what it had counted may be less than what was used."""
        self.text_bytes: int | None = None
        """How much the model said, as far as that is known."""
        self.finish_reason: str | None = None
        self.upstream_request_id: str | None = None
        self.request_sample: Sample | None = None
        self.answer_sample: Sample | None = None
        """Set where bodies are logged."""
        self.answered_with: list[Header] | None = None
        """The head of the answer, where bodies are logged."""
        self.trace: RequestTrace | None = None
        """Set where requests are traced."""
        self._head: tuple[int, list[Header]] | None = None
        self._last = b""
        self._client_gone = False

    # -- answer ------------------------------------------------------------------------------------------------------

    def replay(self, answer: CachedAnswer) -> None:
        self.finish_reason = answer.finish_reason
        self._head = answer.status, self.answer_headers(list(answer.headers))
        self._last = answer.body
        self.response_bytes += len(answer.body)
        if self.answer_sample is not None:
            self.answer_sample.keep(answer.body)
        self.close("completed", answer.status, None)

    def forget_answer(self) -> None:
        self.first_byte = self.tokens = self.text_bytes = self.finish_reason = self.upstream_request_id = None
        self.tokens_final = True
        if self.answer_sample is not None:
            self.answer_sample = Sample(self.plane.config.capture.max_bytes)

    @property
    def ended(self) -> bool:
        """Whether nothing more may be sent but the last piece."""
        return self.state is State.CLOSED

    def mark_first_byte(self, data: bytes) -> None:
        """The provider's body begins with `data`."""
        self.first_byte = self.plane.monotonic() - self.started
        if self.trace is not None:
            self.trace.answered(data)

    def answer_headers(self, headers: list[Header]) -> list[Header]:
        """`headers` (a provider's, cleaned, or our own) with what we say about this request."""
        super().answer_headers(headers)
        attempt = self.attempt
        if self.state in _LET_IN and self.plane.config.report_headers:
            headers.append((b"x-control-layer-model", self.route.model.alias.encode()))
            if attempt is not None:
                headers.append((b"x-control-layer-deployment", attempt.deployment.id.encode()))
            under_way = attempt is not None and not attempt.settled
            headers.append((b"x-control-layer-attempts", b"%d" % (len(self.attempts) + under_way)))
            if self.cached is not None:
                headers.append((b"x-control-layer-cache", self.cached.encode()))
        if attempt is not None and attempt.dropped:
            headers.append((_DROPPED, ", ".join(attempt.dropped).encode()))
        if self.permit is not None:
            plane = self.plane
            wall = plane.wall() if self.anthropic else None
            headers += rate_limit_headers(self.permit.gates, plane.monotonic(), wall)
        if self.answer_sample is not None:
            self.answered_with = headers
        return headers

    def finish(
        self, attempt: Attempt, head: tuple[int, list[Header]] | None, last: bytes, code: str | None = None
    ) -> None:
        """The provider's answer is whole. `head` is given where nothing has been sent yet; `last` ends the answer.

        `code` is the provider's word for an answer that is an error.
        """
        self.settle(attempt, None)
        if self.recording is not None:
            if head is not None:
                self.recording.begin(*head)
            self.recording.keep(last)
        if self.storing is not None:
            self.storing.keep(last)
        self._head = head
        self._last = last
        self.response_bytes += len(last)
        self.close("completed", attempt.status or 0, code)

    def provider_refused(self, attempt: Attempt, error: GatewayError) -> None:
        """The provider answered with an error that is said in our words."""
        self.settle(attempt, error.code)
        attempt.upstream.failed(error.code, error.message, self.plane.monotonic())
        self.fail(error)

    def broken_stream(self, attempt: Attempt) -> None:
        """The provider's stream ended without its end: it must not look whole to the client."""
        self.provider_refused(attempt, errors.upstream_stream_broken())

    def end_failed_stream(self, attempt: Attempt, last: bytes) -> None:
        """The provider reported an error inside its stream, which the client has seen; `last` is what is left of it."""
        error = errors.upstream_stream_broken()
        self.settle(attempt, error.code)
        self._last = last
        self.response_bytes += len(last)
        self.responder.closes = True
        self.close("failed", attempt.status or 0, error.code)

    def fail(self, error: GatewayError) -> None:
        """Ends an admitted request with an error: as an answer, or inside the stream that has begun."""
        if self.state is not State.ADMITTED:
            return
        attempt, sample = self.attempt, self.answer_sample
        if not self.responder.started:
            status, headers, body = render(error, self.anthropic, self.public_id)
            self._head = (status, self.answer_headers(headers))
            self._last = body
            self.response_bytes += len(body)
            if sample is not None and not sample.data:
                sample.keep(body)
            self.close("failed", status, error.code)
        elif attempt is not None and attempt.streams_events:
            self._last = errors.stream_event(error, self.anthropic, self.public_id)
            if sample is not None:
                sample.keep(self._last)
            self.responder.closes = True
            self.close("failed", attempt.status or 0, error.code)
        else:
            self.close("failed", (attempt.status or 0) if attempt is not None else 0, error.code, self.responder.abort)

    def refuse(self, error: GatewayError) -> None:
        if self.state is State.ADMITTED:
            self.fail(error)
        elif self.alternatives:
            self.ask_next()
        elif self.come_back():
            self.fail(error)
        else:
            self._turn_away(error)

    def _turn_away(self, error: GatewayError) -> None:
        self.state = State.REFUSED
        self.body = b""
        self.turn_away(error)

    def on_disconnect(self) -> None:
        """The client went away: so does the provider's work, at once."""
        self._client_gone = True
        self.body = b""
        self.withdraw_retry()
        if self.waits_for_another:
            self.go_alone()
        if self.state in _OUTSIDE:
            self.withdraw()
            if not self.come_back():
                self.state = State.REFUSED
        if self.state is State.ADMITTED:
            attempt = self.attempt
            status = _CLIENT_LEFT
            if attempt is not None:
                attempt.cancel()
                self.settle(attempt, "client_left", learnt=False)
                if self.responder.started:
                    status = attempt.status or _CLIENT_LEFT
            self.close("cancelled", status, None)

    # -- account -----------------------------------------------------------------------------------------------------

    def close(self, outcome: Outcome, status: int, code: str | None, then: Callable[[], None] | None = None) -> None:
        """Writes the one `Closed` of an admitted request; then the rest of the answer leaves."""
        if self.state is not State.ADMITTED:
            return
        self.state = State.CLOSED
        if self.race is not None:
            self.race.end()
            self.race = None
        plane = self.plane
        bodies = accounting.bodies(self)
        if bodies is not None:
            plane.journal.append(bodies)
        closed = accounting.closed(self, outcome, status, code)
        plane.metrics.closed(closed)
        if self.cached is not None:
            plane.metrics.looked_up(self.route.model.alias, self.cached)
        if self.reservation is not None:
            self.reservation.settle(self._cost(closed))
        if self.route.waste is not None:
            self.route.waste.settle(self.staked, NOTHING)
            self.route.waste.earn(self._cost(closed))
        if self.permit is not None or self.lane is not None:
            self.settle_limits(closed.tokens)
        if self.storing is not None:
            self.store(outcome)
        self.body = b""
        self.envelope = None
        plane.journal.append(closed, then or self._send_last)
        if self.cached is not None:
            self.land(closed)

    def _cost(self, closed: Closed) -> Decimal:
        if self.tariff is None:
            return NOTHING
        return cost_of(self.tariff.prices, closed.tokens, requests=is_answered(closed.outcome, closed.status))

    def _send_last(self) -> None:
        """`Closed` is on disk: the end of the answer may leave."""
        attempt, self.attempt = self.attempt, None
        if attempt is not None:
            # They know each other: left to the collector, bodies would pile up until it runs.
            attempt.release()
        if self._client_gone:
            return
        if self._head is not None:
            self.responder.respond(*self._head, self._last)
        else:
            self.responder.end(self._last)
