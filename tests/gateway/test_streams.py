"""Event streams through a real worker: bytes, usage asked for and hidden, breaks that never look whole."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import psutil
import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import DEADLINE_SECONDS, Journal, Provider, chat, until

USAGE = {"stream_options": {"include_usage": True}}


def read(client: httpx.Client, path: str = "/chat/completions", **body: Any) -> httpx.Response:
    with client.stream("POST", path, json=body) as answer:
        answer.read()
    return answer


def events(answer: httpx.Response) -> list[Any]:
    """The data of each event, decoded but for `[DONE]`."""
    data = [block.split("data: ", 1)[1] for block in answer.text.strip().split("\n\n") if "data: " in block]
    return [text if text == "[DONE]" else json.loads(text) for text in data]


def direct(provider: Provider, gateway: GatewayProcess, answer: httpx.Response, body: dict[str, Any]) -> bytes:
    """What the provider says to the same request: its ids come from the request id."""
    headers = {"authorization": "Bearer provider-credential", "x-request-id": answer.headers["x-request-id"]}
    return httpx.post(provider.url + "/chat/completions", json=body, headers=headers).content


@pytest.mark.parametrize("model", ["sim-small", "sim-tokens-200", "sim-drip", "sim-usage-in-every-chunk"])
def test_a_stream_with_usage_asked_for_is_the_providers_byte_for_byte(
    client: httpx.Client, gateway: GatewayProcess, provider: Provider, model: str
) -> None:
    body = chat(model, stream=True, **USAGE)
    answer = read(client, **body)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.content == direct(provider, gateway, answer, body)


@pytest.mark.parametrize("model", ["sim-small", "sim-tokens-200", "sim-drip", "sim-reasoning"])
def test_a_stream_without_it_is_what_the_provider_says_when_it_is_not_asked(
    client: httpx.Client, gateway: GatewayProcess, provider: Provider, journal: Journal, model: str
) -> None:
    body = chat(model, stream=True)
    with journal.admitted() as ends:
        answer = read(client, **body)
    assert answer.content == direct(provider, gateway, answer, body)
    assert ends[0].tokens.source == "provider"
    assert ends[0].response_bytes == len(answer.content)


@pytest.mark.parametrize("options", [{}, USAGE, {"stream_options": {"include_usage": False}}, {"stream_options": None}])
@pytest.mark.parametrize(
    "model", ["sim-small", "sim-reasoning", "sim-usage-with-content", "sim-usage-in-every-chunk", "sim-usage-odd"]
)
def test_streamed_usage_is_blocking_usage_to_the_token(
    client: httpx.Client, journal: Journal, model: str, options: dict[str, Any]
) -> None:
    """S3, S14."""
    with journal.admitted(2) as ends:
        whole = client.post("/chat/completions", json=chat(model)).json()["usage"]
        answer = read(client, **chat(model, stream=True, **options))
    assert ends[0].tokens == ends[1].tokens
    assert ends[0].tokens.source == "provider"
    assert ends[0].tokens.input == int(whole["prompt_tokens"])
    assert ends[0].tokens.output == int(whole["completion_tokens"])
    assert ends[1].finish_reason == "stop"
    shown = [event for event in events(answer) if event != "[DONE]" and event.get("usage")]
    assert bool(shown) == (options is USAGE)


@pytest.mark.parametrize("path", ["/completions", "/responses", "/messages"])
def test_other_dialects_stream_and_count_alike(client: httpx.Client, journal: Journal, path: str) -> None:
    body = {
        "model": "sim-small",
        "prompt": "x",
        "input": "x",
        "messages": [{"role": "user", "content": "x"}],
        "max_tokens": 9,
    }
    with journal.admitted(2) as ends:
        assert client.post(path, json=body).status_code == 200
        answer = read(client, path, **body, stream=True)
    assert ends[0].tokens == ends[1].tokens
    assert (ends[0].tokens.source, ends[1].outcome) == ("provider", "completed")
    assert "request-id" in answer.headers or path != "/messages"


def test_a_stream_without_usage_is_estimated_from_what_was_said_and_marked(
    client: httpx.Client, gateway: GatewayProcess, journal: Journal
) -> None:
    with journal.admitted(3) as ends:
        read(client, **chat("sim-no-usage", stream=True))
        client.post("/chat/completions", json=chat("sim-no-usage"))
        client.post("/embeddings", json={"model": "sim-no-usage", "input": "x" * 400})
    streamed, whole, embedded = (end.tokens for end in ends)
    assert streamed.source == whole.source == embedded.source == "estimate"
    assert whole.output is not None
    assert streamed.output is not None
    assert abs(streamed.output - whole.output) <= 1
    assert 24 <= whole.output <= 48
    assert embedded.output is None
    assert embedded.input is not None
    assert embedded.input >= 100
    labels = [sample.labels for sample in gateway.stats().samples if "unmetered" in sample.name]
    assert {"model": "sim-no-usage", "source": "estimate"} in labels


@pytest.mark.parametrize("model", ["sim-cut", "sim-reset-middle", "sim-reset-after"])
@pytest.mark.parametrize("path", ["/chat/completions", "/completions"])
def test_a_broken_stream_ends_with_an_error_event_and_closes(
    client: httpx.Client, journal: Journal, model: str, path: str
) -> None:
    """S5: no finish reason and no `[DONE]` is ever invented."""
    body = {**chat(model, stream=True), "prompt": "x"}
    with journal.admitted() as ends:
        answer = read(client, path, **body)
    told = events(answer)
    assert told[-1]["error"]["code"] == "upstream_broken"
    assert "[DONE]" not in told
    assert all(choice["finish_reason"] is None for event in told for choice in event.get("choices", []))
    end = ends[0]
    assert (end.outcome, end.status, end.error, end.finish_reason) == ("failed", 200, "upstream_broken", None)
    assert end.attempts[-1].error in ("upstream_broken", "reset_during_response")
    assert end.tokens.source == ("none" if model == "sim-reset-after" else "estimate")


def test_a_broken_message_ends_with_an_error_event_of_its_dialect(client: httpx.Client) -> None:
    answer = read(client, "/messages", **chat("sim-reset-middle", stream=True, max_tokens=9))
    last = answer.text.strip().split("\n\n")[-1].split("\n")
    assert last[0] == "event: error"
    error = json.loads(last[1].removeprefix("data: "))
    assert (error["type"], error["error"]["type"]) == ("error", "api_error")
    assert "message_stop" not in answer.text


@pytest.mark.parametrize("model", ["sim-cut", "sim-error-in-stream"])
def test_the_connection_closes_behind_a_broken_stream(gateway: GatewayProcess, model: str) -> None:
    body = json.dumps(chat(model, stream=True)).encode()
    head = f"POST /ai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.secret}\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert received.endswith(b"0\r\n\r\n")
    assert b"[DONE]" not in received


def test_an_error_the_provider_reports_inside_its_stream_is_the_clients_and_no_success(
    client: httpx.Client, journal: Journal
) -> None:
    with journal.admitted() as ends:
        told = events(read(client, **chat("sim-error-in-stream", stream=True)))
    assert told[-1]["error"]["type"] == "server_error"
    assert (ends[0].outcome, ends[0].error) == ("failed", "upstream_broken")


def test_a_sanitised_stream_says_it_in_our_words(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        renamed = read(client, **chat("sim-small-sanitised", stream=True))
        answer = read(client, **chat("sim-error-in-stream-sanitised", stream=True))  # the connection closes behind it
    assert "sim-host" not in answer.text
    assert events(answer)[-1]["error"]["code"] == "upstream_failed"
    assert [end.outcome for end in ends] == ["completed", "failed"]
    assert {event["model"] for event in events(renamed) if event != "[DONE]"} == {"sim-small-sanitised"}


@pytest.mark.parametrize("model", ["sim-no-done", "sim-unframed-done"])
def test_a_stream_that_says_it_is_whole_is_whole(client: httpx.Client, journal: Journal, model: str) -> None:
    with journal.admitted() as ends:
        told = events(read(client, **chat(model, stream=True)))
    assert (told[-1] == "[DONE]") == (model == "sim-unframed-done")
    assert not any("error" in event for event in told if event != "[DONE]")
    assert (ends[0].outcome, ends[0].finish_reason, ends[0].tokens.source) == ("completed", "stop", "provider")


def test_the_first_event_leaves_before_the_next_one_comes(client: httpx.Client) -> None:
    """S14: nothing is held back for what is still to come."""
    with client.stream(
        "POST", "/chat/completions", json=chat("sim-slow-chunks-50ms-tokens-200", stream=True)
    ) as answer:
        first = next(answer.iter_bytes())
        assert first.endswith(b"\n\n")
        assert first.count(b"data: ") <= 2


def test_a_client_that_leaves_cancels_the_provider_and_is_accounted_for_once(
    client: httpx.Client, journal: Journal, provider: Provider
) -> None:
    """S4: the rule is in ARCHITECTURE.md, "How usage is counted"."""
    before = provider.stats()
    with journal.admitted() as ends:
        with client.stream(
            "POST", "/chat/completions", json=chat("sim-slow-chunks-50ms-tokens-200", stream=True)
        ) as answer:
            pieces = answer.iter_bytes()
            for _ in range(5):
                next(pieces)
        until(lambda: provider.stats()["cancelled"] == before["cancelled"] + 1, "the provider is cancelled")
    end = ends[0]
    assert (end.outcome, end.status, end.error) == ("cancelled", 200, None)
    assert (end.attempts[0].error, end.tokens.source) == ("client_left", "estimate")
    assert end.tokens.output is not None
    assert 0 < end.tokens.output < 40
    assert provider.stats()["open"] == before["open"]


def test_a_message_that_was_left_keeps_the_input_the_provider_had_counted(
    client: httpx.Client, journal: Journal
) -> None:
    with journal.admitted() as ends:
        body = chat("sim-slow-chunks-50ms-tokens-200", stream=True, max_tokens=200)
        with client.stream("POST", "/messages", json=body) as answer:
            pieces = answer.iter_bytes()
            for _ in range(8):
                next(pieces)
    tokens = ends[0].tokens
    assert (tokens.source, tokens.cached_input, tokens.cache_write) == ("estimate", 7, 3)
    assert tokens.output is not None
    assert tokens.output > 1


def test_a_client_that_leaves_before_the_answer_begins_has_used_nothing(
    client: httpx.Client, journal: Journal, provider: Provider
) -> None:
    before = provider.stats()["cancelled"]
    with journal.admitted() as ends:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/chat/completions", json=chat("sim-slow-first-3000ms"), timeout=0.3)
        until(lambda: provider.stats()["cancelled"] == before + 1, "the provider is cancelled")
    assert (ends[0].outcome, ends[0].status, ends[0].tokens.source) == ("cancelled", 499, "none")


def test_a_client_that_leaves_between_two_tries_is_noted_once(gateway: GatewayProcess, journal: Journal) -> None:
    body = json.dumps(chat("dead")).encode()
    head = f"POST /ai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.secret}\r\n"
    with journal.admitted(20) as ends:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
                connection.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert all(len(end.attempts) <= 2 for end in ends)


def test_a_slow_client_makes_the_provider_wait_in_bounded_memory(
    gateway: GatewayProcess, journal: Journal, provider: Provider
) -> None:
    worker = psutil.Process(gateway.process.pid)
    body = json.dumps(chat("sim-big-24mb", stream=True)).encode()
    head = f"POST /ai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: {gateway.secret}\r\nconnection: close\r\n"
    before, resident = provider.stats()["streamed_bytes"], worker.memory_info().rss
    with journal.admitted() as ends, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        connection.settimeout(DEADLINE_SECONDS)
        connection.connect(("127.0.0.1", gateway.port))
        connection.sendall(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)
        stalled: list[int] = []

        def same_twice() -> bool:
            stalled.append(provider.stats()["streamed_bytes"] - before)
            return len(stalled) > 20 and stalled[-1] == stalled[-20] > 0

        until(same_twice, "the provider stalls")
        assert stalled[-1] < 16 * 1024 * 1024
        assert worker.memory_info().rss - resident < 8 * 1024 * 1024
        received = 0
        while piece := connection.recv(1024 * 1024):
            received += len(piece)
    assert received > 24_000_000
    assert (ends[0].outcome, ends[0].tokens.source) == ("completed", "provider")
