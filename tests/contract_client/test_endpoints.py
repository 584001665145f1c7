"""Section 4.4: the providers' endpoints."""

from __future__ import annotations

import pytest
from tests.contract_client.client import World, fresh
from tests.contract_client.objects import ENDPOINT
from tests.contract_client.shapes import INT, STR, TS, UUID, array, fits

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"
_SYNC = {
    "endpoint_id": UUID,
    "changes_made": INT,
    "new_models_created": INT,
    "models_reactivated": INT,
    "models_deactivated": INT,
    "models_deleted": INT,
    "total_models_fetched": INT,
    "filtered_models_count": INT,
    "synced_at": TS,
}
_DEAD = "http://127.0.0.1:9/v1"


def test_an_endpoint_is_whole_and_keeps_its_secret(world: World) -> None:
    made = world.endpoint(url="http://127.0.0.1:9", api_key="provider-secret-1", description="d")
    fits(made, ENDPOINT)
    assert made["url"] == "http://127.0.0.1:9/"
    assert (made["requires_api_key"], made["auth_header_name"], made["auth_header_prefix"]) == (
        True,
        "Authorization",
        "Bearer ",
    )
    assert "reasoning_translation" not in made
    got = world.admin.call("GET", f"/endpoints/{made['id']}")
    assert got.json() == made
    assert "provider-secret-1" not in got.text
    listed = world.admin.get("/endpoints", limit=1)
    assert [one["id"] for one in listed] == [made["id"]]
    assert not world.endpoint()["requires_api_key"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"url": "not a url"}, 400),
        ({"url": "/relative"}, 400),
        ({"url": None}, 422),
        ({"name": 1}, 422),
        ({"url": _DEAD, "skip_fetch": False}, 500),
    ],
)
def test_refused_endpoints_leave_nothing(world: World, fields: dict[str, object], status: int) -> None:
    name = fresh("refused")
    answer = world.admin.call("POST", "/endpoints", {"name": name, "url": world.provider, "skip_fetch": True, **fields})
    assert answer.status_code == status, answer.text
    if status == 400:
        assert answer.text == "Invalid URL format"
    assert name not in {one["name"] for one in world.admin.get("/endpoints", limit=101)}


def test_import_is_all_or_nothing(world: World) -> None:
    name, alias = fresh("import"), fresh("alias")
    body = {
        "name": name,
        "url": world.provider,
        "model_filter": ["sim-small", "sim-embed"],
        "alias_mapping": {"sim-small": alias, "sim-embed": fresh("embed")},
    }
    made = world.admin.must("POST", "/endpoints", body, status=201)
    models = world.admin.get("/models", endpoint=made["id"], include="groups")["data"]
    assert {model["model_name"]: model["model_type"] for model in models} == {
        "sim-small": "CHAT",
        "sim-embed": "EMBEDDINGS",
    }
    assert alias in {model["alias"] for model in models}
    assert all(model["groups"] == [] for model in models)
    clash = world.admin.call("POST", "/endpoints", {**body, "name": fresh("import")})
    assert clash.status_code == 409
    conflict = clash.json()
    assert conflict["message"] == "Alias conflicts detected during endpoint creation"
    assert {"model_name": "sim-small", "attempted_alias": alias} in conflict["conflicts"]
    world.admin.must("DELETE", f"/endpoints/{made['id']}", status=204)
    assert world.admin.call("GET", f"/models/{models[0]['id']}").status_code == 404
    world.admin.must("POST", "/endpoints", body, status=201)  # name and aliases are free again


def test_validate_asks_the_provider_and_keeps_nothing(world: World) -> None:
    good = world.admin.must("POST", "/endpoints/validate", {"type": "new", "url": world.provider}, status=200)
    assert (good["status"], good["error"], good["models"]["object"]) == ("success", None, "list")
    fits(good["models"]["data"], array({"id": STR, "object": STR, "owned_by": STR}))
    for body, status in (
        ({"type": "new", "url": "no url"}, 400),
        ({"type": "existing", "endpoint_id": _UNKNOWN}, 404),
        ({"type": "new", "url": _DEAD}, 500),
    ):
        assert world.admin.call("POST", "/endpoints/validate", body).status_code == status, body


def test_synchronize_counts_what_it_did(world: World) -> None:
    made = world.endpoint(
        model_filter=["sim-small", "gone-upstream"],
        alias_mapping={"sim-small": fresh("a"), "gone-upstream": fresh("b")},
    )
    result = world.admin.must("POST", f"/endpoints/{made['id']}/synchronize", status=200)
    fits(result, _SYNC)
    assert (result["endpoint_id"], result["models_deactivated"], result["new_models_created"]) == (made["id"], 1, 0)
    inactive = world.admin.get("/models", endpoint=made["id"], inactive="true")["data"]
    assert [model["model_name"] for model in inactive] == ["gone-upstream"]
    assert [model["model_name"] for model in world.admin.get("/models", endpoint=made["id"])["data"]] == ["sim-small"]
    assert world.admin.call("POST", f"/endpoints/{_UNKNOWN}/synchronize").status_code == 404


def test_patch_of_an_endpoint(world: World) -> None:
    made = world.endpoint(api_key="secret", description="d")
    path = f"/endpoints/{made['id']}"
    kept = world.admin.must("PATCH", path, {"api_key": None, "description": None, "model_filter": None}, status=200)
    assert (kept["requires_api_key"], kept["description"]) == (True, "d")
    assert world.admin.must("PATCH", path, {}, status=200)["name"] == made["name"]
    # A stored credential is not sent elsewhere unasked (rule 4).
    assert world.admin.call("PATCH", path, {"url": _DEAD}).status_code == 400
    # A failed fetch is no failure.
    assert world.admin.must("PATCH", path, {"url": _DEAD, "api_key": "other"}, status=200)["url"] == _DEAD
    assert world.admin.call("PATCH", path, {"url": "no url"}).status_code == 400
    assert world.admin.call("PATCH", path, {"name": world.endpoint()["name"]}).status_code == 409
    assert world.admin.call("PATCH", f"/endpoints/{_UNKNOWN}", {}).status_code == 404
    assert world.admin.call("DELETE", f"/endpoints/{_UNKNOWN}").status_code == 404
