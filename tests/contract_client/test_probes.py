"""Section 4.6: health checks."""

from __future__ import annotations

import pytest
from tests.contract_client.client import World, fresh
from tests.contract_client.shapes import BOOL, INT, NUM, STR, TS, UUID, array, fits, nullable

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"
_ANY = nullable({})
_PROBE = {
    "id": UUID,
    "name": STR,
    "deployment_id": UUID,
    "interval_seconds": INT,
    "active": BOOL,
    "http_method": STR,
    "request_path": nullable(STR),
    "request_body": _ANY,
    "created_at": TS,
    "updated_at": TS,
}
_RESULT = {
    "id": UUID,
    "probe_id": UUID,
    "executed_at": TS,
    "success": BOOL,
    "response_time_ms": nullable(INT),
    "status_code": nullable(INT),
    "error_message": nullable(STR),
    "response_data": _ANY,
    "metadata": _ANY,
}
_TIMES = {f"{name}_response_time_ms": nullable(NUM) for name in ("avg", "min", "max", "p50", "p95", "p99")}
_LASTS = {name: nullable(TS) for name in ("last_execution", "last_success", "last_failure")}
_STATISTICS = {
    "total_executions": INT,
    "successful_executions": INT,
    "failed_executions": INT,
    "success_rate": NUM,
    **_TIMES,
    **_LASTS,
}


def test_the_life_of_a_probe(world: World, endpoint: str) -> None:
    model = world.model(endpoint)
    body = {"name": fresh("probe"), "deployment_id": model["id"], "interval_seconds": 3600}
    probe = world.admin.must("POST", "/probes", body, status=201)
    fits(probe, _PROBE)
    assert (probe["active"], probe["http_method"], probe["request_path"], probe["request_body"]) == (
        True,
        "POST",
        None,
        None,
    )
    assert (
        world.admin.call("POST", "/probes", {**body, "deployment_id": world.model(endpoint)["id"]}).status_code == 409
    )
    assert world.admin.call("POST", "/probes", {**body, "name": fresh("probe")}).status_code == 409
    assert (
        world.admin.call("POST", "/probes", {**body, "name": fresh("probe"), "deployment_id": _UNKNOWN}).status_code
        == 404
    )
    path = f"/probes/{probe['id']}"
    assert world.admin.must("PATCH", f"{path}/deactivate", status=200)["active"] is False
    assert probe["id"] not in {one["id"] for one in world.admin.get("/probes", status="active")}
    assert probe["id"] in {one["id"] for one in world.admin.get("/probes", status="whatever")}
    changed = world.admin.must("PATCH", path, {"interval_seconds": 60, "name": "ignored"}, status=200)
    assert (changed["interval_seconds"], changed["name"]) == (60, body["name"])
    result = world.admin.must("POST", f"{path}/execute", status=201)
    fits(result, _RESULT)
    assert (result["success"], result["status_code"], result["probe_id"]) == (True, 200, probe["id"])
    assert world.admin.get(f"{path}/results")[0]["id"] == result["id"]
    numbers = world.admin.get(f"{path}/statistics")
    fits(numbers, _STATISTICS)
    assert numbers["total_executions"] >= 1
    assert world.admin.must("PATCH", f"{path}/activate", status=200)["active"] is True
    status = world.admin.get(f"/models/{model['id']}", include="status")["status"]
    assert (status["probe_id"], status["active"], status["interval_seconds"]) == (probe["id"], True, 60)
    for _ in range(2):
        world.admin.must("DELETE", path, status=204)
    assert world.admin.call("GET", path).status_code == 404


def test_an_unknown_probe(world: World) -> None:
    path = f"/probes/{_UNKNOWN}"
    assert world.admin.get(f"{path}/results") == []
    numbers = world.admin.get(f"{path}/statistics")
    fits(numbers, _STATISTICS)
    assert (numbers["total_executions"], numbers["success_rate"]) == (0, 0)
    for method, tail, body in (
        ("PATCH", "", {}),
        ("PATCH", "/activate", None),
        ("PATCH", "/deactivate", None),
        ("POST", "/execute", None),
    ):
        assert world.admin.call(method, path + tail, body).status_code == 404
    assert world.admin.call("POST", f"/probes/test/{_UNKNOWN}", {}).status_code == 404


def test_a_test_run_is_not_kept_and_a_failing_provider_is_an_answer(world: World, endpoint: str) -> None:
    model = world.model(endpoint, model_name="sim-error-500")
    result = world.admin.must("POST", f"/probes/test/{model['id']}", {}, status=200)
    fits(result, _RESULT)
    assert (result["success"], result["probe_id"]) == (False, model["id"])
    assert result["error_message"].startswith("HTTP 5")
    good = world.model(endpoint)
    assert world.admin.must(
        "POST", f"/probes/test/{good['id']}", content=b"null", headers={"content-type": "application/json"}, status=200
    )["success"]
    fits(world.admin.get("/probes"), array(_PROBE))
