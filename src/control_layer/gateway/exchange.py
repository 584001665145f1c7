"""The life of one AI request, top to bottom: authenticate, collect, authorise, admit, forward, answer, account.

An `Exchange` handles the client's side and owns the decisions; an `Attempt` (see `attempt`) handles one try at one
deployment and reports back here. Nothing waits: every method is called by a socket's event and returns.

What is always true: a request that was admitted wrote `Opened` before a byte of it left for a provider, and writes one
`Closed` before the last byte of its answer leaves for the client. Where the disk takes nothing any more, no request is
let in, and those under way end with their `Closed` kept in memory until it can be written.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from control_layer.contract.pricing import NOTHING, Tariff, cost_of, is_answered, worst_cost_of
from control_layer.contract.usage import Closed, Opened, Outcome, Tokens
from control_layer.gateway import accounting, errors
from control_layer.gateway.abilities import check_abilities
from control_layer.gateway.admission import State
from control_layer.gateway.answers import Answer
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.dialects.anthropic.own_thoughts import with_own_thoughts
from control_layer.gateway.envelope import read_envelope
from control_layer.gateway.errors import GatewayError, render
from control_layer.gateway.foreign_thoughts import may_hold_foreign_thoughts
from control_layer.gateway.guardrails.answer import guarded_answer
from control_layer.gateway.guardrails.request import RequestCheck
from control_layer.gateway.guardrails.table import Plan
from control_layer.gateway.head import Head
from control_layer.gateway.hedging import Race
from control_layer.gateway.identifiers import text
from control_layer.gateway.paths import Handling
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.policy.response_cache import CachedAnswer
from control_layer.gateway.policy.worst_case import bounded_input, bounded_output, likely_tokens
from control_layer.gateway.query import rename_model
from control_layer.gateway.rate_limit_headers import rate_limit_headers
from control_layer.gateway.reasoning import check_effort, those_that_take, translated_effort
from control_layer.gateway.recording import cache_key
from control_layer.gateway.remembering import Remembering
from control_layer.gateway.sample import Sample
from control_layer.gateway.token_count import answer_count
from control_layer.gateway.tracing import RequestTrace
from control_layer.gateway.translation_table import COUNT_TOKENS, RESPONSES
from control_layer.gateway.translators import COUNTED_HERE
from control_layer.gateway.upstream_errors import REFUSALS, as_gateway_error, code_of, failure_of
from control_layer.gateway.waste import affords_another
from control_layer.wire import ExchangeError, Header, Request, Responder, TotalTimeout

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Exchange", "State"]

_log = structlog.get_logger(__name__)
_CLIENT_LEFT = 499
"""What logs call a client that went away before its answer began (nginx's number)."""
_DROPPED = b"x-control-layer-dropped-parameters"


_OUTSIDE = (State.READING, State.RECALLING, State.CHECKING, State.CLAIMING)
_LET_IN = (State.ADMITTED, State.CLOSED)


class Exchange(Remembering):
    """One AI request whose model stands in a JSON body."""

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

    def check_head(self) -> None:
        """Refuses what the head alone condemns. Raises GatewayError."""
        request = self.request
        self.check_method()
        limit = self.plane.config.max_body_bytes
        if request.content_length is not None and request.content_length > limit:
            raise errors.body_too_large(limit)
        encoding = self.head.encoding
        if encoding is not None:
            raise errors.unsupported_encoding(encoding.decode("latin-1"))

    def check_method(self) -> None:
        """Raises GatewayError where this path does not take the request's method."""
        if self.path.handling is Handling.OPEN:
            if not self.request.has_body:
                raise errors.unknown_route()
        elif self.request.method != b"POST":
            raise errors.method_not_allowed("POST")

    def on_body(self, data: bytes) -> None:
        if self.state is not State.READING:
            return
        self.received += len(data)
        limit = self.plane.config.max_body_bytes
        if self.received > limit:
            self.refuse(errors.body_too_large(limit))
            return
        if not self.body:
            self.body = data
            return
        if not isinstance(self.body, bytearray):
            self.body = bytearray(self.body)  # grows in place: pieces that are joined need the memory twice
        self.body += data

    def on_end(self) -> None:
        if self.state is not State.READING:
            return
        try:
            alias = self.read_body()
            if self.envelope is not None and self.envelope.fallbacks:
                self.alternatives = self.envelope.fallbacks
            self.ask_for(alias)
        except GatewayError as error:
            self.refuse(error)

    def read_body(self) -> str:
        """The model that the request names. Raises GatewayError."""
        self.envelope = read_envelope(self.body, fallbacks=self.plane.config.client_fallbacks)
        return self.envelope.model

    def ask_for(self, alias: str) -> None:
        self.authorise(alias)
        if self.path.api_path == RESPONSES and self.recall_first():
            return
        self.go_in()

    def go_in(self) -> None:
        if self.plane.config.validate_capabilities:
            check_abilities(self)
        if self.route.translates_efforts:
            check_effort(self)
        self.admit(stream=self.envelope is not None and self.envelope.streaming)

    def fitting(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        return those_that_take(self, targets)

    def check(self, plan: Plan) -> None:
        self.checking = RequestCheck(self, plan)
        self.checking.run()

    def guarded(
        self, attempt: Attempt, status: int, headers: list[Header], content_type: bytes, encoded: bool
    ) -> Answer | None:
        """The answer's form where guardrails look at it; `None` where they do not."""
        if self.plan is None or not self.plan.answer:
            return None
        # Of what is encoded, against our wish, nothing can be read: whatever it says it is, it is taken for text.
        return guarded_answer(self, attempt, self.plan, status, headers, b"" if encoded else content_type)

    def worst_case(self, tariff: Tariff) -> Decimal:
        fields = {} if self.envelope is None else self.envelope.fields
        said = bounded_output(fields) if self.path.generates else 0
        size = max(self.received, len(self.body))  # guardrails may have made it longer than it came
        return worst_cost_of(tariff.prices, bounded_input(self.body, size), said)

    def likely_tokens(self) -> int:
        fields = {} if self.envelope is None else self.envelope.fields
        return likely_tokens(max(self.received, len(self.body)), fields, generates=self.path.generates)

    # -- admit -------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """The budgets, if there are any, allow it."""
        if self.given_up is not None:
            self.enter_again()
            self._go_on()
            return
        plane = self.plane
        self.started = plane.monotonic()
        self.route_out()
        capture = plane.config.capture
        if capture.enabled and self.user.log_bodies and self.key.log_bodies:
            self.request_sample = Sample(capture.max_bytes)
            self.request_sample.keep(self.body)
            self.answer_sample = Sample(capture.max_bytes)
        if plane.tracing is not None:
            self.trace = plane.tracing.begin(self.event_id, self.head.caller)
        self.state = State.ADMITTED
        plane.retries.deposit()
        self.opened = accounting.opened(self, plane.wall())
        plane.journal.append(self.opened, self._go_on)

    def _go_on(self) -> None:
        """`Opened` is on disk, or the journal is failing."""
        caching = self.route.model.caching
        if self.blocked is not None:
            self.fail(self.blocked)
        elif caching is None or self.plane.journal.failing or not self.look_up(caching, cache_key(self, caching)):
            self.forward()

    def replay(self, answer: CachedAnswer) -> None:
        self.finish_reason = answer.finish_reason
        self._head = answer.status, self.answer_headers(list(answer.headers))
        self._last = answer.body
        self.response_bytes += len(answer.body)
        if self.answer_sample is not None:
            self.answer_sample.keep(answer.body)
        self.close("completed", answer.status, None)

    # -- forward -----------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Makes the next attempt. `Opened` is on disk, or the journal is failing."""
        self._retry = None
        if self.state is not State.ADMITTED:
            return
        if self.plane.journal.failing and not self.attempts:
            self.fail(errors.journal_full())
            return
        try:
            last = self.attempt
            attempt = self.attempt = Attempt(self, *self.next_upstream())
            if last is not None:
                last.release()
            self.send(attempt)
        except GatewayError as error:
            if self.alternatives:
                self.move_on()
            else:
                self.fail(error)
        except Exception:  # noqa: BLE001 - whatever it was, the client gets an answer and the request its row
            _log.error("forward_failed", request=text(self.event_id), exc_info=True)
            self.fail(errors.internal_error())

    def send(self, attempt: Attempt) -> None:
        """Hands the request to the provider's connection pool."""
        if self.path.api_path == COUNT_TOKENS and attempt.upstream.translators.get(COUNT_TOKENS) is COUNTED_HERE:
            answer_count(self, attempt)
            return
        pace = self.route.hedging
        if pace is not None and self.path.repeatable and not self.streaming and self.race is None:
            self.race = Race(self, pace, attempt)
            self.race.begin()
            return
        body = self.body_for(attempt)
        attempt.send(body, len(body))

    def body_for(self, attempt: Attempt) -> bytes | bytearray:
        """The body as the provider gets it."""
        if self.envelope is None:
            return self.body
        path = self.path.api_path
        translator = attempt.upstream.translators.get(path)
        self.storing = None
        if path == RESPONSES and not self.route.model.responses_adapter:
            translator = None
        reasoning = attempt.deployment.reasoning
        effort = None if reasoning is None else translated_effort(self, reasoning)
        if translator is not None:
            body = self.envelope.rewritten(model=self.envelope.model, include_usage=False)
            if effort is not None:
                body = effort.taken_out(body)
            identity = self.identify() if path == RESPONSES else None
            alias, model = self.route.model.alias, attempt.deployment.upstream_model
            translation = attempt.translation = translator.translate(body, alias, model, identity)
            attempt.dropped = translation.dropped
            return translation.body if effort is None else effort.written_into(translation.body)
        asks = self._asks_for_usage and attempt.upstream.takes_stream_options
        body = self.envelope.rewritten(model=attempt.deployment.upstream_model, include_usage=asks)
        if effort is not None:
            body = effort.replaced_in(body)
        if attempt.upstream.wants_own_thoughts and may_hold_foreign_thoughts(self, attempt):
            body, attempt.dropped = with_own_thoughts(body)
        return body

    @property
    def _asks_for_usage(self) -> bool:
        return self.path.usage_on_request and self.streaming

    @property
    def hides_usage(self) -> bool:
        """Whether the stream will carry usage that the client did not ask for."""
        return self._asks_for_usage and self.envelope is not None and not self.envelope.include_usage

    def attempt_failed(self, attempt: Attempt, error: ExchangeError) -> None:
        """The attempt brought no whole answer. Another may follow while nothing has reached the client."""
        code, failure = code_of(error), failure_of(error)
        self.settle(attempt, code, learnt=failure is not None or isinstance(error, TotalTimeout))
        if failure is not None:
            attempt.upstream.failed(code, str(error), self.plane.monotonic())
            if self.try_again(failure):
                attempt.release()  # what came of it does not count, not even if the client leaves now
                return
        self.fail(as_gateway_error(error))

    def answer_failed(self, attempt: Attempt, failure: Failure, error: GatewayError | None, said: str = "") -> bool:
        """The provider's answer is an error. Whether another attempt follows; else the answer is to be handed on.

        `error` is what the client would hear of it in our words; `None` where it would hear the provider's own, whose
        word for it is `said`.
        """
        if not self.holds_answers:
            return False
        self.settle(attempt, None if error is None else error.code)
        if not self.try_again(failure, attempt.status):
            return False
        if error is not None:
            attempt.upstream.failed(error.code, error.message, self.plane.monotonic())
        else:
            # Nobody else will say why it was not this answer.
            self.note(attempt, error=said)
        return True

    def answer_refused(self, attempt: Attempt) -> bool:
        """Why the answer ended is known, and nothing of it has left. Whether a content policy ended it, and another
        attempt follows.
        """
        reason = self.finish_reason
        if reason is None or reason not in REFUSALS or not self.judges_answers:
            return False
        return self.answer_failed(attempt, Failure.REFUSED_CONTENT, None, reason)

    def gives_up(self, failure: Failure) -> bool:
        if not affords_another(self, failure):
            return False
        self.leave_lane()
        self.forget_answer()
        return True

    def forget_answer(self) -> None:
        self.first_byte = self.tokens = self.text_bytes = self.finish_reason = self.upstream_request_id = None
        self.tokens_final = True
        if self.answer_sample is not None:
            self.answer_sample = Sample(self.plane.config.capture.max_bytes)

    def session_hint(self) -> str | None:
        return None if self.envelope is None else self.envelope.session

    def upstream_query(self, attempt: Attempt) -> bytes:
        """The query string as the provider gets it."""
        query = self.request.query
        return rename_model(query, attempt.deployment.upstream_model) if query else query

    def pause_body(self) -> None:
        """The provider takes the request slower than it is sent: a body that is read whole is all sent already."""

    def resume_body(self) -> None:
        """The provider has caught up."""

    # -- answer ------------------------------------------------------------------------------------------------------

    def splice(self, headers: list[Header]) -> None:
        """The provider switched protocols, which this kind of request did not ask for."""
        del headers
        self.fail(errors.upstream_bad_reply())

    def spliced(self, data: bytes) -> None:
        """The provider has sent `data` since it switched protocols, which has left."""

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

    def pause_writing(self) -> None:
        if self.attempt is not None:
            self.attempt.pause()

    def resume_writing(self) -> None:
        if self.attempt is not None:
            self.attempt.resume()

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
