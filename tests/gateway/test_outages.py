"""A worker with nobody at the other end of its sockets: AI traffic goes on."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest
from bench.processes import GatewayProcess, World, start_gateway
from tests.gateway.conftest import chat


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_control_plane_management_is_away_and_ai_is_not(
    gateway: GatewayProcess, client: httpx.Client, method: str
) -> None:
    url = f"http://127.0.0.1:{gateway.port}/admin/api/v1/users"
    answer = httpx.request(method, url, content=b"x" * 1000 if method == "POST" else None)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["error"] == "service_unavailable"
    assert client.post("/chat/completions", json=chat()).status_code == 200


def test_operators_are_told_why_a_provider_fails_once_for_a_crowd(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    world = World(f"http://127.0.0.1:{port}/v1")
    gateway = start_gateway(tmp_path, world)
    try:
        for _ in range(5):
            headers = {"authorization": f"Bearer {world.secret}"}
            answer = httpx.post(f"{gateway.base_url}/chat/completions", json=chat(), headers=headers)
            assert answer.status_code in (502, 503)
    finally:
        gateway.stop()
    events = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (told,) = (event for event in events if event["event"] == "provider_failed")
    assert (told["endpoint"], told["error"], told["level"]) == ("simulated", "connect_failed", "warning")
    assert "refused" in told["reason"]
