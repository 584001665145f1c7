"""S16: probes run once for all hosts, what they cost is shown, they can be free, and what they find moves traffic."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.faults.books import Books
from tests.faults.target import chat, ours_only
from tests.running import SPEAKS_ALL, Instance, running, until

from control_layer.control.probes.state import FAILING_FROM

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(240)]

_EVERYONE = _SYSTEM = "00000000-0000-0000-0000-000000000000"
_MIX = "probed and good"
_FREE_PATH = "/v1/messages/count_tokens"
_PRICE = Decimal("0.001")
_TOKENS = 3, 2
_TARIFF = {
    "name": "dear",
    "input_price_per_token": str(_PRICE),
    "output_price_per_token": str(_PRICE),
    "api_key_purpose": "realtime",
}
_PATIENT = {"failures": 1_000_000, "min_requests": 1_000_000_000}
_QUESTION = b"Reply with the word OK."
"""By which it knows probes."""


@dataclass(slots=True)
class _Provider:
    """Works for clients, and for probes while it is `well`."""

    url: str = ""
    well: bool = True
    asked: dict[tuple[str, bool], int] = field(default_factory=dict)
    """How often, by path and whether it was a probe."""
    lock: Lock = field(default_factory=Lock)

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        probing = _QUESTION in body
        with self.lock:
            self.asked[path, probing] = self.asked.get((path, probing), 0) + 1
        if probing and not self.well:
            return 500, {"error": {"message": "broken", "type": "server_error", "code": None}}
        if path == _FREE_PATH:
            return 200, {"input_tokens": 7}
        choice = {"index": 0, "message": {"role": "assistant", "content": "OK"}, "finish_reason": "stop"}
        usage = dict(zip(("prompt_tokens", "completion_tokens"), _TOKENS, strict=True))
        return 200, {"id": "p", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}

    def times(self, path: str, *, probe: bool) -> int:
        with self.lock:
            return self.asked.get((path, probe), 0)


@contextmanager
def _serving() -> Iterator[_Provider]:
    provider = _Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, fields = provider.answer(self.path, body)
            content = json.dumps(fields).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        provider.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def provider() -> Iterator[_Provider]:
    with _serving() as provider:
        yield provider


@pytest.fixture
def hosts(tmp_path: Path, database_url: str) -> Iterator[list[Instance]]:
    environment = {"CONTROL_LAYER_DATABASE__TYPE": "external", "DATABASE_URL": database_url}
    with (
        running(tmp_path / "one", environment=environment) as one,
        running(tmp_path / "two", environment=environment) as two,
    ):
        yield [one, two]


def _model(host: Instance, name: str, url: str) -> str:
    """A model at an endpoint of its own; its id."""
    endpoint = host.connect_provider(url, [name], name=name, api_key="provider-credential", options=SPEAKS_ALL)
    (made,) = host.api("GET", f"/models?endpoint={endpoint}")["data"]
    host.api("PUT", f"/models/{made['id']}/traffic-policy", {"breaker": _PATIENT})
    return str(made["id"])


def _probe(host: Instance, model: str, **fields: object) -> str:
    body = {"name": uuid.uuid4().hex, "deployment_id": model, "interval_seconds": 1, **fields}
    return str(host.api("POST", "/probes", body, status=201)["id"])


def _results(host: Instance, probe: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = host.api("GET", f"/probes/{probe}/results")
    return found


def _stopped(hosts: list[Instance], probe: str, provider: _Provider, path: str) -> list[dict[str, Any]]:
    """The rows of all runs of a probe, which is deactivated: as many as the provider was asked by probes."""
    hosts[0].api("PATCH", f"/probes/{probe}/deactivate")
    for host in hosts:
        Books(host).settle(workers=1)
    asked = provider.times(path, probe=True)
    message = "its results are not those of the requests"
    until(lambda: len(_results(hosts[0], probe)) == asked == provider.times(path, probe=True), message=message)
    ids = {result["metadata"]["request_id"] for result in _results(hosts[0], probe)}
    return until(lambda: _found(hosts[0], ids), message="a run has no row")


def _found(host: Instance, ids: set[str]) -> list[dict[str, Any]]:
    rows = [row for row in host.requests(user_id=uuid.UUID(_SYSTEM)) if str(row["id"]) in ids]
    return rows if len(rows) == len(ids) else []


def test_a_probe_runs_once_for_all_hosts_and_its_cost_is_shown(hosts: list[Instance], provider: _Provider) -> None:
    host, other = hosts
    model = _model(host, "probed", provider.url)
    host.api("PATCH", f"/models/{model}", {"tariffs": [_TARIFF]})
    probe = _probe(host, model)
    until(lambda: len(_results(other, probe)) >= 4)
    rows = _stopped(hosts, probe, provider, "/v1/chat/completions")
    assert len({row["worker_id"] for row in rows}) == 1, "one host probes"
    assert len(host.requests()) == len(rows), "each run is one request"
    cost = _PRICE * sum(_TOKENS)
    # The price may have come into force behind the first runs.
    priced = [row for row in rows if row["cost"] is not None]
    assert {row["cost"] for row in priced} == {cost}
    assert len(priced) >= 2
    # Both hosts show it, in the log and in the sums.
    for each in hosts:
        assert len(each.api("GET", f"/requests?user_id={_SYSTEM}&limit=100")["entries"]) == len(rows)
        (shown,) = each.api("GET", f"/analytics?group_by=user&user_id={_SYSTEM}")["data"]
        assert (shown["requests"], Decimal(shown["cost"])) == (len(rows), cost * len(priced))


def test_a_probe_of_a_path_that_costs_nothing_is_free(hosts: list[Instance], provider: _Provider) -> None:
    host = hosts[0]
    model = _model(host, "probed", provider.url)
    host.api("PATCH", f"/models/{model}", {"tariffs": [_TARIFF]})
    body = {"model": "probed", "messages": [{"role": "user", "content": _QUESTION.decode()}]}
    probe = _probe(host, model, request_path=_FREE_PATH, request_body=body)
    until(lambda: len(_results(host, probe)) >= 2)
    assert all(result["success"] for result in _results(host, probe))
    rows = _stopped(hosts, probe, provider, _FREE_PATH)
    assert provider.times("/v1/chat/completions", probe=True) == 0
    assert not any(row["cost"] or row["input_tokens"] or row["output_tokens"] for row in rows)
    # It finds out what a paid one does.
    provider.well = False
    host.api("PATCH", f"/probes/{probe}/activate")
    until(lambda: not _results(host, probe)[0]["success"])


def test_three_failed_probes_move_traffic_on_every_host_and_one_success_brings_it_back(
    hosts: list[Instance], provider: _Provider
) -> None:
    host = hosts[0]
    with simulator("--api-key", "provider-credential") as good_url:
        probed, good = _model(host, "probed", provider.url), _model(host, "sim-small", good_url)
        mix = host.api("POST", "/models", {"type": "composite", "model_name": _MIX, "alias": _MIX})["id"]
        for component in (probed, good):
            host.api("POST", f"/models/{mix}/components/{component}")
        host.api("PATCH", f"/models/{mix}", {"lb_strategy": "priority"})
        host.api("POST", f"/groups/{_EVERYONE}/models/{mix}", status=204)
        key = str(host.make_key("mixed")["key"])
        for each in hosts:
            each.wait_callable(key, _MIX)
        until(lambda: [_deployment(each, key) for each in hosts] == [probed] * 2)

        probe = _probe(host, probed)
        until(lambda: any(result["success"] for result in _results(host, probe)))
        provider.well = False
        until(lambda: [_deployment(each, key) for each in hosts] == [good] * 2, message="gateways do not avoid it")
        (state,) = host.sql("SELECT failures, failing FROM probe_states")
        assert state["failing"]
        assert state["failures"] >= FAILING_FROM
        # Clients were never failed: it is the probe's word that moves them, and nobody is sent there any more.
        before = provider.times("/v1/chat/completions", probe=False)
        assert {_deployment(each, key) for each in hosts for _ in range(5)} == {good}
        assert provider.times("/v1/chat/completions", probe=False) == before
        # Where there is no other, it is asked all the same.
        assert _deployment(host, key, "probed") == probed

        provider.well = True
        until(lambda: [_deployment(each, key) for each in hosts] == [probed] * 2, message="it gets nothing again")
        (state,) = host.sql("SELECT failures, failing FROM probe_states")
        assert (state["failures"], state["failing"]) == (0, False)


def _deployment(host: Instance, key: str, model: str = _MIX) -> str:
    """Which deployment answers a client."""
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(f"{host.base_url}/chat/completions", json=chat(model), headers=headers, timeout=30.0)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-control-layer-attempts"] == "1"
    return answer.headers["x-control-layer-deployment"]
