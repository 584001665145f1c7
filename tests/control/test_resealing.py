"""After a change of `secret_key`: everything that was sealed opens as before, and is soon sealed with the new key."""

from __future__ import annotations

import uuid
from typing import Any

from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, SECRET_KEY, Management, answered, managed, refused, settings_for_tests

from control_layer.contract.sealing import Seal
from control_layer.control.resealing import reseal

_NEW = "another-secret-key-of-the-tests-that-opens-nothing"
_COLUMNS = (
    ("endpoints", "sealed_credential"),
    ("api_keys", "hidden_secret"),
    ("api_keys", "pending_secret"),
    ("guardrails", "sealed_secret"),
)


def _rotated() -> Any:
    return settings_for_tests(secret_key=_NEW, previous_secret_keys=[SECRET_KEY])


async def _sealed(management: Management) -> dict[str, list[tuple[str, bytes]]]:
    """The sealed values of each column, with the ids of their rows."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for table, column in _COLUMNS:
        statement = f"SELECT id, {column} AS value FROM {table} WHERE {column} IS NOT NULL ORDER BY id"  # noqa: S608
        found[column] = [(str(row.id), row.value) for row in await management.sql(statement)]
    return found


async def test_a_new_secret_key_opens_and_reseals_what_the_one_before_it_sealed(
    management: Management, database_url: str
) -> None:
    await create_endpoint(management, api_key="provider-secret")
    rail = {"name": "n", "kind": "external", "url": "https://check.test/", "secret": "guardrail-secret"}
    await answered(management.admin.post(f"{API}/guardrails", json=rail), 201)
    person = await management.person()
    made = await answered(management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "given"}), 201)
    before = await _sealed(management)
    assert [len(values) for values in before.values()] == [1, 2, 2, 1]
    async with managed(database_url, _rotated()) as rotated:
        credentials, secrets = Seal(_NEW, "provider-credential"), Seal(_NEW, "api-key")
        guardrails = Seal(_NEW, "guardrail-secret")
        ((endpoint_id, value),) = before["sealed_credential"]
        assert rotated.services.provider_credentials.open(value, endpoint_id) == "provider-secret"
        await reseal(rotated.services, batch=2)
        after = await _sealed(rotated)
        for column, values in after.items():
            seal = {"sealed_credential": credentials, "sealed_secret": guardrails}.get(column, secrets)
            opened = [seal.open(value, row_id) for row_id, value in values]
            assert [row_id for row_id, _ in values] == [row_id for row_id, _ in before[column]]
            assert all(opened)
        await reseal(rotated.services)
        assert await _sealed(rotated) == after
        url = f"{API}/users/current/api-keys/{made['id']}/reveal"
        holder = await rotated.client(authorization=person.client.headers["authorization"])
        assert await answered(holder.post(url), 200) == {"key": made["key"]}


async def test_a_value_of_an_unknown_key_is_named_and_holds_up_nobody(
    management: Management, database_url: str, capsys: Any
) -> None:
    names = ["lost", "kept"]
    ids = [(await create_endpoint(management, name=name, api_key=f"secret-of-{name}"))["id"] for name in names]
    foreign = Seal("a-key-that-nobody-remembers", "provider-credential").seal("x", ids[0])
    await management.sql("UPDATE endpoints SET sealed_credential = $1 WHERE id = $2", foreign, uuid.UUID(ids[0]))
    async with managed(database_url, _rotated()) as rotated:
        await reseal(rotated.services)
        values = dict((await _sealed(rotated))["sealed_credential"])
        assert values[ids[0]] == foreign
        assert Seal(_NEW, "provider-credential").open(values[ids[1]], ids[1]) == "secret-of-kept"
        told = capsys.readouterr()
        assert "sealed_value_unreadable" in told.out + told.err
        assert "lost" in told.out + told.err
        assert "secret-of" not in told.out + told.err
        response = await rotated.admin.post(f"{API}/endpoints/{ids[0]}/synchronize")
        assert (response.status_code, "'lost'" in response.text) == (500, True)


async def test_sessions_count_under_the_current_key_only(management: Management, database_url: str) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in management.admin.cookies.items())
    assert cookie
    async with managed(database_url, _rotated()) as rotated:
        client = await rotated.client(cookie=cookie)
        await refused(client.get(f"{API}/users/current"), 401)
