"""Who comes and goes, and what happens beside the API's own resources, is in the audit log; bookkeeping is not."""

from __future__ import annotations

import json
import uuid

from tests.control.audit.log import head, newest, since, told
from tests.control.management import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    API,
    Management,
    answered,
    managed,
    refused,
    settings_for_tests,
)


async def test_logins_are_logged_good_and_bad(management: Management) -> None:
    client = await management.client(**{"x-control-layer-peer": "203.0.113.9"})
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    begin = await head(management)
    await refused(client.post("/authentication/login", json=login | {"password": "my other password"}), 401)
    await refused(client.post("/authentication/login", json=login | {"email": "a password, mistyped"}), 401)
    await answered(client.post("/authentication/login", json=login), 200)
    ((session,),) = await management.sql("SELECT id::text FROM sessions WHERE peer_address = '203.0.113.9'")
    await answered(client.post("/authentication/logout"), 200)
    logged = await since(management, begin)
    admin = management.admin_id
    assert [(*told(entry), entry["actor"]) for entry in logged] == [
        ("login_failed", "users", admin, "anonymous"),
        ("login_failed", "users", None, "anonymous"),
        ("login", "users", admin, f"user:{admin}"),
        ("logout", "users", admin, f"user:{admin}"),
        ("delete", "sessions", session, f"user:{admin}"),
    ]
    assert {entry["peer"] for entry in logged} == {"203.0.113.9"}
    assert "password" not in json.dumps(logged)


async def test_who_ends_somebody_elses_session_is_logged_and_expiry_is_not(management: Management) -> None:
    jo = await management.person()
    await management.sql(
        "INSERT INTO sessions (id, user_id, token_digest, expires_at) "
        "SELECT gen_random_uuid(), $1, name::bytea, now() + days * interval '1 day' "
        "FROM (VALUES ('a', 1), ('b', -1)) AS _ (name, days)",
        uuid.UUID(jo.id),
    )
    begin = await head(management)
    await management.sql("DELETE FROM sessions WHERE expires_at < now()")
    assert await head(management) == begin
    await answered(management.admin.delete(f"{API}/users/{jo.id}/sessions"), 204)
    (entry,) = await since(management, begin)
    assert (entry["operation"], entry["resource"], entry["actor"]) == (
        "delete",
        "sessions",
        f"user:{management.admin_id}",
    )
    assert entry["before"]["user_id"] == jo.id
    assert entry["before"]["token_digest"] == "[redacted]"


async def test_credits_that_somebody_grants_are_logged_and_charges_are_not(management: Management) -> None:
    jo = await management.person()
    begin = await head(management)
    await management.sql(
        "INSERT INTO transactions (id, user_id, transaction_type, amount, source_id) "
        "VALUES (gen_random_uuid(), $1, 'usage', 1, 'a request')",
        uuid.UUID(jo.id),
    )
    assert await head(management) == begin
    grant = {"user_id": jo.id, "transaction_type": "admin_grant", "amount": "5", "source_id": management.admin_id}
    await answered(management.admin.post(f"{API}/transactions", json=grant), 201)
    (entry,) = await since(management, begin)
    assert (entry["operation"], entry["resource"], entry["actor"]) == (
        "create",
        "transactions",
        f"user:{management.admin_id}",
    )
    assert (entry["after"]["user_id"], entry["after"]["amount"]) == (jo.id, 5)


async def test_whom_a_proxy_brings_is_made_by_the_server(database_url: str) -> None:
    proxy = {"proxy_header": {"enabled": True, "trusted_peers": ["10.0.0.0/8"]}}
    async with managed(database_url, settings_for_tests(auth=proxy)) as management:
        fields = {"x-control-layer-peer": "10.1.2.3", "x-control-layer-user": "jo@example.org"}
        jo = await answered((await management.client(**fields)).get(f"{API}/users/current"), 200)
        entry = await newest(management, resource="users", operation="create")
    assert entry["resource_id"] == jo["id"]
    assert (entry["actor"], entry["peer"]) == ("system:trusted-proxy", "10.1.2.3")
