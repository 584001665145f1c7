"""Realtime sessions: a WebSocket authenticated here and spliced to the provider, one accounting row each."""

from __future__ import annotations

import json

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import Journal, Provider, until
from tests.websocket import connect

from control_layer.simulator.realtime import accept_key


def test_a_session_is_spliced_both_ways_and_accounted_for_once(
    gateway: GatewayProcess, journal: Journal, provider: Provider
) -> None:
    bearer = f"Authorization: Bearer {gateway.secret}"
    with journal.admitted() as ends, connect(gateway.port, "/ai/v1/realtime?model=renamed", bearer) as (ws, key):
        head = ws.read_head().lower()
        assert head.startswith(b"http/1.1 101 ")
        assert b"\r\nupgrade: websocket" in head
        assert b"\r\nconnection: upgrade" in head
        assert accept_key(key).lower() in head
        assert b"sim-small-under-another-name" in ws.receive()[1]
        for text in (b"hello", b"x" * 5000):
            ws.send(1, text)
            assert text in ws.receive()[1]
        ws.send(8, b"\x03\xe8")
        assert ws.receive()[0] == 8
        assert ws.closed()
    end = ends[0]
    assert (end.outcome, end.status, end.model, end.stream) == ("completed", 101, "renamed", True)
    assert end.tokens.source == "none"
    assert end.request_bytes > 5000


def test_hanging_up_is_the_normal_end_of_a_session(
    gateway: GatewayProcess, journal: Journal, provider: Provider
) -> None:
    before = provider.stats()["open"]
    key = f"x-api-key: {gateway.secret}"
    with journal.admitted() as ends, connect(gateway.port, "/ai/v1/realtime?model=sim-small", key) as (ws, _):
        ws.read_head()
        ws.receive()
    assert (ends[0].outcome, ends[0].status, ends[0].attempts[0].error) == ("completed", 101, None)
    until(lambda: provider.stats()["open"] == before, "the provider's session ends")


def test_a_browser_carries_its_key_as_a_subprotocol_which_stays_here(gateway: GatewayProcess) -> None:
    line = f"Sec-WebSocket-Protocol: openai-insecure-api-key.{gateway.secret}, realtime"
    with connect(gateway.port, "/ai/v1/realtime?model=sim-small", line) as (ws, _):
        head = ws.read_head().lower()
        assert b"sec-websocket-protocol: realtime" in head
        assert b"insecure" not in head


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/ai/v1/realtime?model=sim-small", "sk-wrong", 401),
        ("/ai/v1/realtime?model=secret-model", None, 403),
        ("/ai/v1/realtime?model=no-such", None, 404),
        ("/ai/v1/realtime", None, 400),
        ("/ai/v1/realtime?model=dead", None, 502),
        ("/ai/v1/realtime?model=sim-error-500", None, 500),
    ],
)
def test_a_session_that_is_refused_gets_an_http_answer(
    gateway: GatewayProcess, path: str, key: str | None, status: int
) -> None:
    with connect(gateway.port, path, f"x-api-key: {key or gateway.secret}") as (ws, _):
        assert ws.read_head().startswith(b"HTTP/1.1 %d " % status)


def test_anything_but_a_websocket_is_told_so(client: httpx.Client) -> None:
    answer = client.get("/realtime?model=sim-small")
    assert (answer.status_code, answer.json()["error"]["code"]) == (426, "upgrade_required")


def test_what_a_session_uses_is_the_sum_of_its_answers(gateway: GatewayProcess, journal: Journal) -> None:
    key = f"x-api-key: {gateway.secret}"
    deflate = "Sec-WebSocket-Extensions: permessage-deflate"
    with journal.admitted() as ends, connect(gateway.port, "/ai/v1/realtime?model=sim-small", key, deflate) as (ws, _):
        assert b"extensions" not in ws.read_head().lower()
        ws.receive()
        for _ in range(3):
            ws.send(1, b'{"type": "response.create"}')
            while b"response.done" not in ws.receive()[1]:
                pass
    tokens = ends[0].tokens
    assert (tokens.source, tokens.input, tokens.output, tokens.cached_input) == ("provider", 300, 72, 30)
    assert (tokens.audio_input, tokens.audio_output) == (240, 66)


def test_a_session_ends_when_it_has_lasted_as_long_as_it_may(gateway: GatewayProcess, journal: Journal) -> None:
    key = f"x-api-key: {gateway.secret}"
    with journal.admitted() as ends, connect(gateway.port, "/ai/v1/realtime?model=sim-short-session", key) as (ws, _):
        ws.read_head()
        ws.receive()
        ws.send(1, b'{"type": "response.create"}')
        opcode, message = ws.receive()
        while b'"error"' not in message:
            opcode, message = ws.receive()
        said = json.loads(message)
        assert (said["type"], said["error"]["code"]) == ("error", "session_expired")
        assert said["event_id"].startswith("event_")
        opcode, message = ws.receive()
        assert (opcode, message[:2]) == (8, (1008).to_bytes(2, "big"))
        assert ws.closed()
    end = ends[0]
    assert (end.outcome, end.status, end.error, end.tokens.output) == ("completed", 101, "session_expired", 24)
