"""An answer that is no stream: held whole, checked, and then sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from control_layer.gateway import errors
from control_layer.gateway.answers import Answer, with_model
from control_layer.gateway.errors import GatewayError
from control_layer.gateway.guardrails.check import Check
from control_layer.gateway.guardrails.speech import forget_probabilities
from control_layer.gateway.guardrails.stream import GuardedEvents
from control_layer.gateway.guardrails.table import Plan
from control_layer.gateway.guardrails.texts import Place, Unreadable, places, told_apart
from control_layer.gateway.guardrails.windows import MOST_HELD_BYTES
from control_layer.gateway.headers import to_client
from control_layer.gateway.usage import from_response, text_bytes
from control_layer.wire import Header

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["guarded_answer"]

_UNSPOKEN = (b"audio/", b"image/", b"video/", b"application/octet-stream")
"""Kinds of content in which no text is."""

_decode = msgspec.json.Decoder().decode


def guarded_answer(
    exchange: Exchange, attempt: Attempt, plan: Plan, status: int, headers: list[Header], content_type: bytes
) -> Answer | None:
    """The form that a provider's answer takes where guardrails look at it; `None` where no text is in it."""
    if content_type.startswith(b"text/event-stream"):
        attempt.streams_events = True
        return GuardedEvents(exchange, attempt, plan, status, headers)
    return None if content_type.startswith(_UNSPOKEN) else GuardedWhole(exchange, attempt, plan, status, headers)


class GuardedWhole:
    """A body of text, JSON or not."""

    __slots__ = ("_attempt", "_body", "_check", "_exchange", "_headers", "_places", "_plan", "_status", "_stopped")

    def __init__(self, exchange: Exchange, attempt: Attempt, plan: Plan, status: int, headers: list[Header]) -> None:
        self._exchange = exchange
        self._attempt = attempt
        self._plan = plan
        self._status = status
        self._headers = headers
        self._body = bytearray()
        self._places: list[Place] | None = None
        """Where something is said in JSON; `None` for a body that is no JSON."""
        self._check: Check | None = None
        self._stopped = False

    @property
    def terminated(self) -> bool:
        return False

    def on_data(self, data: bytes) -> None:
        if self._stopped:
            return
        self._body += data
        if len(self._body) > MOST_HELD_BYTES:
            self._exchange.tokens_final = False
            self._refuse(errors.guardrail_cannot_look(self._plan.first.name, "answer"))

    def on_complete(self) -> None:
        if self._stopped:
            return
        exchange, body = self._exchange, bytes(self._body)
        tokens, exchange.finish_reason = from_response(body)
        exchange.tokens = self._attempt.counted(tokens)
        if exchange.tokens is None:
            exchange.text_bytes = text_bytes(body)
        if exchange.answer_refused(self._attempt):
            return
        try:
            texts = self._texts(body)
        except (Unreadable, UnicodeDecodeError):
            self._refuse(errors.guardrail_cannot_look(self._plan.first.name, "answer"))
            return
        check = self._check = Check(exchange, "answer", self._plan.answer, texts, self._checked)
        check.run()

    def on_broken(self) -> None:
        if self._check is None:
            self._exchange.tokens_final = False
        self._stop()

    def _texts(self, body: bytes) -> list[bytes]:
        try:
            _decode(body)
        except (msgspec.MsgspecError, RecursionError):
            body.decode()
            return [body]
        self._places = list(places(body))
        return [place.text for place in self._places]

    def _checked(self, error: GatewayError | None) -> None:
        if error is not None:
            self._refuse(error)
            return
        exchange, check, body = self._exchange, self._check, bytes(self._body)
        assert check is not None
        if self._places is None:
            body = check.texts[0]
        else:
            written = told_apart(body, list(zip(self._places, check.texts, strict=True)))
            body = body if written is body else _without_probabilities(written)
            if exchange.route.model.sanitize:
                body = with_model(body, exchange.route.model.alias)
        if exchange.answer_sample is not None:
            exchange.answer_sample.keep(body)
        head = (self._status, exchange.answer_headers(to_client(self._headers)))
        self._stop()
        exchange.finish(self._attempt, head, body)

    def _refuse(self, error: GatewayError) -> None:
        exchange, attempt, looked = self._exchange, self._attempt, self._check is not None
        self._stop()
        if not looked:
            attempt.cancel()
        exchange.settle(attempt, None if looked else error.code, learnt=looked)
        exchange.fail(error)

    def _stop(self) -> None:
        self._stopped = True
        check, self._check = self._check, None
        if check is not None:
            check.cancel()
        self._body = bytearray()


def _without_probabilities(body: bytes) -> bytes:
    """Log-probabilities repeat what was said before it was redacted."""
    if b'"logprobs"' not in body:
        return body
    tree: Any = _decode(body)
    forget_probabilities(tree)
    return msgspec.json.encode(tree)
