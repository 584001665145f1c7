"""The life of one AI request, top to bottom: authenticate, collect, authorise, admit, forward; its end is in `ending`.

An `Exchange` handles the client's side and owns the decisions; an `Attempt` (see `attempt`) handles one try at one
deployment and reports back here. Nothing waits: every method is called by a socket's event and returns.

What is always true: a request that was admitted wrote `Opened` before a byte of it left for a provider, and writes one
`Closed` before the last byte of its answer leaves for the client. Where the disk takes nothing any more, no request is
let in, and those under way end with their `Closed` kept in memory until it can be written.
"""

from __future__ import annotations

from decimal import Decimal

import structlog

from control_layer.contract.pricing import Tariff, worst_cost_of
from control_layer.gateway import accounting, errors
from control_layer.gateway.abilities import check_abilities
from control_layer.gateway.admission import State
from control_layer.gateway.answers import Answer
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.dialects.anthropic.own_thoughts import with_own_thoughts
from control_layer.gateway.ending import Ending
from control_layer.gateway.envelope import read_envelope
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.foreign_thoughts import may_hold_foreign_thoughts
from control_layer.gateway.guardrails.answer import guarded_answer
from control_layer.gateway.guardrails.request import RequestCheck
from control_layer.gateway.guardrails.table import Plan
from control_layer.gateway.hedging import Race
from control_layer.gateway.identifiers import text
from control_layer.gateway.paths import Handling
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.policy.worst_case import bounded_input, bounded_output, likely_tokens
from control_layer.gateway.query import rename_model
from control_layer.gateway.reasoning import check_effort, those_that_take, translated_effort
from control_layer.gateway.recording import cache_key
from control_layer.gateway.sample import Sample
from control_layer.gateway.token_count import answer_count
from control_layer.gateway.translation_table import COUNT_TOKENS, RESPONSES
from control_layer.gateway.translators import COUNTED_HERE
from control_layer.gateway.upstream_errors import REFUSALS, as_gateway_error, code_of, failure_of
from control_layer.gateway.waste import affords_another
from control_layer.wire import ExchangeError, Header, TotalTimeout

__all__ = ["Exchange", "State"]

_log = structlog.get_logger(__name__)


class Exchange(Ending):
    """One AI request whose model stands in a JSON body."""

    __slots__ = ()

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

    # -- forward -----------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Makes the next attempt. `Opened` is on disk, or the journal is failing."""
        self._retry = None
        if self.state is not State.ADMITTED:
            return
        if self.plane.journal.failing and not self.attempts:
            self.fail(errors.journal_full())
            return
        attempt = None
        try:
            last = self.attempt
            attempt = self.attempt = Attempt(self, *self.next_upstream())
            if last is not None:
                last.release()
            self.send(attempt)
        except GatewayError as error:
            if attempt is not None and not attempt.settled:
                attempt.teach(None, learnt=False)  # it was not sent, and its trial is left to another
            if self.alternatives:
                self.leave_lane()
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

    def splice(self, headers: list[Header]) -> None:
        """The provider switched protocols, which this kind of request did not ask for."""
        del headers
        self.fail(errors.upstream_bad_reply())

    def spliced(self, data: bytes) -> None:
        """The provider has sent `data` since it switched protocols, which has left."""

    def pause_writing(self) -> None:
        if self.attempt is not None:
            self.attempt.pause()

    def resume_writing(self) -> None:
        if self.attempt is not None:
            self.attempt.resume()
