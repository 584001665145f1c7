"""Every change is in the audit log once, with who made it and without a secret, whatever path it took."""

from __future__ import annotations

import json
import uuid

import pytest
from sqlalchemy import text
from tests.control.audit.log import entries, head, newest, since, told
from tests.control.management import (
    ADMIN_PASSWORD,
    API,
    NIL,
    Management,
    answered,
)

from control_layer.control.permissions import Role
from control_layer.control.request_context import transaction
from control_layer.store.authorship import Author
from control_layer.store.tables import Base

_ENDPOINT = {"name": "e", "url": "http://provider.test/v1", "skip_fetch": True, "model_filter": ["m"]}

_NEVER_CHANGED = {"transactions", "sessions", "password_resets"}
"""Of what matters: a session was last seen, and that is all."""

_NOT_AUDITED = {
    "account_balances": "sums of the ledger",
    "user_objects": "says again what users say",
    "audit_log": "it is the log",
    "lent_secrets": "last minutes, and belong to sessions and keys whose beginnings and ends are logged",
    "budget_leases": "bookkeeping of the lender",
    "budget_spending": "sums of what requests cost",
    "requests": "what AI requests used is a record of its own",
    "request_bodies": "as above",
    "open_requests": "as above",
    "unfolded_requests": "bookkeeping of the sums",
    "traffic_horizon": "as above",
    **{f"{of}_{unit}s": "sums of requests" for of in ("model", "account", "latency") for unit in ("hour", "day")},
    "model_minutes": "as above",
    "batch_hours": "as above",
    "kept_answers": "what models said, and not for long",
    "stored_responses": "people's work, like their requests",
    "journal_positions": "bookkeeping of the recorder",
    "recorded_batches": "as above, for sinks",
    "sink_positions": "as above",
    "probe_states": "what was measured, not changed",
    "seeded": "bookkeeping of the first start",
    "compatible_revisions": "bookkeeping of migrations",
    "probe_results": "what was measured, not changed",
    "files": "people's work, like their requests: a file says itself who uploaded it, and when",
    "file_requests": "as above",
    "batches": "as above",
    "batch_requests": "as above",
    "batch_models": "counted from the above",
    "batch_daemons": "bookkeeping of the workers",
    "webhook_deliveries": "what was sent, and a record of its own",
    "alerts": "what was noticed; who acknowledged one stands in it",
}


async def test_every_table_is_audited_or_known_not_to_be(management: Management) -> None:
    rows = await management.sql(
        "SELECT tgrelid::regclass::text, array_agg(tgname::text) FROM pg_trigger "
        "WHERE tgfoid = 'audit_change'::regproc GROUP BY 1"
    )
    for table, triggers in rows:
        assert sorted(triggers) == (["audit_row"] if table in _NEVER_CHANGED else ["audit_row", "audit_update"])
    assert {table for table, _ in rows} == set(Base.metadata.tables) - set(_NOT_AUDITED)


async def test_a_user_is_created_changed_and_deleted(management: Management) -> None:
    begin = await head(management)
    body = {"username": "jo", "email": "jo@example.org", "roles": []}
    jo = (await answered(management.admin.post(f"{API}/users", json=body), 201))["id"]
    created, *keys = await since(management, begin)
    assert told(created) == ("create", "users", jo)
    assert created["before"] is None
    assert created["after"]["email"] == "jo@example.org"
    assert {told(key)[:2] for key in keys} == {("create", "api_keys")}  # the hidden ones

    begin = await head(management)
    await answered(management.admin.patch(f"{API}/users/{jo}", json={"display_name": "Jo"}), 200)
    (changed,) = await since(management, begin)
    assert told(changed) == ("update", "users", jo)
    assert (changed["before"], changed["after"]) == ({"display_name": None}, {"display_name": "Jo"})

    group = await management.group("friends")
    await answered(management.admin.post(f"{API}/groups/{group}/users/{jo}"), 204)
    begin = await head(management)
    await answered(management.admin.delete(f"{API}/users/{jo}"), 204)
    gone = await since(management, begin)
    assert ("delete", "group_members", f"{group}/{jo}") in map(told, gone)
    assert sum(told(entry)[:2] == ("delete", "api_keys") for entry in gone) == len(keys)
    deleted = next(entry for entry in gone if told(entry) == ("delete", "users", jo))
    assert {"email", "username", "display_name"} <= {k for k, v in deleted["before"].items() if v == "[erased]"}
    assert "example.org" not in json.dumps(gone)
    for entry in gone:
        assert entry["actor"] == f"user:{management.admin_id}"


async def test_groups_grants_models_endpoints_and_tariffs_are_logged_once_each(management: Management) -> None:
    admin, begin = management.admin, await head(management)
    group = await management.group("g")
    assert [told(entry) for entry in await since(management, begin)] == [("create", "groups", group)]

    begin = await head(management)
    endpoint = (await answered(admin.post(f"{API}/endpoints", json=_ENDPOINT), 201))["id"]
    (model,) = (await answered(admin.get(f"{API}/models"), 200))["data"]
    assert sorted(map(told, await since(management, begin))) == [
        ("create", "endpoints", endpoint),
        ("create", "models", model["id"]),
    ]

    grant = f"{group}/{model['id']}"
    steps = [
        ("POST", f"/groups/{group}/models/{model['id']}", None, ("create", "group_models", grant)),
        ("DELETE", f"/groups/{group}/models/{model['id']}", None, ("delete", "group_models", grant)),
        ("PATCH", f"/groups/{group}", {"name": "h"}, ("update", "groups", group)),
        ("DELETE", f"/groups/{group}", None, ("delete", "groups", group)),
        ("PATCH", f"/models/{model['id']}", {"description": "d"}, ("update", "models", model["id"])),
        ("DELETE", f"/models/{model['id']}", None, ("delete", "models", model["id"])),
    ]
    for method, path, body, expected in steps:
        begin = await head(management)
        response = await admin.request(method, API + path, json=body)
        assert response.is_success, response.text
        (entry,) = await since(management, begin)
        assert told(entry) == expected
        assert entry["actor"] == f"user:{management.admin_id}"


async def test_prices_and_parts_of_models_are_logged(management: Management) -> None:
    admin = management.admin
    await answered(admin.post(f"{API}/endpoints", json=_ENDPOINT), 201)
    (model,) = (await answered(admin.get(f"{API}/models"), 200))["data"]
    begin = await head(management)
    tariff = {"name": "t", "input_price_per_token": "0.001", "output_price_per_token": "0.002"}
    await answered(admin.patch(f"{API}/models/{model['id']}", json={"tariffs": [tariff]}), 200)
    made = [entry for entry in await since(management, begin) if entry["resource"] == "tariffs"]
    assert [(entry["operation"], entry["after"]["model_id"]) for entry in made] == [("create", model["id"])]
    assert float(made[0]["after"]["input_price_per_token"]) == 0.001

    composite = {"type": "composite", "alias": "c", "model_name": "c"}
    whole = (await answered(admin.post(f"{API}/models", json=composite), 200))["id"]
    begin = await head(management)
    path = f"{API}/models/{whole}/components/{model['id']}"
    for method, body in (("POST", {"weight": 5}), ("PATCH", {"weight": 6}), ("DELETE", None)):
        response = await admin.request(method, path, json=body)
        assert response.status_code < 300, response.text
    assert [told(entry) for entry in await since(management, begin)] == [
        (operation, "model_components", f"{whole}/{model['id']}") for operation in ("create", "update", "delete")
    ]


async def test_what_goes_with_an_endpoint_is_logged_too(management: Management) -> None:
    endpoint = (await answered(management.admin.post(f"{API}/endpoints", json=_ENDPOINT), 201))["id"]
    (model,) = (await answered(management.admin.get(f"{API}/models"), 200))["data"]
    await answered(management.admin.post(f"{API}/groups/{NIL}/models/{model['id']}"), 204)
    begin = await head(management)
    await answered(management.admin.delete(f"{API}/endpoints/{endpoint}"), 204)
    assert sorted(map(told, await since(management, begin))) == [
        ("delete", "endpoints", endpoint),
        ("delete", "group_models", f"{NIL}/{model['id']}"),
        ("delete", "models", model["id"]),
    ]


async def test_an_entry_says_who_and_from_where(management: Management) -> None:
    person = await management.person(Role.PLATFORM_MANAGER)
    where = {
        b"x-control-layer-peer": b"203.0.113.7",
        b"user-agent": b"curl/8\twith \x85 odd letters " + b"x" * 1000,
        b"x-request-id": b"deploy-17",
    }
    answer = await person.client.post(f"{API}/groups", json={"name": "g"}, headers=where)
    assert answer.headers["x-request-id"] == "deploy-17"
    entry = await newest(management, resource="groups")
    assert entry["actor"] == f"user:{person.id}"
    (key,) = await management.sql("SELECT id FROM api_keys WHERE user_id = $1 AND NOT hidden", uuid.UUID(person.id))
    assert entry["key_id"] == str(key.id)
    assert (entry["peer"], entry["request_id"]) == ("203.0.113.7", "deploy-17")
    assert entry["user_agent"].startswith("curl/8with  odd letters xxx")
    assert len(entry["user_agent"]) <= 256


@pytest.mark.parametrize("said", ["", "has spaces", "x" * 129, 'a"b'])
async def test_a_request_has_a_name_of_ours_unless_the_client_names_it_sanely(
    management: Management, said: str
) -> None:
    answer = await management.admin.post(f"{API}/groups", json={"name": "g"}, headers={"x-request-id": said})
    assert str(uuid.UUID(answer.headers["x-request-id"])) == answer.headers["x-request-id"]
    assert (await newest(management, resource="groups"))["request_id"] == answer.headers["x-request-id"]


async def test_a_handler_that_commits_halfway_is_known_in_both_halves(management: Management) -> None:
    endpoint = (await answered(management.admin.post(f"{API}/endpoints", json=_ENDPOINT), 201))["id"]
    # The change is committed before the provider is asked, and stands though nobody answers there.
    await answered(management.admin.patch(f"{API}/endpoints/{endpoint}", json={"description": "d"}), 200)
    entry = await newest(management, resource="endpoints", operation="update")
    assert entry["after"] == {"description": "d"}
    assert entry["actor"] == f"user:{management.admin_id}"


async def test_what_is_refused_or_rolled_back_leaves_nothing(management: Management) -> None:
    await management.group("taken")
    begin = await head(management)
    response = await management.admin.post(f"{API}/groups", json={"name": "taken"})
    assert response.status_code == 409
    async with management.engine.connect() as raw:
        await raw.exec_driver_sql("UPDATE groups SET description = 'never'")
        await raw.rollback()
    assert await head(management) == begin


async def test_presence_and_empty_changes_are_no_entries(management: Management) -> None:
    person = await management.person()
    begin = await head(management)
    await answered(person.client.get(f"{API}/users/current"), 200)  # sets last_login and last_used
    await management.sql("UPDATE api_keys SET last_used = now(), updated_at = now()")
    await management.sql("UPDATE groups SET name = name, updated_at = now()")
    assert await head(management) == begin


async def test_who_comes_past_the_server_is_told_by_the_database(management: Management) -> None:
    await management.sql("UPDATE groups SET description = 'by hand'")
    entry = await newest(management, resource="groups")
    (role,) = (await management.sql("SELECT session_user::text"))[0]
    assert entry["actor"] == f"database:{role}"
    assert entry["after"] == {"description": "by hand"}


async def test_the_server_itself_has_names(management: Management) -> None:
    first = (await entries(management, resource="users"))[-1]
    assert told(first) == ("create", "users", management.admin_id)
    assert first["actor"] == "system:first-start"
    async with transaction(management.services, Author.system("housekeeping")) as session:
        await session.execute(text("UPDATE groups SET description = 'tidy'"))
    assert (await newest(management))["actor"] == "system:housekeeping"


async def test_no_secret_is_in_the_log(management: Management) -> None:
    admin, secrets = management.admin, [ADMIN_PASSWORD]
    user = (
        await answered(admin.post(f"{API}/users", json={"username": "u", "email": "u@example.org", "roles": []}), 201)
    )["id"]
    key = await answered(admin.post(f"{API}/users/{user}/api-keys", json={"name": "k", "purpose": "platform"}), 201)
    rotated = await answered(admin.post(f"{API}/users/{user}/api-keys/{key['id']}/rotate"), 200)
    change = {"current_password": ADMIN_PASSWORD, "new_password": "a wholly new password"}
    await answered(admin.post("/authentication/password-change", json=change), 200)
    await answered(admin.post(f"{API}/endpoints", json=_ENDPOINT | {"api_key": "sk-provider"}), 201)
    secrets += [key["key"], rotated["key"], "a wholly new password", "sk-provider"]
    kept = await management.sql("SELECT password_hash FROM users WHERE password_hash IS NOT NULL")
    secrets += [row[0] for row in kept]
    columns = await management.sql(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE data_type = 'bytea' AND table_schema = 'public' AND table_name <> 'audit_log'"
    )
    for table, column in columns:
        rows = await management.sql(f"SELECT encode({column}, 'hex') FROM {table}")  # noqa: S608
        secrets += [row[0] for row in rows if row[0]]
    assert len(secrets) > 10
    dump = "\n".join(row[0] for row in await management.sql("SELECT a::text FROM audit_log a"))
    for secret in secrets:
        assert secret not in dump
    entry = await newest(management, resource="users", operation="update")
    assert entry["after"]["password_hash"] == entry["before"]["password_hash"] == "[redacted]"


async def test_a_column_added_later_is_hidden_when_it_looks_like_a_secret(management: Management) -> None:
    await management.sql(
        "ALTER TABLE groups ADD COLUMN raw bytea, ADD COLUMN scim_token text, ADD COLUMN signing_secrets jsonb, "
        "ADD COLUMN secret_prefix text, ADD COLUMN tokens_per_day bigint"
    )
    await management.sql(
        "UPDATE groups SET raw = 'hush', scim_token = 'hush', signing_secrets = '[\"hush\"]', secret_prefix = 'sk-1', "
        "tokens_per_day = 5"
    )
    assert (await newest(management, resource="groups"))["after"] == {
        "raw": "[redacted]",
        "scim_token": "[redacted]",
        "signing_secrets": "[redacted]",
        "secret_prefix": "sk-1",
        "tokens_per_day": 5,
    }


async def test_another_table_is_audited_by_one_call(management: Management) -> None:
    await management.sql("CREATE TABLE widgets (b int, a text, code text, PRIMARY KEY (b, a))")
    await management.sql("SELECT audit_table('widgets', secret => '{code}')")
    await management.sql("INSERT INTO widgets VALUES (1, 'x', 'hush')")
    entry = await newest(management, resource="widgets")
    assert told(entry) == ("create", "widgets", "1/x")
    assert entry["after"] == {"a": "x", "b": 1, "code": "[redacted]"}
