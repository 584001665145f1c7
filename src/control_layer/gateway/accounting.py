"""What is written about a request: `Opened`, `Closed` and, where bodies are logged, `Bodies` (see `contract.usage`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from control_layer.contract.usage import Bodies, Closed, Opened, Outcome, Tokens
from control_layer.gateway.logged_headers import logged_headers
from control_layer.gateway.usage import estimate

if TYPE_CHECKING:
    from control_layer.gateway.ending import Ending

__all__ = ["bodies", "closed", "opened"]

_ERRORS_FROM = 400
_NOTHING = Tokens()


def opened(exchange: Ending, at: float) -> Opened:
    """The record of a request's admission, in Unix seconds."""
    head, model = exchange.head, exchange.route.model
    return Opened(
        id=exchange.event_id,
        at=at,
        key_id=exchange.key.id,
        user_id=exchange.user.id,
        model=model.alias,
        model_id=model.id,
        method=head.method,
        path=head.path_text,
        stream=exchange.streaming,
    )


def closed(exchange: Ending, outcome: Outcome, status: int, code: str | None) -> Closed:
    """The record of its end. `status` is what the client was answered, `code` the error it saw."""
    admission, attempt, model = exchange.opened, exchange.attempt, exchange.route.model
    envelope = exchange.envelope
    return Closed(
        id=admission.id,
        at=admission.at,
        key_id=admission.key_id,
        user_id=admission.user_id,
        model=model.alias,
        model_id=model.id,
        method=admission.method,
        path=admission.path,
        stream=admission.stream,
        outcome=outcome,
        status=status,
        error=code,
        deployment_id=attempt.deployment.id if attempt is not None else None,
        attempts=tuple(exchange.attempts),
        first_byte=exchange.first_byte,
        duration=exchange.plane.monotonic() - exchange.started,
        tokens=_tokens(exchange),
        finish_reason=exchange.finish_reason,
        request_bytes=exchange.received,
        response_bytes=exchange.response_bytes,
        upstream_request_id=exchange.upstream_request_id,
        request_id=exchange.head.request_id,
        user_agent=exchange.head.agent,
        tariff_id=None if exchange.tariff is None else exchange.tariff.id,
        budgets=() if exchange.reservation is None else exchange.reservation.windows,
        trace=exchange.trace.record() if exchange.trace is not None else None,
        cache=exchange.cached,
        saved=exchange.saved,
        saved_cost=exchange.saved_cost,
        asked=None if envelope is None or envelope.model == model.alias else envelope.model,
    )


def bodies(exchange: Ending) -> Bodies | None:
    """What was said, where it is logged."""
    request, answer = exchange.request_sample, exchange.answer_sample
    if request is None or answer is None:
        return None
    return Bodies(
        id=exchange.event_id,
        request=bytes(request.data),
        request_truncated=not request.whole,
        response=bytes(answer.data),
        response_truncated=not answer.whole,
        request_headers=exchange.head.logged(exchange.request),
        response_headers=logged_headers(exchange.answered_with or [], exchange.head.secret),
    )


def _tokens(exchange: Ending) -> Tokens:
    """The provider's counts; without them an estimate of what it did, which is marked as one.

    An estimate is made for an answer that succeeded, and for one that broke off or was left after its first byte: the
    provider worked for it. There the input is the provider's where it has said so, and the output the larger of what it
    had counted and what had been said. Where no answer began, or it was an error, there is nothing to count.
    """
    known, attempt = exchange.tokens, exchange.attempt
    if known is not None and exchange.tokens_final:
        return known
    answered = attempt is not None and attempt.status is not None and attempt.status < _ERRORS_FROM
    if not answered or exchange.first_byte is None or not exchange.path.metered:
        return known or _NOTHING
    said = exchange.text_bytes
    if said is None:
        said = exchange.response_bytes
    guess = estimate(exchange.received, said if exchange.path.generates else None)
    if known is None:
        return guess
    if (guess.output or 0) <= (known.output or 0):
        return known
    return msgspec.structs.replace(known, output=guess.output, source="estimate")
