"""Section 4.5: models, what of them whom is shown, tariffs and deletion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.contract_client.client import Person, World, fresh
from tests.contract_client.objects import BARE, CACHE, ENDPOINT, METRICS, PRIVILEGED, STATUS, TARIFF
from tests.contract_client.shapes import DEC, INT, NUM, STR, UUID, array, fits

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"
_LIMITS = ("requests_per_second", "burst_size", "capacity", "batch_capacity", "throughput")
_PRICES = {"input_price_per_token": "0.001", "output_price_per_token": 0.002}


def test_a_plain_model_has_the_defaults_and_leaves_out_what_it_has_not(world: World, endpoint: str) -> None:
    model = world.model(endpoint, alias=None, model_name=f" {fresh('sim')} ")
    fits(model, {**BARE, **PRIVILEGED})
    assert model["alias"] == model["model_name"] == model["model_name"].strip()
    assert (
        not {
            *_LIMITS,
            "display_name",
            "metadata",
            "traffic_routing_rules",
            "allowed_batch_completion_windows",
            "lb_strategy",
            "components",
            "groups",
            "tariffs",
            "endpoint",
            "metrics",
            "status",
        }
        & model.keys()
    )
    assert model["fallback"] == {
        "enabled": False,
        "on_rate_limit": True,
        "on_status": [429, 499, 500, 502, 503, 504],
        "with_replacement": False,
    }
    inherit = {"mode": "inherit"}
    assert model["reasoning_translation_overrides"] == {"chat_completions": inherit, "responses": inherit}
    assert (model["is_composite"], model["sanitize_responses"], model["trusted"], model["open_responses_adapter"]) == (
        False,
        False,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"type": None}, 422),
        ({"type": "other"}, 422),
        ({"model_name": " "}, 400),
        ({"alias": " "}, 400),
        ({"model_name": None}, 422),
        ({"hosted_on": _UNKNOWN}, 404),
        ({"hosted_on": "x"}, 422),
        ({"throughput": 0}, 400),
        ({"backoff_initial_ms": 0}, 400),
        ({"backoff_factor": 0.5}, 400),
        ({"backoff_initial_ms": 6000}, 400),
        ({"model_type": "TEXT"}, 422),
        ({"metadata": {"extra": {str(n): n for n in range(51)}}}, 400),
        ({"allowed_batch_completion_windows": ["99h"]}, 400),
        (
            {
                "traffic_routing_rules": [
                    {"api_key_purpose": "batch", "action": {"type": "redirect", "target": "no-such"}}
                ]
            },
            400,
        ),
        ({"tariffs": [{"name": "t", **_PRICES, "api_key_purpose": "realtime"}] * 2}, 409),
    ],
)
def test_refused_models(world: World, endpoint: str, fields: dict[str, Any], status: int) -> None:
    body = {"type": "standard", "model_name": "sim-small", "alias": fresh("m"), "hosted_on": endpoint, **fields}
    answer = world.admin.call("POST", "/models", body)
    assert answer.status_code == status, answer.text
    for field in ("model_name", "alias"):
        if fields.get(field) == " ":
            assert answer.text == f"Field '{field}' must not be empty or whitespace"


def test_who_is_shown_what(world: World, people: dict[str, Person], endpoint: str) -> None:
    limits = {"requests_per_second": 100, "burst_size": 200, "capacity": 3, "batch_capacity": 2, "throughput": 1.5}
    pricing = {"mode": "per_token", "input_price_per_token": "0.0025", "output_price_per_token": "0.005"}
    model = world.model(
        endpoint,
        **limits,
        provider_pricing=pricing,
        tariffs=[{"name": "Standard", **_PRICES, "api_key_purpose": "realtime"}],
    )
    world.grant(model["id"])
    everything = "groups,metrics,status,pricing,endpoints,components,nonsense"
    path = f"/models/{model['id']}"
    full = people["PlatformManager"].get(path, include=everything)
    shape = {
        **BARE,
        **PRIVILEGED,
        "groups": array({"id": UUID, "name": STR}),
        "metrics": METRICS,
        "status": STATUS,
        "tariffs": array(TARIFF),
        "cache_pricing": CACHE,
        "endpoint": ENDPOINT,
        "provider_pricing": {"mode": STR, "input_price_per_token": DEC, "output_price_per_token": DEC},
        "requests_per_second": NUM,
        "burst_size": INT,
        "capacity": INT,
        "batch_capacity": INT,
        "throughput": NUM,
    }
    fits(full, shape)
    assert full["cache_pricing"] == {name: False if name == "enabled" else None for name in CACHE}
    assert full["metrics"]["total_requests"] == 0
    assert full["status"] == {
        "probe_id": None,
        "active": False,
        "interval_seconds": None,
        "last_check": None,
        "last_success": None,
        "uptime_percentage": full["status"]["uptime_percentage"],
    }
    (tariff,) = full["tariffs"]
    assert (Decimal(tariff["input_price_per_token"]), tariff["valid_until"], tariff["is_active"]) == (
        Decimal("0.001"),
        None,
        True,
    )
    few = people["StandardUser"].get(path, include=everything)
    fits(few, {**BARE, "tariffs": array(TARIFF), "cache_pricing": CACHE, "status": STATUS})
    plain = {
        "id",
        "model_name",
        "alias",
        "description",
        "model_type",
        "capabilities",
        "hosted_on",
        "created_at",
        "updated_at",
    }
    assert few.keys() == plain | {"tariffs", "cache_pricing", "status"}
    assert people["StandardUser"].get(path).keys() == plain
    listed = people["PlatformManager"].get("/models", search=model["alias"])["data"]
    assert "provider_pricing" in listed[0]
    assert "provider_pricing" not in people["PlatformManager"].get(path)
    viewer = people["RequestViewer"].get(path, include=everything)
    assert "metrics" in viewer
    assert not {"groups", "endpoint", "provider_pricing", "created_by"} & viewer.keys()


def test_who_cannot_reach_a_model_does_not_see_it(world: World, people: dict[str, Person], endpoint: str) -> None:
    model, person = world.model(endpoint), world.person()
    query = {"search": model["alias"]}
    assert person.call("GET", f"/models/{model['id']}").status_code == 404
    for wider in ({}, {"accessible": "false"}, {"deleted": "true"}, {"endpoint": endpoint}):
        page = person.get("/models", **query, **wider)
        assert (page["data"], page["total_count"]) == ([], 0)
    assert people["PlatformManager"].get("/models", **query)["total_count"] == 1
    assert people["PlatformManager"].get("/models", **query, accessible="true")["total_count"] == 0
    assert world.admin.get("/models", **query, accessible="true")["total_count"] == 0
    for method, body in (("PATCH", {}), ("DELETE", None)):
        assert person.call(method, f"/models/{model['id']}", body).status_code == 403
    group = world.group()
    world.grant(model["id"], group["id"])
    world.admin.must("POST", f"/groups/{group['id']}/users/{person.id}", status=204)
    assert person.get("/models", **query)["total_count"] == 1
    key = person.must("POST", "/users/current/api-keys", {"name": fresh("k")}, status=201)
    assert model["id"] in key["model_access"]
    assert person.call("GET", f"/models/{model['id']}/groups").status_code == 403


def test_deletion_is_soft_idempotent_and_keeps_the_alias(
    world: World, people: dict[str, Person], endpoint: str
) -> None:
    model = world.model(endpoint)
    world.grant(model["id"])
    path = f"/models/{model['id']}"
    for _ in range(2):
        assert world.admin.must("DELETE", path, status=200) == model["id"]
    assert world.admin.call("DELETE", f"/models/{_UNKNOWN}").status_code == 404
    for who in ("PlatformManager", "StandardUser"):
        assert people[who].call("GET", f"{path}?deleted=true").status_code == 404
    assert people["PlatformManager"].call("PATCH", path, {}).status_code == 404
    assert world.admin.call("GET", path).status_code == 404
    assert world.admin.get(path, deleted="true")["id"] == model["id"]
    assert world.admin.must("PATCH", path, {"description": "late"}, status=200)["description"] == "late"
    query = {"search": model["alias"]}
    counts = [
        caller.get("/models", **query, **flag)["total_count"]
        for caller in (world.admin, people["PlatformManager"])
        for flag in ({}, {"deleted": "true"})
    ]
    assert counts == [0, 1, 0, 0]
    again = world.admin.call(
        "POST", "/models", {"type": "standard", "model_name": "x", "alias": model["alias"], "hosted_on": endpoint}
    )
    assert again.status_code == 409


def test_patch_of_a_model(world: World, endpoint: str) -> None:
    tri = {"requests_per_second": 5, "burst_size": 7, "capacity": 3, "batch_capacity": 2, "throughput": 1.5}
    model = world.model(
        endpoint,
        **tri,
        description="d",
        capabilities=["vision"],
        model_type="CHAT",
        display_name="Shown",
        metadata={"provider": "Acme"},
    )
    path = f"/models/{model['id']}"
    kept = world.admin.must(
        "PATCH",
        path,
        {"description": None, "capabilities": None, "model_type": None, "hosted_on": _UNKNOWN, "model_name": "x"},
        status=200,
    )
    assert {name: kept[name] for name in ("description", "capabilities", "model_type", "hosted_on", "model_name")} == {
        "description": "d",
        "capabilities": ["vision"],
        "model_type": "CHAT",
        "hosted_on": endpoint,
        "model_name": "sim-small",
    }
    assert (kept["display_name"], kept["metadata"]["provider"]) == ("Shown", "Acme")
    cleared = world.admin.must("PATCH", path, dict.fromkeys(tri), status=200)
    assert not tri.keys() & cleared.keys()
    backed = world.admin.must("PATCH", path, {"backoff_enabled": True}, status=200)["fallback"]
    assert (backed["enabled"], backed["with_replacement"], backed["max_attempts"]) == (True, True, 3)
    assert backed["backoff"] == {"initial_ms": 100, "max_ms": 5000, "factor": 2.0, "jitter": "full"}
    assert world.admin.must("PATCH", path, {"backoff_enabled": False}, status=200)["fallback"]["enabled"] is False
    assert world.admin.call("PATCH", path, {"alias": world.model(endpoint)["alias"]}).status_code == 409
    assert world.admin.call("PATCH", f"/models/{_UNKNOWN}", {}).status_code == 404


def test_tariffs_are_the_whole_desired_set(world: World, endpoint: str) -> None:
    wanted = [{"name": "a", **_PRICES, "api_key_purpose": "realtime"}, {"name": "b", **_PRICES}]
    path = f"/models/{world.model(endpoint, tariffs=wanted)['id']}"

    def active() -> dict[str, str]:
        return {one["name"]: one["id"] for one in world.admin.get(path, include="pricing")["tariffs"]}

    first = active()
    assert first.keys() == {"a", "b"}
    changed = [wanted[0], {**wanted[1], "output_price_per_token": "9"}]
    world.admin.must("PATCH", path, {"tariffs": changed}, status=200)
    second = active()
    assert second["a"] == first["a"]
    assert second["b"] != first["b"]
    world.admin.must("PATCH", path, {"description": "x"}, status=200)
    assert active() == second
    world.admin.must("PATCH", path, {"tariffs": []}, status=200)
    assert active() == {}


def test_the_list_sorts_filters_and_counts(world: World, endpoint: str) -> None:
    stem = fresh("sorted")
    kinds = (("b", "CHAT", {"provider": "Zeta"}), ("a", "EMBEDDINGS", {"provider": "alpha"}), ("c", None, None))
    for letter, kind, metadata in kinds:
        world.model(
            endpoint, alias=f"{stem}-{letter}", model_type=kind, metadata=metadata, capabilities=["x"] if kind else None
        )

    def letters(**query: Any) -> str:
        page = world.admin.get("/models", search=stem.upper(), **query)
        assert page["total_count"] == len(page["data"])
        return "".join(model["alias"][-1] for model in page["data"])

    assert letters() == "cab"
    assert letters(sort="alias") == "abc"
    assert letters(sort="alias", sort_direction="desc") == "cba"
    assert letters(sort="provider") == "abc"
    assert letters(model_type="CHAT") == "b"
    assert letters(provider="zETA") == "b"
    assert letters(capability="x", sort="alias") == "ab"
    assert letters(is_composite="true") == ""
    facets = world.admin.get("/models", include="facets")["facets"]
    fits(facets, {"providers": array(STR), "capabilities": array(STR), "model_types": array(STR)})
    assert "facets" not in world.admin.get("/models")
    assert world.admin.call("GET", f"/models?endpoint={_UNKNOWN}").status_code == 404
