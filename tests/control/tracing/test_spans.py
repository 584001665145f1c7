"""Usage events as spans: what each kind of end looks like, and that none is beyond them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from control_layer.contract.usage import Attempt, AttemptSpan, Closed, Tokens, Trace
from control_layer.control.tracing.conventions import provider_of
from control_layer.control.tracing.spans import spans_of

_TRACE = Trace(
    id=bytes(range(16)), span_id=bytes(range(1, 9)), parent_id=None, state="", response_model=None,
    attempts=(AttemptSpan(0, bytes(range(2, 10)), 0.01, "gpt-4o", "openai", "https://api.openai.com/v1"),),
)  # fmt: skip
CLOSED = Closed(
    id=bytes(16), at=1_700_000_000.0, key_id="k", user_id="u", model="fast", model_id="i", method="POST",
    path="/ai/v1/chat/completions", stream=False, outcome="completed", status=200, error=None, deployment_id="d",
    attempts=(Attempt("d", "e", 200, None, 0.1),), first_byte=0.02, duration=0.2,
    tokens=Tokens(10, 20, 4, 2, 5, "provider"), finish_reason="stop", request_bytes=1, response_bytes=1, trace=_TRACE,
)  # fmt: skip


def _spans(closed: Closed) -> list[ReadableSpan]:
    return list(spans_of(closed, resource=Resource({}), scheme="https"))


def _changed(**changes: object) -> list[ReadableSpan]:
    return _spans(msgspec.structs.replace(CLOSED, **changes))


def _told(span: ReadableSpan, *names: str) -> tuple[object, ...]:
    return tuple((span.attributes or {}).get(name) for name in names)


def test_a_request_that_is_not_traced_has_no_span() -> None:
    assert _changed(trace=None) == []


def test_tokens_stand_on_the_attempt_by_the_names_of_the_conventions() -> None:
    request, attempt = _spans(CLOSED)
    names = ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens",
             "reasoning.output_tokens")  # fmt: skip
    assert _told(attempt, *(f"gen_ai.usage.{name}" for name in names)) == (10, 20, 4, 2, 5)
    assert not any(name.startswith("gen_ai.") for name in request.attributes or {})
    assert _told(attempt, "server.address", "server.port", "gen_ai.provider.name") == ("api.openai.com", 443, "openai")


def test_a_client_that_left_is_nobodys_failure() -> None:
    left = Attempt("d", "e", None, "client_left", 0.1)
    request, attempt = _changed(outcome="cancelled", status=499, first_byte=None, attempts=(left,))
    assert request.status.is_unset
    assert attempt.status.is_unset
    assert _told(request, "control_layer.outcome", "http.response.status_code") == ("cancelled", None)
    assert _told(attempt, "error.type") == (None,)


@pytest.mark.parametrize("winner", [0, 1])
def test_an_attempt_that_another_one_outran_is_no_failure_and_has_not_answered(winner: int) -> None:
    attempts = [Attempt("d", "e", 200, None, 0.1), Attempt("d", "e", None, "hedged", 0.1)]
    spans = tuple(msgspec.structs.replace(_TRACE.attempts[0], number=number) for number in (0, 1))
    trace = msgspec.structs.replace(_TRACE, attempts=spans)
    _, *told = _changed(attempts=tuple(attempts if winner == 0 else reversed(attempts)), trace=trace)
    assert [_told(span, "gen_ai.usage.input_tokens") for span in told] == [
        (10,) if number == winner else (None,) for number in (0, 1)
    ]
    assert all(span.status.is_unset for span in told)


def test_a_stream_that_broke_failed_although_its_status_says_otherwise() -> None:
    broken = Attempt("d", "e", 200, "upstream_stream_broken", 0.1)
    request, attempt = _changed(outcome="failed", error="upstream_stream_broken", attempts=(broken,), stream=True)
    assert not request.status.is_ok
    assert _told(request, "error.type") == _told(attempt, "error.type") == ("upstream_stream_broken",)


def test_an_error_that_is_the_clients_own_is_none_of_the_request() -> None:
    request, attempt = _changed(status=404, attempts=(Attempt("d", "e", 404, None, 0.1),))
    assert (request.status.is_unset, _told(request, "error.type")) == (True, (None,))
    assert _told(attempt, "error.type") == ("404",)


def test_a_name_never_holds_a_path_that_nobody_knows() -> None:
    request, attempt = _changed(path="/ai/v1/made/up/4711")
    assert (request.name, attempt.name) == ("POST", "POST gpt-4o")
    assert _told(request, "url.path", "http.route") == ("/ai/v1/made/up/4711", None)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.openai.com", "openai"),
        ("us.openai.azure.com", "azure.ai.openai"),
        ("bedrock-runtime.eu-central-1.amazonaws.com", "aws.bedrock"),
        ("europe-west1-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("api.openai.com.example.org", "ours"),
        ("notapi.openai.com", "ours"),
        ("vllm", "ours"),
    ],
)
def test_a_provider_is_known_by_its_host_or_named_by_its_endpoint(host: str, provider: str) -> None:
    assert provider_of(host, "ours") == provider


_ANY = st.text(max_size=20)
_URLS = st.text(max_size=20) | st.sampled_from(["http://[", "http://h:99999", "https://[::1]:8/v1"])
_SECONDS = st.floats(0, 2**31)
_ID = st.binary(min_size=8, max_size=8)
_ATTEMPTS = st.builds(Attempt, _ANY, _ANY, st.none() | st.integers(100, 599), st.none() | _ANY, _SECONDS)
_EVENTS = st.builds(
    lambda closed, trace, **more: msgspec.structs.replace(closed, trace=trace, **more),
    st.just(CLOSED),
    st.builds(
        Trace, st.binary(min_size=16, max_size=16), _ID, st.none() | _ID, _ANY,
        st.lists(st.builds(AttemptSpan, st.integers(0, 9), _ID, _SECONDS, _ANY, _ANY, _URLS), max_size=3).map(tuple),
        st.none() | _ANY,
    ),
    at=_SECONDS, method=_ANY, path=_ANY, model=_ANY, error=st.none() | _ANY, user_agent=st.none() | _ANY,
    outcome=st.sampled_from(["completed", "failed", "cancelled"]), status=st.integers(0, 999), duration=_SECONDS,
    attempts=st.lists(_ATTEMPTS, max_size=3).map(tuple), first_byte=st.none() | _SECONDS, stream=st.booleans(),
)  # fmt: skip


@given(_EVENTS)
def test_every_usage_event_can_be_told(closed: Closed) -> None:
    spans = _spans(closed)
    assert closed.trace is not None
    assert len(spans) == 1 + sum(span.number < len(closed.attempts) for span in closed.trace.attempts)
    assert encode_spans(spans).SerializeToString()
