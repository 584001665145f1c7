"""`/ai/v1/realtime`: a WebSocket (RFC 6455), authenticated and then spliced to the provider byte for byte."""

from __future__ import annotations

from decimal import Decimal

from control_layer.contract.pricing import Tariff, worst_cost_of
from control_layer.gateway import errors
from control_layer.gateway.attempt import Attempt
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.exchange import Exchange, State
from control_layer.gateway.headers import to_client
from control_layer.gateway.policy.worst_case import SESSION_TOKENS
from control_layer.gateway.query import model_in_query
from control_layer.wire import Call, Header, Request

__all__ = ["RealtimeExchange"]

_SWITCHING = 101
_KEY_PROTOCOL = b"openai-insecure-api-key."
_PROTOCOLS = b"sec-websocket-protocol"
_SWITCHED = ((b"connection", b"upgrade"), (b"upgrade", b"websocket"))


class RealtimeExchange(Exchange):
    """One WebSocket session. It is accounted as one request that lasts as long as the session."""

    __slots__ = ("_call", "_spliced")

    def begin(self) -> None:
        self._call: Call | None = None
        self._spliced = False
        try:
            self.authenticate()
            self.authorise(_model_of(self.request))
            self.admit(stream=True)
        except GatewayError as error:
            self.refuse(error)

    def worst_case(self, tariff: Tariff) -> Decimal:
        return worst_cost_of(tariff.prices, SESSION_TOKENS, SESSION_TOKENS)

    def likely_tokens(self) -> int:
        return 0  # nobody knows how long it will last, and nothing is counted in it

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
        self._call = attempt.upgrade(_without_key(self.head.headers))

    def splice(self, headers: list[Header]) -> None:
        """The provider has switched protocols: from here on bytes pass both ways."""
        self._spliced = True
        self.responder.upgrade(_SWITCHING, [*_SWITCHED, *self.answer_headers(to_client(headers))])


def _model_of(request: Request) -> str:
    if not request.upgrade or (request.header(b"upgrade") or b"").lower() != b"websocket":
        raise errors.upgrade_required()
    model = model_in_query(request.query)
    if model is None:
        raise errors.missing_model()
    return model


def _without_key(headers: list[Header]) -> list[Header]:
    """Browsers carry the key as a subprotocol: it is ours, not the provider's."""
    kept: list[Header] = []
    for name, value in headers:
        if name == _PROTOCOLS and _KEY_PROTOCOL in value:
            offered = [token.strip() for token in value.split(b",")]
            if left := [token for token in offered if not token.startswith(_KEY_PROTOCOL)]:
                kept.append((name, b", ".join(left)))
        else:
            kept.append((name, value))
    return kept
