"""The simulated provider: deterministic, labelled, strict, and honest about what it billed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import simulator

from control_layer.simulator.realtime import RealtimeSession, accept_key
from control_layer.simulator.script import BEHAVIOURS, MODELS, Script, describe, script_for


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with simulator("--api-key", "key") as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, headers={"authorization": "Bearer key"}, timeout=15) as client:
        yield client


def chat(model: str = "sim-small", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-anything", Script()),
        ("sim-error-503", Script(error=503)),
        ("sim-slow-first-200ms-tokens-50", Script(first_delay=0.2, tokens=50)),
        ("sim-slow-chunks-50-drip", Script(chunk_delay=0.05, drip=True)),
        ("sim-big-5mb", Script(big=5)),
        ("sim-flaky-2-x", Script(flaky=2)),
        ("sim-reset", Script()),
        ("sim-reset-before", Script(reset="before")),
        ("sim-error-in-stream", Script(error_after=3)),
        ("sim-usage-odd-no-done", Script(usage="odd", no_done=True)),
        ("sim-tokens-", Script()),
        ("sim-error", Script()),
        ("", Script()),
    ],
)
def test_a_models_name_is_its_script(name: str, expected: Script) -> None:
    assert script_for(name) == expected


def test_every_behaviour_in_the_table_does_something_and_is_described() -> None:
    for words, meaning in BEHAVIOURS:
        name = "sim-" + words.replace("<n>", "3").replace("<ms>", "3ms").replace("<mb>", "3mb").replace(
            "<status>", "503"
        )
        assert script_for(name) != Script(), words
        assert meaning in describe()


def test_its_help_lists_the_behaviours() -> None:
    command = [sys.executable, "-m", "control_layer.simulator", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    assert all(words in shown for words, _ in BEHAVIOURS)


def test_lists_its_models_and_serves_any_other(client: httpx.Client) -> None:
    assert [model["id"] for model in client.get("/models").json()["data"]] == list(MODELS)
    assert client.post("/chat/completions", json=chat("no-such")).status_code == 200


def test_answers_are_deterministic_and_labelled(client: httpx.Client) -> None:
    answers = [client.post("/chat/completions", json=chat(), headers={"x-request-id": "same"}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["x-simulated"] == "true"
    assert "simulated" in answers[0].json()["choices"][0]["message"]["content"]
    assert answers[0].json()["system_fingerprint"] == "simulated"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "invalid_json"),
        (b"[]", {}, 400, "invalid_json"),
        (b'{"model":"a","model":"b","messages":[]}', {}, 400, "invalid_json"),
        (b'{"model":"a","messages":NaN}', {}, 400, "invalid_json"),
        (b'{"model":"\xff","messages":[]}', {}, 400, "invalid_json"),
        (b'{"model":"a","messages":' + b"[" * 50_000 + b"]" * 50_000 + b"}", {}, 400, "invalid_json"),
        (b'{"messages":[]}', {}, 400, "missing_required_parameter"),
        (b'{"model":"a"}', {}, 400, "missing_required_parameter"),
        (b'{"model":"a","messages":[],"stream_options":{}}', {}, 400, "invalid_value"),
        (b'{"model":"a","messages":[]}', {"content-encoding": "gzip"}, 415, "unsupported_encoding"),
        (b'{"model":"a","messages":[]}', {"cookie": "a=1"}, 400, "leaked_header"),
        (b'{"model":"a","messages":[]}', {"x-control-layer-peer": "1"}, 400, "leaked_header"),
        (b'{"model":"a","messages":[]}', {"authorization": "Bearer other"}, 401, "invalid_api_key"),
    ],
)
def test_refuses_what_a_careful_provider_refuses(
    client: httpx.Client, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post("/chat/completions", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_refuses_a_header_that_stands_twice(client: httpx.Client) -> None:
    twice = [("authorization", "Bearer key"), ("accept-encoding", "a"), ("accept-encoding", "b")]
    answer = httpx.post(str(client.base_url) + "chat/completions", json=chat(), headers=twice)
    assert answer.json()["error"]["code"] == "duplicate_header"


@pytest.mark.parametrize("path", ["/chat/completions", "/completions", "/responses", "/messages", "/embeddings"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_answer_with_tokens_is_billed_under_its_request_id(client: httpx.Client, path: str, stream: bool) -> None:
    name = f"bill{path}-{stream}"
    client.post(path, json=chat("sim-small", prompt="x", input="x", stream=stream), headers={"x-request-id": name})
    (row,) = [row for row in client.get("../sim/stats").json()["ledger"] if row["request_id"] == name]
    assert row["model"] == "sim-small"
    assert any(row["usage"].get(key, 0) > 0 for key in ("prompt_tokens", "input_tokens"))


def test_a_flaky_model_gets_well(client: httpx.Client) -> None:
    statuses = [client.post("/chat/completions", json=chat("sim-flaky-2-once")).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]


def test_counts_are_forgotten_on_request(client: httpx.Client) -> None:
    client.post("/chat/completions", json=chat())
    assert client.post("../sim/reset").json()["requests"] == {}


def test_a_realtime_session_greets_and_echoes() -> None:
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, 1.3
    session = RealtimeSession("m")
    assert b"session.created" in session.greeting()
    frame = bytes((0x81, 0x82, 0, 0, 0, 0)) + b"hi"
    assert b"".join(session.feed(frame[at : at + 1]) for at in range(len(frame))).endswith(b'"text": "hi"}')
    assert session.feed(bytes((0x88, 0x80, 0, 0, 0, 0))) == b"\x88\x00"
    assert session.ended
