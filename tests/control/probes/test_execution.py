"""Probes of a whole running instance: real gateway, real provider, and the clock's own pace."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from bench.processes import simulator
from tests.control.management import NIL
from tests.running import Instance, running, until

from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.config import GatewayAddress
from control_layer.control.own_gateway import OwnGateway
from control_layer.control.probes.execution import answer_to
from control_layer.control.probes.request import ProbeRequest

pytestmark = pytest.mark.server

_MODELS = [
    *("sim-small", "sim-large", "sim-embed", "sim-rerank", "sim-error-503", "sim-hang", "sim-truncated", "sim-big-2mb"),
    *("sim-flaky-1", "sim-often", "sim-renamed", "sim-deleted", "sim-kept"),
]


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with simulator("--api-key", "provider-secret") as url:
        yield url


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, provider_url: str) -> Iterator[Instance]:
    """An instance whose models are granted to nobody."""
    environment = {"CONTROL_LAYER_BACKGROUND_SERVICES__PROBE_SCHEDULER__TIMEOUT": "3s"}
    with running(tmp_path_factory.mktemp("instance"), environment=environment) as instance:
        connect(instance, provider_url)
        yield instance


def connect(instance: Instance, url: str) -> None:
    """The models of these tests, which gateways know by the time this returns."""
    body = {"name": "sim", "url": url, "api_key": "provider-secret", "skip_fetch": True, "model_filter": _MODELS}
    instance.api("POST", "/endpoints", body, status=201)
    until(lambda: tried(instance, "sim-small")["success"], message="the gateway does not know the models")


def model_id(instance: Instance, alias: str) -> str:
    (found,) = [model["id"] for model in instance.api("GET", "/models?limit=100")["data"] if model["alias"] == alias]
    return str(found)


def tried(instance: Instance, alias: str, **asked: Any) -> dict[str, Any]:
    """A test's result."""
    result: dict[str, Any] = instance.api("POST", f"/probes/test/{model_id(instance, alias)}", asked)
    return result


def probe(instance: Instance, alias: str, *, active: bool, **fields: Any) -> str:
    """A new probe's id."""
    body = {"name": uuid.uuid4().hex, "deployment_id": model_id(instance, alias), "interval_seconds": 1, **fields}
    made = str(instance.api("POST", "/probes", body, status=201)["id"])
    if not active:
        instance.api("PATCH", f"/probes/{made}/deactivate")
    return made


def results(instance: Instance, probe_id: str) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = instance.api("GET", f"/probes/{probe_id}/results")
    return found


def test_a_run_reaches_a_model_that_is_granted_to_nobody_and_is_logged_as_the_systems(instance: Instance) -> None:
    probe_id = probe(instance, "sim-small", active=False, interval_seconds=86400)
    result = instance.api("POST", f"/probes/{probe_id}/execute", status=201)
    assert (result["success"], result["status_code"], result["error_message"]) == (True, 200, None)
    assert result["response_data"]["object"] == "chat.completion"
    assert result["response_time_ms"] >= 0
    kept = results(instance, probe_id)
    assert result in kept
    request_id = uuid.UUID(result["metadata"]["request_id"])
    (row,) = until(lambda: instance.requests(id=request_id, outcome="completed"))
    assert (str(row["user_id"]), str(row["key_id"])) == (NIL, NIL)
    assert row["model"] == "sim-small"
    assert row["user_agent"].startswith("control-layer-probe/")
    assert row["input_tokens"] > 0


async def test_a_model_that_the_gateway_has_not_heard_of_yet_is_asked_again() -> None:
    """What makes a model and asks it at once reads its answer, not that of the snapshot before."""
    bodies = [b'{"error": {"code": "model_not_found"}}', b'{"error": {"code": "model_not_found"}}', b"{}"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        body = bodies.pop(0)
        status = b"404 Not Found" if b"error" in body else b"200 OK"
        writer.write(b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        own = OwnGateway(GatewayAddress(host="127.0.0.1", port=server.sockets[0].getsockname()[1]), KeySecret("sk-x"))
        asked = ProbeRequest(method="POST", target="/ai/v1/chat/completions", body=b'{"model":"new"}')
        assert (await answer_to(own, asked, "new", timeout_seconds=10)).status == 200


def test_the_system_key_is_neither_listed_nor_revealed(instance: Instance) -> None:
    assert NIL not in str(instance.api("GET", "/users?limit=100"))
    (key,) = instance.sql("SELECT * FROM api_keys WHERE id = '00000000-0000-0000-0000-000000000000'")
    assert (key["hidden"], key["hidden_secret"], key["pending_secret"]) == (True, None, None)
    keys = instance.admin.get(f"/admin/api/v1/users/{NIL}/api-keys")
    assert keys.status_code == 404 or keys.json()["data"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/reveal")):
        answer = instance.admin.request(method, f"/admin/api/v1/users/{NIL}/api-keys/{NIL}{path}", json={})
        assert answer.status_code == 404, (method, path, answer.text)
    assert NIL not in str(instance.api("GET", "/users/current/api-keys?limit=100"))


@pytest.mark.parametrize(
    ("alias", "status", "message"),
    [
        ("sim-error-503", 503, "HTTP 503 - "),
        ("sim-hang", None, "No answer within 3 seconds"),
        ("sim-truncated", None, ""),
        ("sim-big-2mb", None, "HTTP 200 - The answer is larger than 1048576 bytes"),
    ],
)
def test_a_failing_upstream_is_a_result_that_says_why(
    instance: Instance, alias: str, status: int | None, message: str
) -> None:
    probe_id = probe(instance, alias, active=False)
    before = len(results(instance, probe_id))
    for result in (instance.api("POST", f"/probes/{probe_id}/execute", status=201), tried(instance, alias)):
        assert result["success"] is False
        assert result["error_message"].startswith(message)
        assert result["error_message"]
        if status is not None:
            assert result["status_code"] == status
    assert len(results(instance, probe_id)) == before + 1


def test_models_are_asked_what_fits_their_type_unless_the_probe_says_otherwise(instance: Instance) -> None:
    assert tried(instance, "sim-embed")["response_data"]["object"] == "list"
    assert tried(instance, "sim-rerank")["response_data"]["results"]
    answer = {"model": "sim-small", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    asked = {"http_method": "post", "request_path": "/v1/messages", "request_body": answer}
    assert tried(instance, "sim-small", **asked)["response_data"]["type"] == "message"
    assert tried(instance, "sim-small", request_body={"model": "nobody"})["status_code"] == 404
    listed = tried(instance, "sim-small", http_method="GET", request_path="/v1/models")
    assert "sim-small" in [model["id"] for model in listed["response_data"]["data"]]


def test_a_probe_follows_its_models_alias_and_its_models_end(instance: Instance) -> None:
    probe_id = probe(instance, "sim-renamed", active=False)
    model = model_id(instance, "sim-renamed")
    instance.api("PATCH", f"/models/{model}", {"alias": "sim-new-name"})
    execute = f"/probes/{probe_id}/execute"
    until(lambda: instance.api("POST", execute, status=201)["success"])
    instance.api("DELETE", f"/models/{model}")
    until(lambda: not instance.api("POST", execute, status=201)["success"])
    gone = results(instance, probe_id)[0]
    assert gone["status_code"] == 404
    assert gone["error_message"].startswith("HTTP 404 - ")


def test_active_probes_run_at_their_interval_until_they_are_deactivated(instance: Instance) -> None:
    often, failing = (probe(instance, alias, active=True) for alias in ("sim-often", "sim-flaky-1"))
    rare = probe(instance, "sim-large", active=True, interval_seconds=86400)
    until(lambda: len(results(instance, often)) >= 4 and len(results(instance, failing)) >= 2)
    instance.api("PATCH", f"/probes/{often}/deactivate")
    runs = results(instance, often)
    assert all(run["success"] for run in runs)
    assert len({run["executed_at"][:19] for run in runs}) >= len(runs) - 1, "more often than once a second"
    assert results(instance, failing)[-1]["success"] is False
    assert results(instance, failing)[0]["success"] is True
    assert len(results(instance, rare)) == 1  # a new one runs at once, and then a day later
    status = instance.api("GET", f"/models/{model_id(instance, 'sim-flaky-1')}?include=status")["status"]
    assert status == status | {"probe_id": failing, "active": True, "interval_seconds": 1, "last_success": True}
    assert 0 < status["uptime_percentage"] < 100
    assert until(lambda: instance.metric("control_layer_probe_leader")) == 1

    # what was under way when it was deactivated is over once another probe has run twice
    marks = len(results(instance, failing))
    until(lambda: len(results(instance, failing)) >= marks + 2)
    settled = len(results(instance, often))
    until(lambda: len(results(instance, failing)) >= marks + 5)
    assert len(results(instance, often)) == settled


def test_a_probe_of_a_soft_deleted_model_rests(instance: Instance) -> None:
    resting, other = (probe(instance, alias, active=True) for alias in ("sim-deleted", "sim-kept"))
    until(lambda: results(instance, resting) and results(instance, other))
    instance.api("DELETE", f"/models/{model_id(instance, 'sim-deleted')}")
    marks = len(results(instance, other))
    until(lambda: len(results(instance, other)) >= marks + 2)
    settled = len(results(instance, resting))
    until(lambda: len(results(instance, other)) >= marks + 5)
    assert len(results(instance, resting)) == settled


def test_a_gateway_with_tls_is_known_by_its_certificate_whatever_its_name(
    tmp_path: Path, provider_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")  # not for the address that probes call
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    environment = {
        "CONTROL_LAYER_GATEWAY__TLS__CERTIFICATE": str(tmp_path / "server.pem"),
        "CONTROL_LAYER_GATEWAY__TLS__KEY": str(tmp_path / "server.pem"),
    }
    with running(tmp_path / "instance", environment=environment) as instance:
        instance.address = instance.address.replace("127.0.0.1", "localhost")
        connect(instance, provider_url)
        assert tried(instance, "sim-small")["status_code"] == 200
