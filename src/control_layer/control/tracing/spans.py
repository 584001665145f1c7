"""A usage event as spans: one for the request, and below it one for each attempt. Pure.

The request's span follows the conventions for HTTP servers, an attempt's those for generative AI clients. Tokens stand
on the attempt that used them and nowhere else, so that nobody adds them up twice. Nothing that was said is in a span.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import AttributeValue

from control_layer import __version__
from control_layer.contract.usage import Attempt, AttemptSpan, Closed, Trace
from control_layer.control.tracing.conventions import operation_of, provider_of, route_of

__all__ = ["spans_of"]

_SCOPE = InstrumentationScope("control_layer.gateway", __version__)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_FAILED = Status(StatusCode.ERROR)
_UNSET = Status(StatusCode.UNSET)
_HEDGED = "hedged"
_GIVEN_UP = (_HEDGED, "client_left")
"""Attempts that nothing was wrong with."""
"""The attempt's error where the client went away: nobody failed."""
_PORTS = {"http": 80, "https": 443}

Attributes = dict[str, AttributeValue]


def spans_of(closed: Closed, *, resource: Resource, scheme: str) -> Iterator[ReadableSpan]:
    """The spans of a request; none where it is not traced. `scheme` is what clients speak: `http` or `https`."""
    trace = closed.trace
    if trace is None:
        return
    own = _context(trace, trace.span_id)
    route = route_of(closed.path)
    failed = closed.outcome == "failed" or closed.status >= 500
    yield ReadableSpan(
        f"{closed.method} {route}" if route is not None else closed.method,
        context=own,
        parent=_context(trace, trace.parent_id, remote=True) if trace.parent_id is not None else None,
        resource=resource,
        attributes=_of_request(closed, route, scheme, failed=failed),
        kind=SpanKind.SERVER,
        instrumentation_scope=_SCOPE,
        status=_FAILED if failed else _UNSET,
        start_time=_nanoseconds(closed.at),
        end_time=_nanoseconds(closed.at + closed.duration),
    )
    for span in trace.attempts:
        if span.number >= len(closed.attempts):
            continue
        attempt = closed.attempts[span.number]
        attributes = _of_attempt(closed, attempt, span)
        begun = closed.at + span.started
        yield ReadableSpan(
            f"{operation_of(closed.path) or closed.method} {span.model}",
            context=_context(trace, span.span_id),
            parent=own,
            resource=resource,
            attributes=attributes,
            kind=SpanKind.CLIENT,
            instrumentation_scope=_SCOPE,
            status=_FAILED if "error.type" in attributes else _UNSET,
            start_time=_nanoseconds(begun),
            end_time=_nanoseconds(begun + attempt.duration),
        )


def _of_request(closed: Closed, route: str | None, scheme: str, *, failed: bool) -> Attributes:
    attributes: Attributes = {
        "http.request.method": closed.method,
        "url.scheme": scheme,
        "url.path": closed.path,
        "http.request.body.size": closed.request_bytes,
        "http.response.body.size": closed.response_bytes,
        "user.id": closed.user_id,
        "control_layer.request.id": _hyphenated(closed.id),
        "control_layer.key.id": closed.key_id,
        "control_layer.model": closed.model,
        "control_layer.outcome": closed.outcome,
    }
    if closed.outcome != "cancelled" or closed.first_byte is not None:
        attributes["http.response.status_code"] = closed.status
    if route is not None:
        attributes["http.route"] = route
    if closed.user_agent is not None:
        attributes["user_agent.original"] = closed.user_agent
    if failed:
        attributes["error.type"] = closed.error or str(closed.status)
    return attributes


def _of_attempt(closed: Closed, attempt: Attempt, span: AttemptSpan) -> Attributes:
    host, port = _server(span.url)
    attributes: Attributes = {
        "gen_ai.operation.name": operation_of(closed.path) or "request",
        "gen_ai.provider.name": provider_of(host, span.endpoint),
        "gen_ai.request.model": span.model,
        "server.address": host,
        "server.port": port,
        "control_layer.endpoint": span.endpoint,
    }
    if closed.stream:
        attributes["gen_ai.request.stream"] = True
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if span.number:
        attributes["http.request.resend_count"] = span.number
    if attempt.error is not None:
        if attempt.error not in _GIVEN_UP:
            attributes["error.type"] = attempt.error
    elif attempt.status is not None and attempt.status >= 400:
        attributes["error.type"] = str(attempt.status)
    if attempt.error != _HEDGED and all(later.error == _HEDGED for later in closed.attempts[span.number + 1 :]):
        attributes.update(_of_answer(closed, span))
    return attributes


def _of_answer(closed: Closed, span: AttemptSpan) -> Attributes:
    """What the last attempt brought."""
    tokens, trace = closed.tokens, closed.trace
    known: dict[str, AttributeValue | None] = {
        "gen_ai.response.model": trace.response_model if trace is not None else None,
        "gen_ai.response.finish_reasons": (closed.finish_reason,) if closed.finish_reason is not None else None,
        "gen_ai.usage.input_tokens": tokens.input,
        "gen_ai.usage.output_tokens": tokens.output,
        "gen_ai.usage.cache_read.input_tokens": tokens.cached_input,
        "gen_ai.usage.cache_creation.input_tokens": tokens.cache_write,
        "gen_ai.usage.reasoning.output_tokens": tokens.reasoning,
        "control_layer.usage.source": tokens.source,
    }
    if closed.stream and closed.first_byte is not None:
        known["gen_ai.response.time_to_first_chunk"] = max(0.0, closed.first_byte - span.started)
    return {name: value for name, value in known.items() if value is not None}


def _server(url: str) -> tuple[str, int]:
    """Host and port; nothing and 0 where the endpoint has a URL that is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", 0


def _context(trace: Trace, span_id: bytes, *, remote: bool = False) -> SpanContext:
    state = TraceState.from_header([trace.state]) if trace.state else None
    return SpanContext(int.from_bytes(trace.id), int.from_bytes(span_id), remote, _SAMPLED, state)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)


def _hyphenated(event_id: bytes) -> str:
    digits = event_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
