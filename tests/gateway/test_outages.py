"""A worker with nobody at the other end of its sockets: AI traffic goes on."""

from __future__ import annotations

import httpx
import pytest
from bench.processes import GatewayProcess
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
