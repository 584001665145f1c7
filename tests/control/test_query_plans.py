"""No list reads a large table from end to end: every query of every list page has the index it needs.

The pages are called through the API on a populated database; what they send to Postgres is explained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from bench.population import Population
from tests.control.management import API, NIL, Management, answered
from tests.control.plans import scanned, statements
from tests.databases import carry_out, database_of, fresh_database

from control_layer.control.alerts.watch import AlertWatch
from control_layer.control.instance.openapi import document
from control_layer.control.payments.dummy import DummyProvider
from control_layer.control.payments.topups import AutoTopups
from control_layer.control.webhooks.worker import WebhookWorker
from control_layer.store.engine import connect

LARGE = {"users", "user_objects", "api_keys", "group_members", "webhooks", "webhook_deliveries"}
"""Tables that grow with the company or its traffic; the others are read whole at no cost."""
PAGES = {
    "/users": [
        "",
        "?skip=200",
        "?limit=101",
        "?include=groups,billing",
        "?search=user-4242",
        "?search=USER-42&skip=5",
        "?search=u4",
        "?search=%25_/",
        "?group={group_id}&sort=name",
    ],
    "/groups": ["", "?include=counts&sort_direction=desc", "?include=models", "?include=users,models&search=group-420"],
    "/users/{user_id}/api-keys": ["", "?created_by={user_id}", "?search=ci&sort=name", "?sort=last_used"],
    "/api-keys": [
        "",
        "?limit=101",
        "?skip=200&sort_direction=asc",
        "?sort=name",
        "?sort=expires_at",
        "?search=user-4242",
        "?search=SK-4&skip=5",
        "?search=e",
        "?search=program&purpose=realtime",
        "?search=%25_/",
        "?user_id={user_id}&search=key",
        "?user_id={user_id}&used=false&sort=last_used",
        "?expiry=expiring",
        "?expiry=expired&unused_days=30",
    ],
    "/users/{user_id}/groups": [""],
    "/groups/{group_id}/users": [""],
    "/groups/{group_id}/models": [""],
    "/endpoints": [""],
    "/endpoint-presets": [""],
    "/endpoint-summaries": ["", "?search=provider&sort=name"],
    "/catalogue": ["", "?search=gpt"],
    "/models": ["", "?include=groups,metrics,status,pricing,endpoints,components,facets", "?accessible=true"],
    "/models/{model_id}/groups": [""],
    "/models/{model_id}/components": [""],
    "/models/{model_id}/health": [""],
    "/models/{model_id}/tariffs": [""],
    "/transactions": ["", "?user_id={user_id}", "?all=true"],
    "/redaction-rules": [""],
    "/guardrails": [""],
    "/budgets": ["", "?scope=user&scope_id={user_id}"],
    "/rate-limits": ["", "?scope=user&scope_id={user_id}"],
    "/requests": [""],
    "/provider-display-configs": [""],
    "/probes": [""],
    "/probes/{probe_id}/results": [""],
    "/uptime": ["", "?window=30d&search=model-4&sort=alias", "?accessible=true"],
    "/users/{user_id}/sessions": [""],
    "/batches/requests": [""],
    "/users/{user_id}/webhooks": [""],
    "/users/{user_id}/webhooks/{webhook_id}/deliveries": ["", "?state=failed"],
    "/alerts": ["", "?state=open"],
    "/analytics": ["?group_by=user", "?group_by=key,day&compare=previous", "?group_by=model&percentiles=true"],
}
"""Lists and what they are asked for. Everybody's keys by their last use are not among them: an index on it would be
written with each use. Those about traffic are looked at on a month of it in `analytics/test_plans`, and those about
batches in `batches/test_plans`."""
EVERYBODY = {"/groups/{group_id}/users"}
"""Lists that hold everybody when they are asked about Everyone."""


_HIDDEN_KEYS = """
INSERT INTO api_keys (id, name, purpose, user_id, created_by, secret_digest, secret_prefix, hidden)
SELECT gen_random_uuid(), 'Internal ' || purpose || ' key', purpose, id, id, sha256((purpose || id)::bytea), 'sk-', true
FROM users, unnest(ARRAY['batch', 'playground']) AS purpose WHERE username LIKE 'user-%'
"""
"""Those that every account has."""


@pytest.fixture(scope="module")
def template_database(postgres_url: str, template_database: str) -> Iterator[str]:
    """A database with a company in it."""

    async def populate(url: str) -> None:
        connection = await connect(url)
        try:
            # What is not known to be on disk VACUUM does not call visible to all.
            await connection.execute("SET synchronous_commit = on")
            await connection.execute(Population(users=10_000, models=200, groups=1000).statements())
            await connection.execute(_HIDDEN_KEYS)
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()

    with fresh_database(postgres_url, template_database) as url:
        carry_out(populate(url))
        yield database_of(url)


@pytest.fixture
def company(management: Management) -> Management:
    return management


async def test_no_list_reads_a_large_table_from_end_to_end(company: Management) -> None:
    values = {
        "user_id": (await company.sql("SELECT id FROM users WHERE username = 'user-777'"))[0][0],
        "group_id": (await company.sql("SELECT id FROM groups WHERE name = 'group-42'"))[0][0],
        "probe_id": NIL,
        "webhook_id": await _webhook(company),
        "model_id": (await company.sql("SELECT id FROM models WHERE alias = 'model-42'"))[0][0],
    }
    scans: dict[tuple[str, str], set[str]] = {}
    for path, queries in PAGES.items():
        for query in queries:
            address = (path + query).format(**values)
            with statements(company) as sent:
                answer = await company.admin.get(API + address)
                assert answer.status_code in (200, 400), f"{address}: {answer.text}"
            for statement in sent:
                if statement.reads and (read := await scanned(company, statement) & LARGE):
                    scans[path + query, statement.text] = read
    assert scans == {}


async def test_every_list_of_the_api_is_looked_at(company: Management) -> None:
    paths: Mapping[str, Any] = document(company.app)["paths"]
    lists = {
        path.removeprefix(API) for path, operations in paths.items() if _is_list(operations.get("get")) and API in path
    }
    assert lists <= set(PAGES)


async def test_a_key_is_found_by_an_index_at_every_call(company: Management) -> None:
    person = await company.person()
    with statements(company) as sent:
        key = await answered(person.client.get(f"{API}/users/current/api-keys"), 200)
        await answered(person.client.get(f"{API}/api-keys/{key['data'][0]['id']}/access?model=model-42"), 200)
        await answered(person.client.get(f"{API}/users/current/access?model=model-42"), 200)
    asked = [statement for statement in sent if statement.reads]
    assert asked
    for statement in asked:
        assert not await scanned(company, statement) & LARGE, statement.text


async def test_what_leaders_look_for_all_the_time_is_found_by_an_index(company: Management) -> None:
    await _webhook(company)
    with statements(company) as sent:
        await WebhookWorker(company.services).begin_due()
        await AutoTopups(company.services, DummyProvider(Decimal(50), "")).step()
        await AlertWatch(company.services).step()
    asked = {statement.text: statement for statement in sent if not statement.text.lstrip().startswith("SET ")}
    assert len(asked) > 10
    for statement in asked.values():
        assert not await scanned(company, statement) & LARGE, statement.text


async def test_everyone_has_everybody(company: Management) -> None:
    assert len(await answered(company.admin.get(f"{API}/groups/{NIL}/users"), 200)) == 10_001


async def _webhook(company: Management) -> str:
    """The id of a webhook among many."""
    user_id = (await company.sql("SELECT id FROM users WHERE username = 'user-777'"))[0][0]
    made = await answered(
        company.admin.post(f"{API}/users/{user_id}/webhooks", json={"url": "https://example.org/"}), 201
    )
    await company.sql("ALTER TABLE webhooks DISABLE TRIGGER USER")  # ten thousand entries of the audit log
    await company.sql(
        "INSERT INTO webhooks (id, user_id, url, scope, sealed_secret) "
        "SELECT gen_random_uuid(), id, 'https://example.org/', 'own', '' FROM users"
    )
    await company.sql(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_type, body, state) "
        "SELECT gen_random_uuid(), id, 'batch.failed', '{}', 'failed' FROM webhooks, generate_series(1, 5)"
    )
    await company.sql("ANALYZE webhooks, webhook_deliveries")
    return str(made["id"])


def _is_list(operation: Mapping[str, Any] | None) -> bool:
    if operation is None:
        return False
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    return schema.get("type") == "array" or "Page" in schema.get("$ref", "")
