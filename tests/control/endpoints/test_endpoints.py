"""Endpoints made, listed and erased (§4.4), and who may do it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
from bench.processes import simulator
from tests.control.endpoints.calls import ENDPOINTS, create_endpoint, models_at
from tests.control.endpoints.provider import listing, scripted
from tests.control.management import API, SECRET_KEY, Management, answered, refused

from control_layer.contract.sealing import Seal
from control_layer.control.permissions import Role

_FIELDS = {
    "id", "name", "description", "url", "model_filter", "requires_api_key", "auth_header_name", "auth_header_prefix",
    "verify_tls", "dialect", "created_by", "created_at", "updated_at",
}  # fmt: skip


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with simulator("--api-key", "provider-secret") as url:
        yield url


async def test_imports_what_the_provider_lists(management: Management, provider_url: str) -> None:
    body = {"name": "sim", "url": provider_url, "api_key": "provider-secret"}
    endpoint = await answered(management.admin.post(ENDPOINTS, json=body), 201)
    assert set(endpoint) == _FIELDS
    assert endpoint["url"] == provider_url
    assert endpoint["requires_api_key"] is True
    assert (endpoint["auth_header_name"], endpoint["auth_header_prefix"]) == ("Authorization", "Bearer ")
    assert endpoint["model_filter"] is None
    assert endpoint["created_by"] == management.admin_id
    assert await answered(management.admin.get(f"{ENDPOINTS}/{endpoint['id']}"), 200) == endpoint
    models = await models_at(management, endpoint["id"])
    assert models
    for name, model in models.items():
        assert model["alias"] == name
        assert model["created_by"] == "00000000-0000-0000-0000-000000000000"
        assert await answered(management.admin.get(f"{API}/models/{model['id']}/groups"), 200) == []


async def test_the_credential_is_kept_sealed_and_never_shown(management: Management) -> None:
    async with scripted(listing("m")) as provider:
        body = {"name": "sealed", "url": provider.url, "api_key": "sk-provider-secret"}
        response = await management.admin.post(ENDPOINTS, json=body)
        assert "authorization: bearer sk-provider-secret" in provider.heads[0].lower()
        assert provider.heads[0].startswith("GET /v1/models HTTP/1.1\r\n")
    assert "sk-provider-secret" not in response.text
    ((sealed,),) = await management.sql("SELECT sealed_credential FROM endpoints")
    assert b"sk-provider-secret" not in sealed
    assert Seal(SECRET_KEY, "provider-credential").open(sealed, response.json()["id"]) == "sk-provider-secret"


async def test_own_header_carries_the_credential(management: Management) -> None:
    async with scripted(listing("m")) as provider:
        await create_endpoint(
            management, url=provider.url, api_key="k", auth_header_name="X-Key", auth_header_prefix="", sync=True
        )
        assert "\r\nx-key: k\r\n" in provider.heads[0].lower()
        assert "authorization" not in provider.heads[0].lower()


async def test_filter_mapping_and_detected_types(management: Management) -> None:
    async with scripted(listing("chat", "bge-m3", "bge-reranker", "unwanted")) as provider:
        endpoint = await create_endpoint(
            management,
            url=provider.url,
            sync=True,
            model_filter=["chat", "bge-m3", "bge-reranker", "not-there"],
            alias_mapping={"chat": " best ", "unwanted": "x"},
        )
    models = await models_at(management, endpoint["id"])
    assert {name: (model["alias"], model["model_type"]) for name, model in models.items()} == {
        "chat": ("best", "CHAT"),
        "bge-m3": ("bge-m3", "EMBEDDINGS"),
        "bge-reranker": ("bge-reranker", "RERANKER"),
    }


async def test_skip_fetch_creates_the_filters_models_without_asking(management: Management) -> None:
    endpoint = await create_endpoint(management, sync=True, skip_fetch=True, model_filter=["one", "two"])
    assert set(await models_at(management, endpoint["id"])) == {"one", "two"}
    assert await models_at(management, (await create_endpoint(management))["id"]) == {}


async def test_alias_clashes_are_named_and_nothing_is_kept(management: Management) -> None:
    await create_endpoint(management, skip_fetch=True, model_filter=["taken"])
    async with scripted(listing("taken", "free", "a", "b")) as provider:
        body = {"name": "clash", "url": provider.url, "alias_mapping": {"a": "same", "b": "same"}}
        conflict = await answered(management.admin.post(ENDPOINTS, json=body), 409)
        assert conflict == {
            "message": "Alias conflicts detected during endpoint creation",
            "conflicts": [{"model_name": "b", "attempted_alias": "same"}],
        }
        conflict = await answered(management.admin.post(ENDPOINTS, json=body | {"alias_mapping": {}}), 409)
        assert conflict["conflicts"] == [{"model_name": "taken", "attempted_alias": "taken"}]
    names = [endpoint["name"] for endpoint in await answered(management.admin.get(ENDPOINTS), 200)]
    assert "clash" not in names
    page = await answered(management.admin.get(f"{API}/models"), 200)
    assert [model["alias"] for model in page["data"]] == ["taken"]


async def test_name_is_unique_also_when_two_come_at_once(management: Management) -> None:
    body = {"name": "twice", "url": "http://127.0.0.1:9/", "sync": False}
    answers = await asyncio.gather(*(management.admin.post(ENDPOINTS, json=body) for _ in range(4)))
    assert sorted(response.status_code for response in answers) == [201, 409, 409, 409]
    for response in answers:
        if response.status_code == 409:
            expected = {"message": "An endpoint with this name already exists", "resource": "endpoint"}
            assert response.json() == expected


async def test_one_alias_for_two_imports_at_once_is_a_conflict(management: Management) -> None:
    bodies = [
        {"name": f"race-{number}", "url": "http://127.0.0.1:9/", "skip_fetch": True, "model_filter": ["prize"]}
        for number in range(4)
    ]
    answers = await asyncio.gather(*(management.admin.post(ENDPOINTS, json=body) for body in bodies))
    assert sorted(response.status_code for response in answers) == [201, 409, 409, 409]
    losers = [response.json()["conflicts"] for response in answers if response.status_code == 409]
    assert losers == [[{"model_name": "prize", "attempted_alias": "prize"}]] * 3


async def test_lists_newest_first_with_skip_and_limit(management: Management) -> None:
    ids = [(await create_endpoint(management))["id"] for _ in range(12)]
    listed = await answered(management.admin.get(ENDPOINTS), 200)
    assert [endpoint["id"] for endpoint in listed] == ids[::-1][:10]
    listed = await answered(management.admin.get(f"{ENDPOINTS}?skip=10&limit=5"), 200)
    assert [endpoint["id"] for endpoint in listed] == ids[::-1][10:]


async def test_deleting_an_endpoint_frees_the_aliases_of_all_itsmodels_at(management: Management) -> None:
    endpoint = await create_endpoint(management, skip_fetch=True, model_filter=["a", "b"])
    models = await models_at(management, endpoint["id"])
    await answered(management.admin.delete(f"{API}/models/{models['a']['id']}"), 200)
    await answered(management.admin.delete(f"{ENDPOINTS}/{endpoint['id']}"), 204)
    await refused(
        management.admin.delete(f"{ENDPOINTS}/{endpoint['id']}"), 404, f"Endpoint with ID {endpoint['id']} not found"
    )
    await refused(management.admin.get(f"{API}/models/{models['b']['id']}"), 404)
    again = await create_endpoint(management, skip_fetch=True, model_filter=["a", "b"])
    assert set(await models_at(management, again["id"])) == {"a", "b"}


_CALLS = [
    ("GET", "", "Read"),
    ("POST", "", "Create"),
    ("POST", "/validate", "Update"),
    ("GET", "/{id}", "Read"),
    ("PATCH", "/{id}", "Update"),
    ("DELETE", "/{id}", "Delete"),
    ("POST", "/{id}/synchronize", "Update"),
]


async def test_only_platform_managers_have_endpoints(management: Management) -> None:
    endpoint = await create_endpoint(management)
    for role in Role:
        if role is Role.PLATFORM_MANAGER:
            continue
        person = await management.person(role)
        for method, path, operation in _CALLS:
            call = person.client.request(method, ENDPOINTS + path.format(id=endpoint["id"]), content=b"garbage")
            await refused(call, 403, f"Insufficient permissions to {operation} Endpoints")
    manager = await management.person(Role.PLATFORM_MANAGER)
    body = {"name": "theirs", "url": "http://127.0.0.1:9/", "sync": False}
    made = await answered(manager.client.post(ENDPOINTS, json=body), 201)
    assert made["created_by"] == manager.id
    await answered(manager.client.get(f"{ENDPOINTS}/{made['id']}"), 200)
    await answered(manager.client.patch(f"{ENDPOINTS}/{made['id']}", json={}), 200)
    await answered(manager.client.delete(f"{ENDPOINTS}/{made['id']}"), 204)


async def test_nobody_is_let_in_without_a_credential(management: Management) -> None:
    nobody = await management.client()
    for method, path, _ in _CALLS:
        await refused(nobody.request(method, ENDPOINTS + path.format(id=uuid.uuid4())), 401, "Authentication required")
        if "{id}" in path:
            await refused(nobody.request(method, ENDPOINTS + path.format(id="nonsense")), 400)
