"""`/ai/v1/realtime`: a WebSocket (RFC 6455), authenticated and then spliced to the provider byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from control_layer.contract.limits import Limit
from control_layer.contract.pricing import NOTHING, Tariff, cost_of, worst_cost_of
from control_layer.contract.usage import Outcome
from control_layer.gateway import errors, session_end
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange, State
from control_layer.gateway.headers import to_client
from control_layer.gateway.policy.balancing import Target
from control_layer.gateway.policy.gate import Gate
from control_layer.gateway.policy.limiter import Refused
from control_layer.gateway.policy.worst_case import SESSION_TOKENS
from control_layer.gateway.query import model_in_query
from control_layer.gateway.session_usage import SessionUsage
from control_layer.wire import Call, Header, Request

__all__ = ["RealtimeExchange"]

_SWITCHING = 101
_KEY_PROTOCOL = b"openai-insecure-api-key."
_PROTOCOLS = b"sec-websocket-protocol"
_EXTENSIONS = b"sec-websocket-extensions"
_COUNTED_SECONDS = 1.0
"""How often the time that has passed is taken from limits of minutes."""
_PATIENCE_SECONDS = 2.0
"""How long the message may take that the provider is in the middle of when a session is to end."""
_SWITCHED = ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))


class RealtimeExchange(Exchange):
    """One WebSocket session. It is accounted as one request that lasts as long as the session."""

    __slots__ = ("_affordable", "_call", "_clock", "_counted", "_counting", "_ending", "_spliced", "_usage")

    def begin(self) -> None:
        self._call: Call | None = None
        self._spliced = False
        self._usage = SessionUsage()
        self._clock: asyncio.TimerHandle | None = None
        """Runs where its model says how long a session may last, and while it ends."""
        self._counting: asyncio.TimerHandle | None = None
        self._counted = 0.0
        """Until when its time was taken from limits, on the monotonic clock."""
        self._ending: GatewayError | None = None
        """Why we end it."""
        self._affordable: Decimal | None = None
        """What the session may cost, where a budget has set that aside for it."""
        try:
            self.authenticate()
            self.authorise(_model_of(self.request))
            self.admit(stream=True)
        except GatewayError as error:
            self.refuse(error)

    def admit(self, *, stream: bool) -> None:
        refused = self.plane.limiter.out_of_minutes(self._minutes())
        if refused is not None:
            raise self._over(refused)
        super().admit(stream=stream)

    def worst_case(self, tariff: Tariff) -> Decimal:
        return worst_cost_of(tariff.prices, SESSION_TOKENS, SESSION_TOKENS)

    def likely_tokens(self) -> int:
        return 0  # nobody knows how long it will last: it is counted at its end

    def pause_body(self) -> None:
        self.responder.pause_body()

    def resume_body(self) -> None:
        self.responder.resume_body()

    def on_body(self, data: bytes) -> None:
        if self._spliced and self._call is not None:
            self.received += len(data)
            self._call.write(data)

    def on_end(self) -> None:
        """An upgrade request has no body; what follows is the session."""

    def on_disconnect(self) -> None:
        if self._spliced and self.attempt is not None and self.state is State.ADMITTED:
            # Either side may hang up: leaving is the normal end of a session.
            self._client_gone = True
            self.attempt.cancel()
            self.settle(self.attempt, None)
            self.close("completed", _SWITCHING, None)
        else:
            super().on_disconnect()

    def send(self, attempt: Attempt) -> None:
        if self.reservation is not None and self.tariff is not None:
            self._affordable = self.worst_case(self.tariff)
        self._call = attempt.upgrade(_for_provider(self.head.headers))

    def splice(self, headers: list[Header]) -> None:
        """The provider has switched protocols: from here on bytes pass both ways."""
        self._spliced = True
        self.responder.upgrade(_SWITCHING, [*_SWITCHED, *self.answer_headers(to_client(headers))])
        loop, longest = self.plane.loop, self.route.model.timeouts.total
        if longest is not None:
            self._clock = loop.call_later(longest, self._end, session_end.expired())
        self._counted = self.plane.monotonic()
        self._counting = loop.call_later(_COUNTED_SECONDS, self._count)

    def spliced(self, data: bytes) -> None:
        if self._usage.feed(data):
            self.tokens = self._usage.tokens
            if self._affordable is not None and self._cost_so_far() >= self._affordable:
                self._end(session_end.budget_used_up())
        if self._ending is not None and self._usage.between_messages:
            self._hang_up()

    def close(self, outcome: Outcome, status: int, code: str | None, then: Callable[[], None] | None = None) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None
            self._spend_minutes()
        super().close(outcome, status, code, then)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _enter_lane(self, target: Target, limits: Mapping[str, tuple[Limit, ...]]) -> bool:
        gates = self._lane_of(target, limits)
        if gates is not None and self.plane.limiter.out_of_minutes(gates.minutes) is not None:
            return False
        return super()._enter_lane(target, limits)

    def _minutes(self) -> Sequence[Gate]:
        """The limits of minutes that it falls under in this moment: they may have changed since it began."""
        limits = self.plane.snapshots.current.limits
        if not limits:
            return ()
        lane = None if self.attempt is None else self._lane_of(self.attempt.target, limits)
        return self._gates().minutes if lane is None else (*self._gates().minutes, *lane.minutes)

    def _count(self) -> None:
        self._counting = self.plane.loop.call_later(_COUNTED_SECONDS, self._count)
        refused = self._spend_minutes()
        if refused is not None and self._ending is None:
            self.plane.metrics.limited[refused.limit.kind, refused.limit.scope] += 1
            self._end(session_end.out_of_minutes(refused))

    def _spend_minutes(self) -> Refused | None:
        now = self.plane.monotonic()
        passed, self._counted = now - self._counted, now
        return self.plane.limiter.spend_minutes(self._minutes(), passed / 60.0)

    def _cost_so_far(self) -> Decimal:
        if self.tokens is None or self.tariff is None:
            return NOTHING
        return cost_of(self.tariff.prices, self.tokens, requests=True)

    def _end(self, error: GatewayError) -> None:
        """Ends the session: when the provider's message is whole, so that the client can be told why."""
        if self._ending is not None:
            return
        self._ending = error
        if self._clock is not None:
            self._clock.cancel()
        if self._usage.between_messages:
            self._hang_up()
        else:
            self._clock = self.plane.loop.call_later(_PATIENCE_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        """On both sides."""
        if self.attempt is None or self._ending is None or self.state is not State.ADMITTED:
            return
        self.attempt.cancel()
        self.settle(self.attempt, None)
        self._last = session_end.last_frames(self._ending, self._usage, self.public_id)
        self.close("completed", _SWITCHING, self._ending.code)


def _model_of(request: Request) -> str:
    if not request.upgrade or (request.header(b"upgrade") or b"").lower() != b"websocket":
        raise errors.upgrade_required()
    model = model_in_query(request.query)
    if model is None:
        raise errors.missing_model()
    return model


def _for_provider(headers: list[Header]) -> list[Header]:
    """Browsers carry the key as a subprotocol: it is ours, not the provider's. Extensions would hide what is used."""
    kept: list[Header] = []
    for name, value in headers:
        if name == _EXTENSIONS:
            continue
        if name == _PROTOCOLS and _KEY_PROTOCOL in value:
            offered = [token.strip() for token in value.split(b",")]
            if left := [token for token in offered if not token.startswith(_KEY_PROTOCOL)]:
                kept.append((name, b", ".join(left)))
        else:
            kept.append((name, value))
    return kept
