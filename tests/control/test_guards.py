"""What stands around keys, endpoints and models: forged requests, other sites' pages, large bodies, long pages."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.control.endpoints.calls import create_endpoint
from tests.control.management import (
    API,
    Management,
    answered,
    client_of,
    managed,
    refused,
    settings_for_tests,
)
from tests.control.models.calls import composite, standard

from control_layer.control.route import MAX_BODY_BYTES

_ID = "00000000-0000-4000-8000-000000000001"
_CHANGING = [
    ("POST", "/users/current/api-keys"),
    ("PATCH", f"/users/current/api-keys/{_ID}"),
    ("POST", f"/users/current/api-keys/{_ID}/rotate"),
    ("POST", f"/users/current/api-keys/{_ID}/reveal"),
    ("DELETE", f"/users/current/api-keys/{_ID}"),
    ("POST", "/endpoints"),
    ("POST", "/endpoints/validate"),
    ("PATCH", f"/endpoints/{_ID}"),
    ("POST", f"/endpoints/{_ID}/synchronize"),
    ("DELETE", f"/endpoints/{_ID}"),
    ("POST", "/models"),
    ("PATCH", f"/models/{_ID}"),
    ("DELETE", f"/models/{_ID}"),
    ("POST", f"/models/{_ID}/components/{_ID}"),
    ("PUT", f"/models/{_ID}/cache-pricing"),
    ("DELETE", f"/models/{_ID}/cache-pricing"),
    ("PUT", f"/models/{_ID}/traffic-policy"),
    ("DELETE", f"/models/{_ID}/traffic-policy"),
    ("POST", "/grants"),
    ("POST", f"/groups/{_ID}/models/{_ID}"),
    ("DELETE", f"/groups/{_ID}/models/{_ID}"),
]
_WITH_BODY = [
    (method, path)
    for method, path in _CHANGING
    if method in {"POST", "PATCH", "PUT"}
    and not path.endswith(("/reveal", "/synchronize", f"/groups/{_ID}/models/{_ID}"))
]


async def test_other_sites_pages_change_nothing_in_a_signed_in_persons_name(management: Management) -> None:
    for method, path in _CHANGING:
        response = await management.admin.request(method, API + path, json={}, headers={"origin": "https://evil.test"})
        assert (response.status_code, "another site" in response.text) == (403, True), (method, path)


async def test_bodies_are_bounded_everywhere(management: Management) -> None:
    body = json.dumps({"name": "x" * MAX_BODY_BYTES}).encode()
    for method, path in _WITH_BODY:
        headers = {"content-type": "application/json"}
        response = await management.admin.request(method, API + path, content=body, headers=headers)
        assert response.status_code == 413, (method, path)


async def test_named_origins_may_read_and_others_may_not(management: Management, database_url: str) -> None:
    cors = {"allowed_origins": ["https://pages.test"]}
    async with managed(database_url, settings_for_tests(auth={"security": {"cors": cors}})) as open_to_pages:
        for _, path in _CHANGING:
            asked = {"access-control-request-method": "PATCH", "origin": "https://pages.test"}
            allowed = await open_to_pages.admin.options(API + path, headers=asked)
            assert allowed.headers["access-control-allow-origin"] == "https://pages.test"
            refused_ = await open_to_pages.admin.options(API + path, headers=asked | {"origin": "https://evil.test"})
            assert "access-control-allow-origin" not in refused_.headers
    async with client_of(management.app) as client:
        answer = await client.options(f"{API}/models", headers={"origin": "https://pages.test"})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/users/current/api-keys", "/api-keys", "/endpoints", "/models"])
async def test_pages_are_clamped_never_refused(management: Management, path: str) -> None:
    for name in ("one", "two"):
        await create_endpoint(management, name=name, skip_fetch=True, model_filter=[name])
        await answered(management.admin.post(f"{API}/users/current/api-keys", json={"name": name}), 201)

    async def page(query: str) -> tuple[int, Any]:
        answer = await answered(management.admin.get(f"{API}{path}?{query}"), 200)
        if isinstance(answer, list):
            return len(answer), None
        assert answer["total_count"] == 2
        return len(answer["data"]), answer["limit"]

    bare = path == "/endpoints"
    assert await page("limit=0") == (1, None if bare else 1)
    assert await page("limit=-5&skip=-5") == (1, None if bare else 1)
    assert await page("limit=100000") == (2, None if bare else 101)
    assert await page(f"skip={2**70}") == (0, None if bare else 10)
    await refused(management.admin.get(f"{API}{path}?limit=ten"), 400)
    await refused((await management.client()).get(f"{API}{path}?skip=x"), 400)


async def test_what_is_not_a_field_is_ignored_also_where_it_is_a_column(management: Management) -> None:
    person, stranger = await management.person(), str(uuid.uuid4())
    forged = {
        "id": stranger, "user_id": management.admin_id, "created_by": management.admin_id, "hidden": True,
        "secret_digest": "00", "previous_digest": "00", "previous_expires_at": "2100-01-01T00:00:00Z", "is_admin": True,
    }  # fmt: skip
    made = await answered(person.client.post(f"{API}/users/current/api-keys", json={"name": "x", **forged}), 201)
    url = f"{API}/users/current/api-keys/{made['id']}"
    changed = await answered(person.client.patch(url, json=forged), 200)
    for key in (made, changed):
        assert (key["user_id"], key["created_by"]) == (person.id, person.id)
        assert key["id"] != stranger
        assert key["previous_secret_expires_at"] is None
    endpoint = await create_endpoint(management, id=stranger, created_by=person.id, sealed_credential="00")
    assert (endpoint["created_by"], endpoint["requires_api_key"]) == (management.admin_id, False)
    for model in (
        await standard(management, id=stranger, created_by=person.id, deleted_at="2020-01-01T00:00:00Z"),
        await composite(management, id=stranger, created_by=person.id, is_composite=False),
    ):
        assert (model["created_by"], model["id"] != stranger) == (management.admin_id, True)
