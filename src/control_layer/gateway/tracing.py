"""Which trace a request belongs to (W3C Trace Context, level 2), and what its `Closed` says of it.

Spans are made of usage events by the control plane. The gateway reads the caller's identifiers, gives its own, and
hands them to the provider. They come from the usage event's id, whose last seven bytes are random: where a trace begins
here, its id is the event's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from control_layer.contract.usage import AttemptSpan, Trace
from control_layer.gateway.config import TraceSettings
from control_layer.wire import Header

if TYPE_CHECKING:
    from control_layer.gateway.attempt import Attempt
    from control_layer.gateway.exchange import Exchange

__all__ = ["TRACE_FIELDS", "Caller", "RequestTrace", "Tracing", "caller_of"]

_PARENT = b"traceparent"
_STATE = b"tracestate"
TRACE_FIELDS = frozenset((_PARENT, _STATE))
_TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01
_KNOWN_FLAGS = 0x03
"""Sampled, and random trace id: others must not be passed on (3.2.2.5)."""
_MAX_STATE_BYTES = 512
"""As much as everybody has to pass on (3.3.1.5)."""
_RANDOM_BITS = 56
_MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]{1,256})"')
_MODEL_WITHIN = 4096
"""Providers say the model before the content, whose own quotation marks are escaped."""


class Caller(NamedTuple):
    """What a caller's `traceparent` and `tracestate` say."""

    trace_id: bytes
    span_id: bytes
    flags: int
    state: bytes


def caller_of(headers: list[Header]) -> Caller | None:
    """The caller's place in its trace; `None` where it names none, or not soundly."""
    parents = [value for name, value in headers if name == _PARENT]
    if len(parents) != 1 or (match := _TRACEPARENT.fullmatch(parents[0].strip())) is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if more is not None and version == b"00":
        return None
    state = b",".join([value for name, value in headers if name == _STATE])
    return Caller(
        bytes.fromhex(trace_id.decode()),
        bytes.fromhex(span_id.decode()),
        int(flags, 16) & _KNOWN_FLAGS,
        state if len(state) <= _MAX_STATE_BYTES else b"",
    )


class Tracing:
    """Decides which requests are traced, in a worker whose requests are."""

    __slots__ = ("_propagate", "_threshold")

    def __init__(self, settings: TraceSettings) -> None:
        self._propagate = settings.propagate
        self._threshold = round((1.0 - settings.sample_ratio) * 2**_RANDOM_BITS)

    def begin(self, event_id: bytes, caller: Caller | None) -> RequestTrace:
        """The trace of an admitted request. A caller has decided whether it is recorded; else its own id does."""
        if caller is None:
            # https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/: of equal ids, equal
            # decisions, and those at a smaller ratio are among those at a larger one.
            flags = _SAMPLED if int.from_bytes(event_id[9:]) >= self._threshold else 0
            return RequestTrace(event_id, None, flags, b"", event_id, propagate=self._propagate)
        return RequestTrace(
            caller.trace_id, caller.span_id, caller.flags, caller.state, event_id, propagate=self._propagate
        )


class RequestTrace:
    """One request's trace while it is under way."""

    __slots__ = ("_attempts", "_event_id", "_flags", "_id", "_parent_id", "_propagate", "_response_model", "_state")

    def __init__(
        self, trace_id: bytes, parent_id: bytes | None, flags: int, state: bytes, event_id: bytes, *, propagate: bool
    ) -> None:
        self._id = trace_id
        self._parent_id = parent_id
        self._flags = flags
        self._state = state
        self._event_id = event_id
        self._propagate = propagate
        self._attempts: list[AttemptSpan] = []
        self._response_model: str | None = None

    def attempt(self, exchange: Exchange, attempt: Attempt) -> bytes:
        """Notes that an attempt begins; returns the field lines that tell the provider."""
        number = attempt.place
        span_id = (int.from_bytes(self._event_id[8:]) + number + 1).to_bytes(8)
        if self._flags & _SAMPLED:
            endpoint = attempt.upstream.endpoint
            started = attempt.started - exchange.started
            model = attempt.deployment.upstream_model
            self._attempts.append(AttemptSpan(number, span_id, started, model, endpoint.name, endpoint.url))
        if not self._propagate:
            return b""
        parent = b"traceparent: 00-%b-%b-%02x\r\n" % (
            self._id.hex().encode(),
            span_id.hex().encode(),
            self._flags,
        )
        return b"%btracestate: %b\r\n" % (parent, self._state) if self._state else parent

    def answered(self, data: bytes) -> None:
        """An answer's body begins with `data`: which model does it say that answered?"""
        if self._flags & _SAMPLED and (match := _MODEL.search(data, 0, _MODEL_WITHIN)) is not None:
            self._response_model = match[1].decode("utf-8", "replace")

    def record(self) -> Trace | None:
        """What the usage event says of it; `None` where it is not recorded."""
        if not self._flags & _SAMPLED:
            return None
        return Trace(
            self._id,
            self._event_id[8:],
            self._parent_id,
            self._state.decode("latin-1"),
            tuple(self._attempts),
            self._response_model,
        )
