"""Why can somebody (not) call a model: who may ask, and what they are told."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, NIL, Management, answered, refused
from tests.control.models.calls import MODELS, composite, grant, standard

from control_layer.control.permissions import Role


async def _user(client: httpx.AsyncClient, user: str, alias: str) -> dict[str, Any]:
    access: dict[str, Any] = await answered(client.get(f"{API}/users/{user}/access", params={"model": alias}), 200)
    return access


async def _key(client: httpx.AsyncClient, key: str, alias: str) -> dict[str, Any]:
    access: dict[str, Any] = await answered(client.get(f"{API}/api-keys/{key}/access", params={"model": alias}), 200)
    return access


def _rules(access: dict[str, Any]) -> dict[str, str]:
    return {reason["rule"]: reason["outcome"] for reason in access["reasons"]}


def _details(access: dict[str, Any]) -> str:
    return "; ".join(reason["detail"] for reason in access["reasons"])


async def _made(client: httpx.AsyncClient, **body: Any) -> str:
    made = await answered(client.post(f"{API}/users/current/api-keys", json={"name": str(uuid.uuid4()), **body}), 201)
    return str(made["id"])


async def test_a_grant_is_named_by_the_groups_that_give_it(management: Management) -> None:
    person, model = await management.person(), await standard(management, "chat")
    group, other = await management.group("Researchers"), await management.group("Sales")
    denied = await _user(person.client, "current", "chat")
    assert (denied["allowed"], denied["status"], denied["code"]) == (False, 403, "model_access_denied")
    assert set(denied) == {"model", "user_id", "allowed", "status", "code", "groups", "reasons"}
    await grant(management, model["id"], group)
    await grant(management, model["id"], other)
    await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    access = await _user(person.client, person.id, "chat")
    assert (access["allowed"], access["status"], access["code"]) == (True, 200, None)
    assert access["groups"] == [{"id": group, "name": "Researchers"}]
    assert set(_rules(access).values()) == {"passed"}
    await answered(management.admin.delete(f"{API}/groups/{group}/users/{person.id}"), 204)
    await grant(management, model["id"])
    assert (await _user(person.client, "current", "chat"))["groups"] == [{"id": NIL, "name": "Everyone"}]


async def test_groups_of_others_are_named_to_those_who_may_read_groups(management: Management) -> None:
    person, model = await management.person(), await standard(management, "chat")
    await grant(management, model["id"], await management.group("Secret project"))
    assert "Secret project" in _details(await _user(management.admin, person.id, "chat"))
    assert "Secret project" not in str(await _user(person.client, "current", "chat"))
    accountant = await management.person(Role.BILLING_MANAGER)
    assert "Secret project" not in str(await _user(accountant.client, person.id, "chat"))


async def test_a_key_is_judged_by_its_state_its_purpose_and_its_models(management: Management) -> None:
    person, model = await management.person(), await standard(management, "chat")
    await grant(management, model["id"])
    plain = await _key(person.client, await _made(person.client), "chat")
    assert (plain["allowed"], plain["user_id"]) == (True, person.id)
    assert list(_rules(plain)) == [
        "owner_active", "key_not_expired", "key_purpose", "model_exists", "model_granted", "key_models",
        "credit_available", "deployment_usable",
    ]  # fmt: skip
    restricted = await _key(person.client, await _made(person.client, models=["other"]), "chat")
    assert (restricted["status"], _rules(restricted)["key_models"]) == (403, "failed")
    platform = await _key(person.client, await _made(person.client, purpose="platform"), "chat")
    assert (platform["status"], platform["code"]) == (403, "key_purpose_not_allowed")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    expiring = await _made(person.client, expires_at=soon, models=[])
    await management.sql(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1", uuid.UUID(expiring)
    )
    expired = await _key(management.admin, expiring, "chat")
    assert (expired["status"], expired["code"]) == (401, "invalid_api_key")
    # An administrator is told all that is in the way, the holder what a gateway would tell them.
    assert [rule for rule, outcome in _rules(expired).items() if outcome == "failed"] == [
        "key_not_expired",
        "key_models",
    ]
    assert list(_rules(await _key(person.client, expiring, "chat"))) == ["owner_active", "key_not_expired"]


async def test_a_model_with_a_price_takes_credit(management: Management) -> None:
    tariff = {"name": "t", "input_price_per_token": "0", "output_price_per_token": "1", "api_key_purpose": "batch"}
    person, model = await management.person(), await standard(management, "chat")
    await grant(management, model["id"])
    assert "The model has no price" in _details(await _user(person.client, "current", "chat"))
    await answered(management.admin.patch(f"{MODELS}/{model['id']}", json={"tariffs": [tariff]}), 200)
    access = await _user(person.client, "current", "chat")
    assert (access["status"], access["code"], _rules(access)["credit_available"]) == (
        402,
        "insufficient_quota",
        "failed",
    )
    assert "credit is spent" in _details(access)
    grant_ = {"user_id": person.id, "transaction_type": "admin_grant", "amount": 1, "source_id": "s"}
    await answered(management.admin.post(f"{API}/transactions", json=grant_), 201)
    assert "The account has credit" in _details(await _user(person.client, "current", "chat"))


async def test_a_disabled_account_calls_nothing(management: Management) -> None:
    person, model = await management.person(), await standard(management, "chat")
    await grant(management, model["id"])
    key = await _made(person.client)
    await answered(management.admin.patch(f"{API}/users/{person.id}", json={"is_active": False}), 200)
    for access in (await _key(management.admin, key, "chat"), await _user(management.admin, person.id, "chat")):
        assert (access["status"], access["code"], _rules(access)["owner_active"]) == (401, "invalid_api_key", "failed")
        assert "disabled" in _details(access)


async def test_deleted_and_inactive_models_are_told_to_nobody_but_the_administrator(management: Management) -> None:
    person, manager = await management.person(), await management.person(Role.PLATFORM_MANAGER)
    deleted, inactive = await standard(management, "deleted"), await standard(management, "inactive")
    await composite(management, "empty")
    await answered(management.admin.delete(f"{MODELS}/{deleted['id']}"), 200)
    await management.sql("UPDATE models SET status = 'inactive' WHERE id = $1", uuid.UUID(inactive["id"]))
    for alias, told in (("deleted", "deleted"), ("inactive", "is inactive"), ("empty", "no enabled component")):
        access = await _user(management.admin, person.id, alias)
        assert (access["status"], access["code"]) == (404, "model_not_found")
        assert told in _details(access)
        assert _rules(access)["model_granted"] == "undecided"
    for alias in ("deleted", "inactive", "never"):
        for client in (person.client, manager.client):
            assert f"There is no model called '{alias}'" in _details(await _user(client, person.id, alias))


async def test_a_model_nobody_can_reach_is_explained_to_those_who_can_mend_it(management: Management) -> None:
    person, endpoint = await management.person(), await create_endpoint(management, name="Mislaid", api_key="k")
    model = await standard(management, "chat", hosted_on=endpoint["id"])
    await grant(management, model["id"])
    assert "Served by 'Mislaid'" in _details(await _user(management.admin, person.id, "chat"))
    await management.sql("UPDATE endpoints SET sealed_credential = $1", b"\x01" + b"x" * 60)
    access = await _user(management.admin, person.id, "chat")
    assert (access["status"], access["code"]) == (502, "model_unavailable")
    assert "The credential of 'Mislaid' cannot be read" in _details(access)
    theirs = await _user(person.client, "current", "chat")
    assert (theirs["status"], "Mislaid" in str(theirs)) == (502, False)


async def test_who_may_ask_about_whom(management: Management) -> None:
    person, other = await management.person(), await management.person()
    key = await _made(other.client)
    url = f"{API}/users/{other.id}/access?model=m"
    await refused(person.client.get(url), 403, "Insufficient permissions to Read Users")
    for role in (Role.PLATFORM_MANAGER, Role.BILLING_MANAGER):
        await answered((await management.person(role)).client.get(url), 200)
    await refused((await management.client()).get(url), 401)
    await refused(management.admin.get(f"{API}/users/{uuid.uuid4()}/access?model=m"), 404)
    await refused(management.admin.get(f"{API}/users/{NIL}/access?model=m"), 404)
    await refused(management.admin.get(f"{API}/users/{other.id}/access"), 400)
    key_url = f"{API}/api-keys/{key}/access?model=m"
    await answered(other.client.get(key_url), 200)
    await answered(management.admin.get(key_url), 200)
    await refused(person.client.get(key_url), 404, f"API key with ID {key} not found")
    await refused((await management.person(Role.BILLING_MANAGER)).client.get(key_url), 404)
    for row in await management.sql("SELECT id FROM api_keys WHERE hidden"):
        await refused(management.admin.get(f"{API}/api-keys/{row.id}/access?model=m"), 404)
    await answered(other.client.delete(f"{API}/users/current/api-keys/{key}"), 204)
    await refused(other.client.get(key_url), 404)
