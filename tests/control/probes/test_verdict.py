"""Which answers mean that a model works."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.probes.request import request_for
from control_layer.control.probes.verdict import judged


@pytest.mark.parametrize("body", ["{}", "[]", '{"code": 200}', '{"code": "x"}', '{"error": null}', '{"code": true}'])
def test_json_with_a_good_status_is_a_success(body: str) -> None:
    verdict = judged(200, body.encode())
    assert (verdict.success, verdict.error, verdict.data) == (True, None, json.loads(body))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, '{"error": {"message": "no such\\nmodel"}}', "HTTP 404 - no such model"),
        (500, '{"message": "oh"}', "HTTP 500 - oh"),
        (500, '{"detail": "oh"}', "HTTP 500 - oh"),
        (500, '{"error": "oh"}', "HTTP 500 - oh"),
        (500, "[1]", "HTTP 500 - The answer reports an error"),
        (502, "<h1>Bad\0 Gateway</h1>", "HTTP 502 - <h1>Bad Gateway</h1>"),
        (503, "", "HTTP 503"),
        (302, "{}", "HTTP 302 - The answer reports an error"),
        (200, "<html>", "HTTP 200 - The answer is not JSON"),
        (200, "", "HTTP 200 - The answer is not JSON"),
        (204, "", "HTTP 204 - The answer is not JSON"),
        (200, "NaN", "HTTP 200 - The answer is not JSON"),
        (200, "[" * 100_000, "HTTP 200 - The answer is not JSON"),
        (200, '{"object": "error", "message": "down"}', "HTTP 200 - down"),
        (200, '{"code": 400}', "HTTP 200 - The answer reports an error"),
        (200, '{"code": "503"}', "HTTP 200 - The answer reports an error"),
        (200, '{"error": {"code": 502, "message": "upstream"}}', "HTTP 200 - upstream"),
        (400, json.dumps({"error": "x" * 1000}), f"HTTP 400 - {'x' * 499}…"),
    ],
)
def test_everything_else_is_a_failure_that_says_why(status: int, body: str, error: str) -> None:
    verdict = judged(status, body.encode())
    assert (verdict.success, verdict.error) == (False, error)


_Json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(("code", "error", "object", "message")), inner),
    max_leaves=10,
)


@given(status=st.integers(100, 599), body=st.binary() | _Json.map(lambda value: json.dumps(value).encode()))
def test_any_answer_is_judged(status: int, body: bytes) -> None:
    verdict = judged(status, body)
    assert verdict.success is (verdict.error is None)
    assert verdict.error is None or (verdict.error.startswith(f"HTTP {status}") and "\0" not in verdict.error)


@pytest.mark.parametrize(
    ("kind", "target", "keys"),
    [
        ("CHAT", "/ai/v1/chat/completions", {"model", "messages"}),
        (None, "/ai/v1/chat/completions", {"model", "messages"}),
        ("EMBEDDINGS", "/ai/v1/embeddings", {"model", "input"}),
        ("RERANKER", "/ai/v1/rerank", {"model", "query", "documents"}),
    ],
)
def test_a_model_is_asked_what_fits_its_type(kind: str | None, target: str, keys: set[str]) -> None:
    request = request_for("a/b é", kind, method="POST", path=None, body=None)
    body: dict[str, Any] = json.loads(request.body or b"")
    assert (request.target, set(body), body["model"]) == (target, keys, "a/b é")


def test_what_is_given_is_sent_as_it_is() -> None:
    request = request_for("m", "CHAT", method="POST", path="/v1/x", body={"b": 1, "a": "é"})
    assert (request.target, request.body) == ("/ai/v1/x", '{"b":1,"a":"é"}'.encode())
    assert request_for("m", "CHAT", method="GET", path="/v1/x", body=None).body is None
    assert request_for("m", "CHAT", method="GET", path="/v1/x", body=[]).body == b"[]"
