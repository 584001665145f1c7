"""Traces of a whole instance, as a collector receives them."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from tests.running import API, until
from tests.telemetry.conftest import Watched

pytestmark = pytest.mark.server

_PARENT = "00f067aa0ba902b7"


def _chat(model: str = "sim-small", **more: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": "Where was Ada born?"}], **more}


def _parent() -> tuple[str, str]:
    """A fresh trace's id and its `traceparent`."""
    trace_id = uuid.uuid4().hex
    return trace_id, f"00-{trace_id}-{_PARENT}-01"


def test_a_request_and_its_attempt_are_spans_of_the_callers_trace(watched: Watched) -> None:
    trace_id, parent = _parent()
    answer = watched.call("/brand/new", {"model": "sim-small"}, traceparent=parent, tracestate="vendor=1")
    told = re.fullmatch(rf"00-{trace_id}-([0-9a-f]{{16}})-01", answer.json()["headers"]["traceparent"])
    assert told is not None
    request, attempt = watched.collector.trace(trace_id, 2)
    assert (request.kind, attempt.kind) == ("SERVER", "CLIENT")
    assert (request.parent_id, attempt.parent_id) == (_PARENT, request.span_id)
    assert attempt.span_id == told[1]
    assert answer.json()["headers"]["tracestate"] == request.state == attempt.state == "vendor=1"
    assert request.start <= attempt.start <= attempt.end <= request.end
    assert not request.failed
    assert not attempt.failed
    assert request.name == "POST", "what a client may make up is in no span's name"


def test_spans_say_what_the_conventions_want(watched: Watched) -> None:
    answer = watched.call("/chat/completions", _chat(), **{"user-agent": "tests/1"})
    usage = answer.json()["usage"]
    request_id = answer.headers["x-request-id"]
    request, attempt = watched.collector.trace(request_id.replace("-", ""), 2)
    row = until(lambda: watched.instance.requests(id=uuid.UUID(request_id), outcome="completed"))[0]
    assert (request.name, attempt.name) == ("POST /ai/v1/chat/completions", "chat sim-small")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/ai/v1/chat/completions",
        "http.response.status_code": 200,
        "http.request.body.size": row["request_bytes"],
        "http.response.body.size": len(answer.content),
        "url.scheme": "http",
        "url.path": "/ai/v1/chat/completions",
        "user.id": str(row["user_id"]),
        "user_agent.original": "tests/1",
        "control_layer.request.id": request_id,
        "control_layer.key.id": str(row["key_id"]),
        "control_layer.model": "sim-small",
        "control_layer.outcome": "completed",
    }
    port = attempt.attributes.pop("server.port")
    assert 1024 <= port <= 65535
    assert attempt.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "provider",
        "gen_ai.request.model": "sim-small",
        "gen_ai.response.model": "sim-small",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": usage["prompt_tokens"],
        "gen_ai.usage.output_tokens": usage["completion_tokens"],
        **_parts(usage),
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
        "control_layer.endpoint": "provider",
        "control_layer.usage.source": "provider",
    }
    assert request.resource.items() >= {"service.name": "watched"}.items()
    assert request.scope == "control_layer.gateway"


def _parts(usage: dict[str, dict[str, int]]) -> dict[str, int]:
    cached = usage.get("prompt_tokens_details", {}).get("cached_tokens")
    reasoning = usage.get("completion_tokens_details", {}).get("reasoning_tokens")
    parts = {
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.usage.reasoning.output_tokens": reasoning,
    }
    return {name: count for name, count in parts.items() if count is not None}


def test_nothing_that_was_said_and_no_secret_is_in_a_span(watched: Watched) -> None:
    answer = watched.call("/chat/completions", _chat())
    said = answer.json()["choices"][0]["message"]["content"]
    spans = watched.collector.trace(answer.headers["x-request-id"].replace("-", ""), 2)
    shown = json.dumps([span.attributes for span in spans])
    assert "Ada" not in shown
    assert said not in shown
    assert watched.client.headers["authorization"].removeprefix("Bearer ") not in shown
    assert watched.collector.headers[-1]["x-vendor-key"] == "a-key-of-the-collectors"
    assert "a-key-of-the-collectors" not in watched.instance.log()


def test_a_stream_says_when_it_began(watched: Watched) -> None:
    trace_id, parent = _parent()
    watched.call("/chat/completions", _chat(stream=True), traceparent=parent)
    request, attempt = watched.collector.trace(trace_id, 2)
    seconds = (attempt.end - attempt.start) / 1e9
    assert attempt.attributes["gen_ai.request.stream"] is True
    assert 0 < attempt.attributes["gen_ai.response.time_to_first_chunk"] <= seconds
    assert attempt.attributes["gen_ai.usage.output_tokens"] > 0
    assert "gen_ai.usage.output_tokens" not in request.attributes


def test_a_failover_is_two_attempts(watched: Watched) -> None:
    while True:  # which of the two comes first is drawn
        trace_id, parent = _parent()
        answer = watched.call("/chat/completions", _chat("either"), traceparent=parent)
        assert answer.status_code == 200
        if answer.headers["x-control-layer-attempts"] == "2":
            break
    request, first, second = watched.collector.trace(trace_id, 3)
    assert first.parent_id == second.parent_id == request.span_id
    assert (first.failed, second.failed, request.failed) == (True, False, False)
    assert (first.attributes["error.type"], first.attributes["control_layer.endpoint"]) == ("connect_failed", "dead")
    assert "gen_ai.usage.input_tokens" not in first.attributes
    assert (second.attributes["http.request.resend_count"], second.attributes["gen_ai.usage.input_tokens"] > 0) == (
        1,
        True,
    )
    assert first.end <= second.start


def test_a_providers_error_is_the_attempts_and_the_requests(watched: Watched) -> None:
    trace_id, parent = _parent()
    assert watched.call("/chat/completions", _chat("sim-error-500"), traceparent=parent).status_code == 500
    request, attempt = watched.collector.trace(trace_id, 2)
    assert request.failed
    assert attempt.failed
    assert attempt.attributes["error.type"] == "500"
    assert request.attributes["http.response.status_code"] == 500


def test_what_the_caller_does_not_record_is_not_sent(watched: Watched) -> None:
    trace_id, parent = _parent()
    watched.call("/chat/completions", _chat(), traceparent=parent.removesuffix("01") + "00")
    after, later = _parent()
    watched.call("/chat/completions", _chat(), traceparent=later)
    watched.collector.trace(after, 2)  # in order: what came before would be here too
    assert watched.collector.trace(trace_id, 0) == []


def test_a_request_of_the_management_api_is_a_span_of_the_callers_trace(watched: Watched) -> None:
    trace_id, parent = _parent()
    answer = watched.instance.admin.get(f"{API}/users/{uuid.uuid4()}", headers={"traceparent": parent})
    assert answer.status_code == 404
    (span,) = watched.collector.trace(trace_id, 1)
    assert (span.name, span.kind, span.parent_id) == (f"GET {API}/users/{{user_id}}", "SERVER", _PARENT)
    assert (span.failed, span.attributes["http.response.status_code"]) == (False, 404)
    assert span.attributes["control_layer.request.id"] == answer.headers["x-request-id"]
    assert "url.path" not in span.attributes, "some paths hold secrets"
    assert span.scope == "control_layer.control"


def test_a_collector_that_takes_nothing_costs_spans_and_nothing_else(watched: Watched) -> None:
    collector, instance = watched.collector, watched.instance
    collector.refusing = True
    try:
        before = instance.metric("control_layer_spans_dropped_total") or 0
        assert watched.call("/chat/completions", _chat()).status_code == 200
        until(lambda: (instance.metric("control_layer_spans_dropped_total") or 0) >= before + 2)
    finally:
        collector.refusing = False
    sent = instance.metric("control_layer_spans_sent_total") or 0
    trace_id, parent = _parent()
    watched.call("/chat/completions", _chat(), traceparent=parent)
    watched.collector.trace(trace_id, 2)
    until(lambda: (instance.metric("control_layer_spans_sent_total") or 0) >= sent + 2)
    assert "spans_taken_again" in instance.log()
