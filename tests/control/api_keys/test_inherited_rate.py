"""Defaults for keys without a rate of their own: in force, shown, and gone where the key has one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.running import Instance, running, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]

_MODEL = "sim-small"
_SETTINGS = {
    # So slow that nothing comes again while the tests run.
    "CONTROL_LAYER_AUTH__RATE_LIMITS__UNVERIFIED__REQUESTS_PER_SECOND": "0.0001",
    "CONTROL_LAYER_AUTH__RATE_LIMITS__UNVERIFIED__BURST_SIZE": "2",
    "CONTROL_LAYER_AUTH__RATE_LIMITS__VERIFIED__REQUESTS_PER_SECOND": "500",
}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with (
        simulator("--api-key", "provider-credential") as url,
        running(tmp_path_factory.mktemp("tiers"), environment=_SETTINGS) as instance,
    ):
        instance.connect_provider(url, [_MODEL], api_key="provider-credential")
        yield instance


def _person(instance: Instance) -> str:
    name = uuid.uuid4().hex[:8]
    person = {"username": name, "email": f"{name}@example.org", "roles": ["StandardUser"]}
    return str(instance.api("POST", "/users", person, status=201)["id"])


def _key(instance: Instance, person: str) -> dict[str, Any]:
    key = instance.make_key(f"key-{uuid.uuid4().hex[:8]}", user_id=person)
    instance.wait_callable(str(key["key"]), _MODEL)
    return key


def _explain(instance: Instance, key: dict[str, Any]) -> dict[str, Any]:
    return dict(instance.api("POST", "/explain", {"key_id": key["id"], "model": _MODEL}))


def _call(instance: Instance, key: dict[str, Any]) -> httpx.Response:
    body = {"model": _MODEL, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {key['key']}"}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30)


def test_each_key_has_its_tiers_rate_until_it_has_one_of_its_own(instance: Instance) -> None:
    person = _person(instance)
    one, two = _key(instance, person), _key(instance, person)
    assert one["requests_per_second"] is None
    assert one["inherited_rate_limit"] == {
        "tier": "unverified", "requests_per_second": 0.0001, "burst_size": 2,
    }  # fmt: skip
    assert [_call(instance, one).status_code for _ in range(3)] == [200, 200, 429]
    assert "the limit 'default of unverified accounts' of this key" in _call(instance, one).json()["error"]["message"]
    assert _call(instance, two).status_code == 200
    (limit,) = _explain(instance, two)["limits"]
    assert (limit["id"], limit["inherited"], limit["name"]) == (None, True, "default of unverified accounts")
    assert limit["remaining"] == pytest.approx(1, abs=0.1)
    changed = instance.api("PATCH", f"/users/{person}/api-keys/{one['id']}", {"requests_per_second": 100})
    assert changed["inherited_rate_limit"] is None
    until(lambda: _call(instance, one).status_code == 200)
    (own,) = _explain(instance, one)["limits"]
    assert (own["inherited"], own["amount"]) == (False, 100)


def test_who_is_verified_has_the_other_rate_at_once(instance: Instance) -> None:
    person = _person(instance)
    key = _key(instance, person)
    assert [_call(instance, key).status_code for _ in range(3)] == [200, 200, 429]
    instance.sql("UPDATE users SET verified = true WHERE id = $1", uuid.UUID(person))
    until(lambda: _call(instance, key).status_code == 200)
    shown = next(each for each in instance.api("GET", f"/users/{person}/api-keys")["data"] if each["id"] == key["id"])
    assert shown["inherited_rate_limit"] == {"tier": "verified", "requests_per_second": 500, "burst_size": 500}
