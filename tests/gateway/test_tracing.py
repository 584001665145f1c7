"""Traces through the gateway: whose trace it is, what the provider is told of it, what the usage event says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import GatewayProcess, start_gateway
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.company import Company
from tests.gateway.conftest import Journal, chat

from control_layer.gateway.config import TraceSettings
from control_layer.gateway.tracing import Tracing, caller_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"tracing": {"sample_ratio": 1.0, "propagate": True}}


def _echoed(client: httpx.Client, **headers: str) -> dict[str, str]:
    """The field lines that the provider got."""
    answer = client.post("/brand/new", json={"model": "sim-small"}, headers=headers)
    return dict(answer.json()["headers"])


def _told(headers: dict[str, str]) -> tuple[str, str, str]:
    match = TRACEPARENT.fullmatch(headers["traceparent"])
    assert match is not None, headers
    return match[1], match[2], match[3]


# -- with tracing ----------------------------------------------------------------------------------------------------


def test_a_trace_that_begins_here_has_the_id_of_the_request(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/brand/new", json={"model": "sim-small"})
    trace_id, span_id, flags = _told(answer.json()["headers"])
    trace = ends[0].trace
    assert trace is not None
    assert answer.headers["x-request-id"].replace("-", "") == trace_id == trace.id.hex()
    assert flags == "01"
    assert trace.parent_id is None
    assert [(span.number, span.span_id.hex()) for span in trace.attempts] == [(0, span_id)]
    assert len({trace.span_id, trace.attempts[0].span_id}) == 2
    assert (trace.attempts[0].model, trace.attempts[0].endpoint) == ("sim-small", "simulated")


def test_a_callers_trace_is_continued(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        headers = _echoed(client, traceparent=f"00-{TRACE}-{PARENT}-01", tracestate="vendor=1,other=x")
    trace_id, span_id, flags = _told(headers)
    assert (trace_id, flags, headers["tracestate"]) == (TRACE, "01", "vendor=1,other=x")
    trace = ends[0].trace
    assert trace is not None
    assert (trace.id.hex(), trace.parent_id, trace.state) == (TRACE, bytes.fromhex(PARENT), "vendor=1,other=x")
    assert span_id == trace.attempts[0].span_id.hex() != PARENT


def test_what_the_caller_does_not_record_is_passed_on_and_not_recorded(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        headers = _echoed(client, traceparent=f"00-{TRACE}-{PARENT}-00")
    trace_id, span_id, flags = _told(headers)
    assert (trace_id, flags) == (TRACE, "00")
    assert span_id != PARENT
    assert ends[0].trace is None


@pytest.mark.parametrize(
    "traceparent",
    [
        "", "nonsense", f"00-{TRACE.upper()}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01-more", f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE[1:]}-{PARENT}-01",
    ],
)  # fmt: skip
def test_an_unsound_parent_is_no_parent(client: httpx.Client, traceparent: str) -> None:
    headers = _echoed(client, traceparent=traceparent, tracestate="vendor=1")
    assert _told(headers)[0] != TRACE
    assert "tracestate" not in headers


def test_of_two_parents_neither_is_believed(client: httpx.Client) -> None:
    two = [("traceparent", f"00-{TRACE}-{PARENT}-01"), ("traceparent", f"00-{TRACE}-{PARENT[::-1]}-01")]
    answer = client.post("/brand/new", json={"model": "sim-small"}, headers=two)
    assert _told(answer.json()["headers"])[0] != TRACE


def test_a_later_version_is_read_as_far_as_it_is_known(client: httpx.Client) -> None:
    assert _told(_echoed(client, traceparent=f"01-{TRACE}-{PARENT}-ff-more"))[::2] == (TRACE, "03")


def test_each_attempt_has_a_span(client: httpx.Client, journal: Journal) -> None:
    # Which deployment comes first is drawn: until both have been tried.
    for _ in range(64):
        with journal.admitted() as ends:
            answer = client.post("/brand/new", json={"model": "dead-or-alive"})
        if len(ends[0].attempts) == 2:
            break
    trace = ends[0].trace
    assert trace is not None
    first, second = trace.attempts
    assert (first.number, second.number) == (0, 1)
    assert [attempt.error for attempt in ends[0].attempts] == ["connect_failed", None]
    assert len({first.span_id, second.span_id, trace.span_id}) == 3
    assert [attempt.started for attempt in ends[0].attempts] == [first.started, second.started]
    assert first.started + ends[0].attempts[0].duration <= second.started
    assert second.started + ends[0].attempts[1].duration <= ends[0].duration
    assert _told(answer.json()["headers"])[1] == second.span_id.hex()


def test_an_attempt_that_never_began_has_no_span(client: httpx.Client, journal: Journal) -> None:
    for _ in range(64):
        with journal.admitted() as ends:
            client.post("/brand/new", json={"model": "absent-or-alive"})
        if len(ends[0].attempts) == 2:
            break
    trace = ends[0].trace
    assert trace is not None
    assert [span.number for span in trace.attempts] == [1]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages", "/responses"])
def test_the_model_that_answered_is_the_providers_word(
    client: httpx.Client, journal: Journal, path: str, stream: bool
) -> None:
    body = {"model": "renamed", "input": "x"} if path == "/responses" else chat("renamed", max_tokens=5)
    with journal.admitted() as ends:
        assert client.post(path, json={**body, "stream": stream}).status_code == 200
    assert ends[0].trace is not None
    assert ends[0].trace.response_model == "sim-small-under-another-name"


# -- otherwise -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["off", "kept from providers", "not sampled"])
def other(
    request: pytest.FixtureRequest, company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, GatewayProcess]]:
    tracing = {
        "off": None,
        "kept from providers": {"propagate": False},
        "not sampled": {"sample_ratio": 0.0},
    }[request.param]
    process = start_gateway(tmp_path_factory.mktemp("other"), company, tracing=tracing)
    try:
        yield request.param, process
    finally:
        process.stop()


def test_what_a_provider_is_told_otherwise(other: tuple[str, GatewayProcess]) -> None:
    how, gateway = other
    journal = Journal(gateway.journal)
    parent = f"00-{TRACE}-{PARENT}-01"
    headers = {"authorization": f"Bearer {gateway.secret}"}
    with (
        httpx.Client(base_url=gateway.base_url, headers=headers) as client,
        journal.admitted(2) as ends,
    ):
        with_parent = _echoed(client, traceparent=parent, tracestate="vendor=1")
        without = _echoed(client)
    of_parent, of_none = sorted(ends, key=lambda end: end.at)
    if how == "off":
        # The caller's own fields pass like any others.
        assert (with_parent["traceparent"], with_parent["tracestate"]) == (parent, "vendor=1")
        assert "traceparent" not in without
        assert of_parent.trace is of_none.trace is None
    elif how == "kept from providers":
        assert not {"traceparent", "tracestate"} & (with_parent.keys() | without.keys())
        assert of_parent.trace is not None
        assert of_none.trace is not None
    else:
        assert _told(with_parent)[::2] == (TRACE, "01")
        assert _told(without)[2] == "00"
        assert of_parent.trace is not None, "the caller has decided"
        assert of_none.trace is None


# -- what is read and decided ----------------------------------------------------------------------------------------


@given(
    st.binary(max_size=80)
    | st.from_regex(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,8})?", fullmatch=True)
)
def test_whatever_a_caller_sends_is_a_sound_parent_or_none(value: bytes) -> None:
    caller = caller_of([(b"traceparent", value)])
    if caller is not None:
        assert (len(caller.trace_id), len(caller.span_id)) == (16, 8)
        assert any(caller.trace_id)
        assert any(caller.span_id)
        assert 0 <= caller.flags <= 3


def test_a_long_state_is_left_out() -> None:
    parent = f"00-{TRACE}-{PARENT}-01".encode()
    kept = caller_of([(b"traceparent", parent), (b"tracestate", b"a=" + b"x" * 300), (b"tracestate", b"b=y")])
    assert kept is not None
    assert kept.state == b"a=" + b"x" * 300 + b",b=y"
    dropped = caller_of([(b"traceparent", parent), (b"tracestate", b"a=" + b"x" * 600)])
    assert dropped is not None
    assert dropped.state == b""


@given(st.floats(0, 1), st.floats(0, 1), st.binary(min_size=16, max_size=16))
def test_what_is_recorded_at_a_ratio_is_recorded_at_every_larger_one(one: float, other: float, event_id: bytes) -> None:
    less, more = sorted((one, other))
    small = Tracing(TraceSettings(sample_ratio=less)).begin(event_id, None)
    large = Tracing(TraceSettings(sample_ratio=more)).begin(event_id, None)
    assert small.record() is None or large.record() is not None


def test_the_ratio_is_that_of_random_ids() -> None:
    tracing = Tracing(TraceSettings(sample_ratio=0.25))
    ids = [bytes(9) + (number * 2**46).to_bytes(7) for number in range(1024)]
    assert sum(tracing.begin(event_id, None).record() is not None for event_id in ids) == 256
