"""Endpoints changed and synchronised (§4.4)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint, models_at
from tests.control.endpoints.provider import listing, scripted
from tests.control.management import API, Management, answered, refused

from control_layer.contract.sealing import Seal


async def test_patch_keeps_what_is_absent_or_null(management: Management) -> None:
    endpoint = await create_endpoint(management, description="d", api_key="k", skip_fetch=True, model_filter=["m"])
    url = f"{ENDPOINTS}/{endpoint['id']}"
    assert await answered(management.admin.patch(url, json={}), 200) == endpoint
    names = ("name", "description", "api_key", "model_filter", "url", "auth_header_name", "verify_tls")
    nulls: dict[str, object] = {"alias_mapping": {}, **dict.fromkeys(names)}
    kept = await answered(management.admin.patch(url, json=nulls), 200)
    assert {**kept, "updated_at": ""} == {**endpoint, "updated_at": ""}


async def test_patch_sets_and_clears_the_reasoning_translation(management: Management) -> None:
    translation: dict[str, Any] = {"unsupported_efforts": ["xhigh", "max", "none", "minimal"], "writes": [
        {"target_path": "/reasoning/effort", "values": {"low": 1, "medium": 2, "high": 3}}
    ]}  # fmt: skip
    endpoint = await create_endpoint(management, reasoning_translation={"responses": translation})
    assert endpoint["reasoning_translation"] == {"responses": translation}
    url = f"{ENDPOINTS}/{endpoint['id']}"
    patched = await answered(
        management.admin.patch(url, json={"alias_mapping": {}, "reasoning_translation": None}), 200
    )
    assert "reasoning_translation" not in patched
    incomplete = {"responses": {"unsupported_efforts": ["max"], "writes": []}}
    await refused(management.admin.patch(url, json={"reasoning_translation": incomplete}), 400)
    for place in ("", "effort", "/a~2", "/model", "/stream_options/x", "/generationConfig", "/a" * 17):
        elsewhere = {**translation, "writes": [{**translation["writes"][0], "target_path": place}]}
        await refused(management.admin.patch(url, json={"reasoning_translation": {"responses": elsewhere}}), 400)


async def test_patch_with_mapping_realiases_creates_and_removes_without_asking(management: Management) -> None:
    endpoint = await create_endpoint(management, skip_fetch=True, model_filter=["a", "b", "c"])
    before = await models_at(management, endpoint["id"])
    # a and b swap aliases, c goes, d comes.
    body = {"model_filter": ["a", "b", "d"], "alias_mapping": {"a": "b", "b": "a", "d": "delta"}}
    patched = await answered(management.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json=body), 200)
    assert patched["model_filter"] == ["a", "b", "d"]
    after = await models_at(management, endpoint["id"])
    assert {name: model["alias"] for name, model in after.items()} == {"a": "b", "b": "a", "d": "delta"}
    assert after["a"]["id"] == before["a"]["id"]
    assert (await create_endpoint(management, skip_fetch=True, model_filter=["c"]))["id"]


async def test_patch_with_a_clashing_mapping_changes_nothing(management: Management) -> None:
    await create_endpoint(management, skip_fetch=True, model_filter=["taken"])
    endpoint = await create_endpoint(management, skip_fetch=True, model_filter=["a", "b"])
    url = f"{ENDPOINTS}/{endpoint['id']}"
    for mapping in ({"a": "taken"}, {"a": "same", "b": "same"}, {"a": "b"}):
        conflict = await answered(management.admin.patch(url, json={"name": "new", "alias_mapping": mapping}), 409)
        assert conflict["conflicts"], mapping
    assert {name: model["alias"] for name, model in (await models_at(management, endpoint["id"])).items()} == {
        "a": "a",
        "b": "b",
    }
    assert (await answered(management.admin.get(url), 200))["name"] == endpoint["name"]


async def test_patch_stands_though_the_provider_is_away(management: Management) -> None:
    endpoint = await create_endpoint(management)
    patched = await answered(management.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json={"name": "renamed"}), 200)
    assert patched["name"] == "renamed"
    assert (await answered(management.admin.get(f"{ENDPOINTS}/{endpoint['id']}"), 200))["name"] == "renamed"


async def test_patch_synchronises_with_the_new_address_and_the_new_key(management: Management) -> None:
    endpoint = await create_endpoint(management, api_key="old")
    async with scripted(listing("fresh")) as provider:
        body = {"url": provider.url, "api_key": "new"}
        await answered(management.admin.patch(f"{ENDPOINTS}/{endpoint['id']}", json=body), 200)
        assert "bearer new" in provider.heads[0].lower()
    assert set(await models_at(management, endpoint["id"])) == {"fresh"}


async def test_synchronise_follows_the_provider(management: Management) -> None:
    async with scripted(listing("a", "b", "c")) as provider:
        endpoint = await create_endpoint(management, url=provider.url, sync=True)
        url = f"{ENDPOINTS}/{endpoint['id']}"
        models = await models_at(management, endpoint["id"])
        await answered(management.admin.delete(f"{API}/models/{models['c']['id']}"), 200)
        provider.reply = listing("a", "c", "new")
        done = await answered(management.admin.post(f"{url}/synchronize"), 200)
        assert done.pop("synced_at")
        assert done == {
            "endpoint_id": endpoint["id"],
            "changes_made": 2,
            "new_models_created": 1,
            "models_reactivated": 0,
            "models_deactivated": 1,
            "models_deleted": 0,
            "total_models_fetched": 3,
            "filtered_models_count": 3,
            "dry_run": False,
            "changes": {"created": ["new"], "reactivated": [], "deactivated": ["b"], "deleted": [], "skipped": []},
        }
        # b is inactive, c stays deleted.
        assert set(await models_at(management, endpoint["id"])) == {"a", "new"}
        provider.reply = listing("a", "b", "new")
        done = await answered(management.admin.post(f"{url}/synchronize"), 200)
        assert (done["models_reactivated"], done["changes_made"]) == (1, 1)
        assert set(await models_at(management, endpoint["id"])) == {"a", "b", "new"}
        await answered(management.admin.patch(url, json={"model_filter": ["a"]}), 200)
        assert set(await models_at(management, endpoint["id"])) == {"a"}
        done = await answered(management.admin.post(f"{url}/synchronize"), 200)
        assert (done["changes_made"], done["total_models_fetched"], done["filtered_models_count"]) == (0, 3, 1)


async def test_synchronise_skips_an_alias_that_another_model_has(management: Management) -> None:
    await create_endpoint(management, skip_fetch=True, model_filter=["taken"])
    async with scripted(listing("taken", "free")) as provider:
        endpoint = await create_endpoint(management, url=provider.url)
        done = await answered(management.admin.post(f"{ENDPOINTS}/{endpoint['id']}/synchronize"), 200)
    assert done["new_models_created"] == 1
    assert set(await models_at(management, endpoint["id"])) == {"free"}


async def test_two_synchronisations_at_once_create_once(management: Management) -> None:
    async with scripted(listing(*(f"m{number}" for number in range(20)))) as provider:
        endpoint = await create_endpoint(management, url=provider.url)
        url = f"{ENDPOINTS}/{endpoint['id']}/synchronize"
        done = await asyncio.gather(*(answered(management.admin.post(url), 200) for _ in range(3)))
    assert sorted(each["new_models_created"] for each in done) == [0, 0, 20]


async def test_a_dry_run_says_what_a_synchronisation_then_does(management: Management) -> None:
    await create_endpoint(management, skip_fetch=True, model_filter=["taken"])
    async with scripted(listing("kept", "gone", "back", "outside")) as provider:
        endpoint = await create_endpoint(management, url=provider.url, sync=True)
        url = f"{ENDPOINTS}/{endpoint['id']}/synchronize"
        provider.reply = listing("kept", "gone", "outside")
        await answered(management.admin.post(url), 200)
        await management.sql(
            "UPDATE endpoints SET model_filter = '{kept,gone,back,new,taken}' WHERE url = $1", provider.url
        )
        provider.reply = listing("kept", "back", "new", "taken", "outside")
        before = await management.sql("SELECT id, alias, status FROM models ORDER BY id")
        would = await answered(management.admin.post(f"{url}?dry_run=true"), 200)
        assert would["changes"] == {
            "created": ["new"],
            "reactivated": ["back"],
            "deactivated": ["gone"],
            "deleted": ["outside"],
            "skipped": ["taken"],
        }
        assert (would["changes_made"], would["dry_run"], would["filtered_models_count"]) == (4, True, 4)
        assert await management.sql("SELECT id, alias, status FROM models ORDER BY id") == before
        did = await answered(management.admin.post(f"{url}?dry_run=false"), 200)
        assert {**did, "synced_at": "", "dry_run": ""} == {**would, "synced_at": "", "dry_run": ""}
        again = await answered(management.admin.post(f"{url}?dry_run=true"), 200)
        assert (again["changes_made"], again["changes"]["skipped"]) == (0, ["taken"])
    await refused(management.admin.post(f"{url}?dry_run=perhaps"), 400)
    await refused(management.admin.post(f"{ENDPOINTS}/{uuid.uuid4()}/synchronize?dry_run=true"), 404)


async def _credential(management: Management, endpoint: dict[str, str]) -> str | None:
    statement = "SELECT sealed_credential FROM endpoints WHERE id = $1"
    ((sealed,),) = await management.sql(statement, uuid.UUID(endpoint["id"]))
    return None if sealed is None else management.services.provider_credentials.open(sealed, endpoint["id"])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:10/", "https://127.0.0.1:9/", "http://localhost:9/", "http://127.0.0.1.example.org:9/"]
)
async def test_a_credential_does_not_follow_its_endpoint_to_another_origin(management: Management, url: str) -> None:
    endpoint = await create_endpoint(management, url="http://127.0.0.1:9/v1", api_key="old")
    path = f"{ENDPOINTS}/{endpoint['id']}"
    for more in ({}, {"api_key": None}, {"api_key": " "}, {"remove_api_key": False}):
        response = await management.admin.patch(path, json={"url": url, "name": "renamed", **more})
        assert (response.status_code, "api_key" in response.text, "old" in response.text) == (400, True, False)
        assert await answered(management.admin.get(path), 200) == endpoint
    for more, credential in (({"api_key": "new"}, "new"), ({"url": endpoint["url"], "remove_api_key": True}, None)):
        changed = await answered(management.admin.patch(path, json={"url": url, **more}), 200)
        assert changed["requires_api_key"] == (credential is not None)
        assert await _credential(management, endpoint) == credential


async def test_a_credential_stays_where_its_endpoint_stays(management: Management) -> None:
    endpoint = await create_endpoint(management, url="http://127.0.0.1:9/v1", api_key="old")
    path = f"{ENDPOINTS}/{endpoint['id']}"
    await answered(management.admin.patch(path, json={"url": "HTTP://127.0.0.1:9/other/v1"}), 200)
    assert await _credential(management, endpoint) == "old"
    await refused(management.admin.patch(path, json={"api_key": "new", "remove_api_key": True}), 400)
    await answered(management.admin.patch(path, json={"remove_api_key": True}), 200)
    assert await _credential(management, endpoint) is None
    await answered(management.admin.patch(path, json={"url": "http://127.0.0.1:11/"}), 200)


async def test_the_provider_at_the_new_address_never_hears_the_old_credential(management: Management) -> None:
    async with scripted(listing("m")) as old, scripted(listing("m")) as new:
        endpoint = await create_endpoint(management, url=old.url, api_key="first-secret", sync=True)
        path = f"{ENDPOINTS}/{endpoint['id']}"
        await refused(management.admin.patch(path, json={"url": new.url}), 400)
        await answered(management.admin.patch(path, json={"url": new.url, "api_key": "second-secret"}), 200)
        assert new.heads
        assert "first-secret" not in "".join(new.heads)


async def test_synchronise_reports_what_failed(management: Management) -> None:
    endpoint = await create_endpoint(management)
    response = await management.admin.post(f"{ENDPOINTS}/{endpoint['id']}/synchronize")
    assert (response.status_code, "refused the connection" in response.text) == (500, True)
    await refused(management.admin.post(f"{ENDPOINTS}/{uuid.uuid4()}/synchronize"), 404)


async def test_a_credential_sealed_with_another_secret_key_is_explained(management: Management) -> None:
    endpoint = await create_endpoint(management, api_key="k")
    sealed = Seal("another key", "provider-credential").seal("k", endpoint["id"])
    await management.sql("UPDATE endpoints SET sealed_credential = $1", sealed)
    response = await management.admin.post(f"{ENDPOINTS}/{endpoint['id']}/synchronize")
    assert (response.status_code, "Set api_key again" in response.text) == (500, True)


async def test_a_filter_is_taken_away_and_then_every_model_comes_in(management: Management) -> None:
    async with scripted(listing("a", "b")) as provider:
        endpoint = await create_endpoint(management, url=provider.url, sync=True, model_filter=["a"])
        path = f"{ENDPOINTS}/{endpoint['id']}"
        both = {"remove_model_filter": True, "model_filter": ["a"]}
        await refused(management.admin.patch(path, json=both), 400)
        changes = {"remove_model_filter": True, "alias_mapping": {}}
        changed = await answered(management.admin.patch(path, json=changes), 200)
        assert changed["model_filter"] is None
        assert set(await models_at(management, endpoint["id"])) == {"a"}
        await answered(management.admin.post(f"{path}/synchronize"), 200)
        assert set(await models_at(management, endpoint["id"])) == {"a", "b"}
