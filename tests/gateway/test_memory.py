"""What a request needs is given back when it ends."""

from __future__ import annotations

import httpx
import psutil
from bench.processes import GatewayProcess
from bench.request import chat_body

_BODY_BYTES = 8 * 1024 * 1024
_BODIES = 20


def test_bodies_do_not_pile_up_until_a_collection(gateway: GatewayProcess, client: httpx.Client) -> None:
    worker = psutil.Process(gateway.process.pid)
    body = chat_body(_BODY_BYTES)

    def resident_after_a_body() -> int:
        answer = client.post("/chat/completions", content=body)
        assert answer.status_code == 200, answer.text
        return int(worker.memory_info().rss)

    first = resident_after_a_body()
    most = max(resident_after_a_body() for _ in range(_BODIES))
    assert most - first < 4 * _BODY_BYTES
