"""A running instance, checked by scim2-tester, and what disabling does at its gateways."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
from bench.processes import simulator
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server
from tests.running import Instance, running, until

pytestmark = pytest.mark.server

_MODEL = "sim-small"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with simulator() as provider, running(tmp_path_factory.mktemp("instance")) as instance:
        instance.connect_provider(provider, [_MODEL])
        yield instance


@pytest.fixture(scope="module")
def headers(instance: Instance) -> dict[str, str]:
    key = instance.make_key("directory", purpose="platform")["key"]
    return {"authorization": f"Bearer {key}", "content-type": "application/scim+json"}


def test_every_check_of_scim2_tester_passes(instance: Instance, headers: dict[str, str]) -> None:
    with httpx2.Client(base_url=f"{instance.address}/scim/v2", headers=headers, timeout=30.0) as client:
        results = check_server(SyncSCIMClient(client))
    skipped = {result.reason for result in results if result.status is Status.SKIPPED}
    passed = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED}
    assert [result for result in results if result.status not in passed] == []
    # A search over users and groups at once is the one thing that is not offered.
    assert all("several resource types at once" in str(reason) for reason in skipped)
    assert {result.resource_type for result in results} >= {"User", "Group"}
    assert len(results) > 40


def test_a_disabled_persons_key_is_refused_by_the_gateway_and_comes_back(
    instance: Instance, headers: dict[str, str]
) -> None:
    def scim(method: str, path: str, body: Any) -> Any:
        answer = httpx.request(method, f"{instance.address}/scim/v2{path}", json=body, headers=headers, timeout=30.0)
        assert answer.is_success, answer.text
        return answer.json()

    def set_active(active: bool) -> None:
        operation = {"op": "replace", "path": "active", "value": active}
        patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
        assert scim("PATCH", f"/Users/{user['id']}", patch)["active"] is active

    def status() -> int:
        body = {"model": _MODEL, "messages": [{"role": "user", "content": "hello"}]}
        bearer = {"authorization": f"Bearer {key}"}
        url = f"{instance.base_url}/chat/completions"
        return httpx.post(url, json=body, headers=bearer, timeout=30.0).status_code

    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    user = scim("POST", "/Users", {"schemas": [schema], "userName": f"jo-{uuid.uuid4()}", "active": True})
    key = instance.make_key("work", user_id=user["id"])["key"]
    instance.wait_callable(key, _MODEL)
    set_active(False)
    until(lambda: status() == 401, seconds=5.0, message="the key of a disabled person still works")
    set_active(True)
    until(lambda: status() == 200, seconds=5.0, message="the key of a person who is back does not work")
