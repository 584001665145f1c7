"""`/ai/v1/realtime`: a WebSocket (RFC 6455), authenticated and then spliced to the provider byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from control_layer.contract.pricing import NOTHING, Tariff, cost_of, worst_cost_of
from control_layer.contract.usage import Outcome
from control_layer.gateway import errors
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange, State
from control_layer.gateway.headers import to_client
from control_layer.gateway.policy.worst_case import SESSION_TOKENS
from control_layer.gateway.query import model_in_query
from control_layer.gateway.session_usage import SessionUsage
from control_layer.wire import Call, Header, Request, close_frame

__all__ = ["RealtimeExchange"]

_SWITCHING = 101
_KEY_PROTOCOL = b"openai-insecure-api-key."
_PROTOCOLS = b"sec-websocket-protocol"
_EXTENSIONS = b"sec-websocket-extensions"
_POLICY = 1008
"""RFC 6455, 7.4.1."""
_SWITCHED = ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))


class RealtimeExchange(Exchange):
    """One WebSocket session. It is accounted as one request that lasts as long as the session."""

    __slots__ = ("_affordable", "_call", "_clock", "_spliced", "_usage")

    def begin(self) -> None:
        self._call: Call | None = None
        self._spliced = False
        self._usage = SessionUsage()
        self._clock: asyncio.TimerHandle | None = None
        """Runs where its model says how long a session may last."""
        self._affordable: Decimal | None = None
        """What the session may cost, where a budget has set that aside for it."""
        try:
            self.authenticate()
            self.authorise(_model_of(self.request))
            self.admit(stream=True)
        except GatewayError as error:
            self.refuse(error)

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
        longest = self.route.model.timeouts.total
        if longest is not None:
            self._clock = self.plane.loop.call_later(longest, self._expire)

    def spliced(self, data: bytes) -> None:
        if self._usage.feed(data):
            self.tokens = self._usage.tokens
        if self._affordable is not None and self._usage.between_frames and self._cost_so_far() >= self._affordable:
            # What it costs further is not covered.
            self._end_session(
                "budget_exceeded", "Budget used up. Connect again; an administrator may raise the budget."
            )

    def _expire(self) -> None:
        self._end_session("session_expired", "The session has lasted as long as it may. Connect again.")

    def close(self, outcome: Outcome, status: int, code: str | None, then: Callable[[], None] | None = None) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        super().close(outcome, status, code, then)

    def _cost_so_far(self) -> Decimal:
        if self.tokens is None or self.tariff is None:
            return NOTHING
        return cost_of(self.tariff.prices, self.tokens, requests=True)

    def _end_session(self, code: str, reason: str) -> None:
        """Hangs up on both sides."""
        if self.attempt is None or self.state is not State.ADMITTED:
            return
        self.attempt.cancel()
        self.settle(self.attempt, None)
        self._last = close_frame(_POLICY, reason) if self._usage.between_frames else b""
        self.close("completed", _SWITCHING, code)


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
