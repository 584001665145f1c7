"""The contract's lines on webhooks (§4.19), as far as they need no delivery."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from tests.control.management import API, Management, answered, managed, refused, settings_for_tests
from tests.control.webhooks.calls import OWN, made

from control_layer.control.permissions import Role

_URL = "https://example.org/hook?token=1"
_PRIVATE = {"notifications": {"webhooks": {"allow_private_addresses": False}}}


async def test_a_webhook_shows_its_secret_once(management: Management) -> None:
    person = await management.person()
    created = await made(person.client, _URL, description="jobs", event_types=["batch.failed", "batch.failed"])
    secret = created.pop("secret")
    prefix, _, encoded = secret.partition("_")
    assert (prefix, len(base64.b64decode(encoded, validate=True))) == ("whsec", 32)
    assert set(created) == {
        *("id", "user_id", "url", "enabled", "event_types", "description", "scope", "created_at", "updated_at")
    }
    assert (created["url"], created["scope"], created["enabled"]) == (_URL, "own", True)
    assert created["event_types"] == ["batch.failed"]
    assert await answered(person.client.get(OWN), 200) == [created]
    assert await answered(person.client.get(f"{OWN}/{created['id']}"), 200) == created
    changes = {"url": "http://localhost:9/", "enabled": False, "event_types": ["batch.completed"], "description": "x"}
    changed = await answered(person.client.patch(f"{OWN}/{created['id']}", json=changes), 200)
    assert {name: changed[name] for name in changes} == changes
    kept = await answered(person.client.patch(f"{OWN}/{created['id']}", json={"description": None}), 200)
    assert kept | {"updated_at": ""} == changed | {"updated_at": ""}
    rotated = await answered(person.client.post(f"{OWN}/{created['id']}/rotate-secret"), 200)
    assert rotated["secret"] != secret
    (stored,) = await management.sql("SELECT sealed_secret, user_id FROM webhooks")
    assert secret.encode() not in stored.sealed_secret
    logged = await management.sql("SELECT before::text || after::text FROM audit_log WHERE resource = 'webhooks'")
    assert logged
    assert not any(secret in str(row[0]) or rotated["secret"] in str(row[0]) for row in logged)
    await answered(person.client.delete(f"{OWN}/{created['id']}"), 204)
    await refused(person.client.get(f"{OWN}/{created['id']}"), 404, f"Webhook with ID {created['id']} not found")


async def test_what_makes_no_sense_is_refused(management: Management) -> None:
    changes: list[dict[str, Any]] = [
        {"url": "http://example.org/hook"},
        {"url": "ftp://localhost/"},
        {"url": "https://jo:secret@example.org/"},
        {"url": "nonsense"},
        {"url": "https://169.254.169.254/latest"},
        {"url": "https://[::ffff:169.254.169.254]/"},
        {"url": "https://[fe80::1]/"},
        {"scope": "everything"},
        {"event_types": []},
        {"event_types": ["batch.exploded"]},
        {"event_types": ["user.created"]},
        {"scope": "platform", "event_types": ["batch.completed"]},
    ]
    for change in changes:
        await refused(management.admin.post(OWN, json={"url": _URL} | change), 400)
    await refused(management.admin.post(OWN, json={}), 422)


async def test_platform_webhooks_are_for_platform_managers(management: Management) -> None:
    person, manager = await management.person(), await management.person(Role.PLATFORM_MANAGER)
    body = {"url": _URL, "scope": "platform"}
    await refused(person.client.post(OWN, json=body), 403)
    await refused(manager.client.post(f"{API}/users/{person.id}/webhooks", json=body), 403)
    webhook = await made(manager.client, _URL, scope="platform", event_types=["user.created"])
    await answered(management.admin.patch(f"{API}/users/{manager.id}", json={"roles": []}), 200)
    await refused(manager.client.patch(f"{OWN}/{webhook['id']}", json={"url": "https://elsewhere.test"}), 403)
    await refused(manager.client.post(f"{OWN}/{webhook['id']}/rotate-secret"), 403)
    await answered(manager.client.delete(f"{OWN}/{webhook['id']}"), 204)


async def test_somebody_elses_webhooks_are_theirs(management: Management) -> None:
    person, other = await management.person(), await management.person()
    webhook = await made(person.client, _URL)
    theirs = f"{API}/users/{person.id}/webhooks"
    await refused(other.client.get(theirs), 403)
    await refused(other.client.delete(f"{theirs}/{webhook['id']}"), 403)
    await refused(other.client.get(f"{OWN}/{webhook['id']}"), 404)
    await refused(other.client.get(f"{OWN}/{webhook['id']}/deliveries"), 404)
    assert len(await answered(management.admin.get(theirs), 200)) == 1
    await refused(management.admin.get(f"{API}/users/{uuid.uuid4()}/webhooks"), 404)
    await refused(management.admin.post(f"{OWN}/{uuid.uuid4()}/deliveries/{uuid.uuid4()}/retry"), 404)
    await answered(management.admin.delete(f"{API}/users/{person.id}"), 204)
    assert await management.sql("SELECT * FROM webhooks") == []


async def test_an_account_has_fifty_at_most(management: Management) -> None:
    for _ in range(50):
        await made(management.admin, _URL)
    assert (await management.admin.post(OWN, json={"url": _URL})).status_code == 409


async def test_private_addresses_can_be_forbidden(database_url: str) -> None:
    settings = settings_for_tests(background_services=_PRIVATE)
    async with managed(database_url, settings) as management:
        for url in ("http://127.0.0.1/", "https://10.0.0.1/", "https://[fd00::1]/", "https://100.64.0.1"):
            await refused(management.admin.post(OWN, json={"url": url}), 400)
        await made(management.admin, "https://1.1.1.1/")
