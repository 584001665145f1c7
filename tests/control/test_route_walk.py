"""Every route, asked by everybody: nobody, each role, keys that open nothing any more, and other sites' pages.

The table is the contract's (§3) typed off by hand, apart from what the routes declare. A route it does not know fails.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
from fastapi.routing import APIRoute
from tests.control.management import API, Management, answered, every_route

from control_layer.control.instance.openapi import document
from control_layer.control.permissions import Role

_UNKNOWN = "00000000-0000-4000-8000-000000000001"
_LETTERS = {
    Role.PLATFORM_MANAGER: "M",
    Role.REQUEST_VIEWER: "V",
    Role.BILLING_MANAGER: "B",
    Role.BATCH_API_USER: "A",
    Role.CONNECTIONS_USER: "C",
}
_CROSS_SITE = ({"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"})
_SAFE = {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who may: letters of roles, `S` for everybody signed in, `*` for everybody; the administrator always."""

    who: str
    """On objects of somebody else, or where nobody owns them."""
    own: str | None = None
    """On one's own, where that makes a difference."""
    hidden: bool = False
    """Refused as if it did not exist (§3.4)."""
    body: Mapping[str, Any] | None = None
    """What comes as far as the check, where the body is read before it."""
    query: Mapping[str, str] = field(default_factory=dict)
    inference: bool = False
    """Asked with a key for inference, which alone opens it (§2.1)."""

    def permits(self, role: Role, *, own: bool) -> bool:
        letters = self.own if own and self.own is not None else self.who
        return "*" in letters or "S" in letters or _LETTERS.get(role, "-") in letters


_MANAGERS = _Rule("M")
_DIRECTORY_READER = _Rule("MB")
_SIGNED_IN = _Rule("S")
_EVERYBODY = _Rule("*")
_OF_A_KEY = _Rule("M", own="S")
_OF_A_PERSON = _Rule("MB", own="S")
_CHANGES_A_PERSON = _Rule("M", own="S")
_READS_BATCHES = _Rule("MAC", inference=True)
_MAKES_BATCHES = _Rule("MA", inference=True)
_HOLDS_A_KEY = _Rule("S", inference=True)

_PUBLIC = {
    "GET /healthz": _EVERYBODY,
    "HEAD /healthz": _EVERYBODY,
    "GET /authentication/register": _EVERYBODY,
    "POST /authentication/register": _EVERYBODY,
    "GET /authentication/login": _EVERYBODY,
    "POST /authentication/login": _EVERYBODY,
    "POST /authentication/logout": _EVERYBODY,
    "POST /authentication/password-resets": _EVERYBODY,
    "POST /authentication/password-resets/{token_id}/confirm": _EVERYBODY,
    "GET /authentication/oidc": _EVERYBODY,
    "GET /authentication/oidc/login": _EVERYBODY,
    "GET /authentication/oidc/callback": _EVERYBODY,
    "POST /webhooks/payments": _EVERYBODY,
}
_SITE = {
    "POST /authentication/password-change": _SIGNED_IN,
    "GET /admin/openapi.json": _MANAGERS,
    "GET /admin/docs": _MANAGERS,
    "GET /ai/openapi.json": _SIGNED_IN,
    "GET /ai/docs": _SIGNED_IN,
}
_BATCHES = {
    "POST /files": _MAKES_BATCHES,
    "GET /files": _READS_BATCHES,
    "GET /files/{file_id}": _READS_BATCHES,
    "GET /files/{file_id}/content": _READS_BATCHES,
    "GET /files/{file_id}/cost-estimate": _READS_BATCHES,
    "DELETE /files/{file_id}": _MAKES_BATCHES,
    "POST /batches": _MAKES_BATCHES,
    "GET /batches": _READS_BATCHES,
    "GET /batches/{batch_id}": _READS_BATCHES,
    "GET /batches/{batch_id}/analytics": _READS_BATCHES,
    "GET /batches/{batch_id}/results": _READS_BATCHES,
    "POST /batches/{batch_id}/cancel": _MAKES_BATCHES,
    "POST /batches/{batch_id}/retry": _MAKES_BATCHES,
    "POST /batches/{batch_id}/retry-requests": _MAKES_BATCHES,
    "DELETE /batches/{batch_id}": _MAKES_BATCHES,
    "GET /daemons": _Rule("M", inference=True),
}
_RESPONSES = {
    "GET /responses/{response_id}": _HOLDS_A_KEY,
    "GET /responses/{response_id}/input_items": _HOLDS_A_KEY,
    "DELETE /responses/{response_id}": _HOLDS_A_KEY,
}
_PEOPLE = {
    "GET /users": _DIRECTORY_READER,
    "POST /users": _MANAGERS,
    "GET /users/{user_id}": _OF_A_PERSON,
    "PATCH /users/{user_id}": _Rule("M", own="S", body={}),
    "DELETE /users/{user_id}": _MANAGERS,
    "POST /users/{user_id}/password": _MANAGERS,
    "GET /users/{user_id}/sessions": _OF_A_PERSON,
    "DELETE /users/{user_id}/sessions": _CHANGES_A_PERSON,
    "DELETE /users/{user_id}/sessions/{session_id}": _CHANGES_A_PERSON,
    "GET /users/{user_id}/access": _Rule("MB", own="S", query={"model": "m"}),
    "GET /users/{user_id}/groups": _OF_A_PERSON,
    "POST /users/{user_id}/groups/{group_id}": _MANAGERS,
    "DELETE /users/{user_id}/groups/{group_id}": _MANAGERS,
    "GET /users/{user_id}/webhooks": _OF_A_KEY,
    "POST /users/{user_id}/webhooks": _Rule("M", own="S", body={"url": "https://example.org/"}),
    "GET /users/{user_id}/webhooks/{webhook_id}": _OF_A_KEY,
    "PATCH /users/{user_id}/webhooks/{webhook_id}": _Rule("M", own="S", body={}),
    "DELETE /users/{user_id}/webhooks/{webhook_id}": _OF_A_KEY,
    "POST /users/{user_id}/webhooks/{webhook_id}/rotate-secret": _OF_A_KEY,
    "GET /users/{user_id}/webhooks/{webhook_id}/deliveries": _OF_A_KEY,
    "POST /users/{user_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry": _OF_A_KEY,
    "GET /users/{user_id}/api-keys": _OF_A_KEY,
    "POST /users/{user_id}/api-keys": _Rule("M", own="S", body={"name": "k"}),
    "GET /users/{user_id}/api-keys/{key_id}": _OF_A_KEY,
    "PATCH /users/{user_id}/api-keys/{key_id}": _Rule("M", own="S", body={}),
    "POST /users/{user_id}/api-keys/{key_id}/rotate": _OF_A_KEY,
    "POST /users/{user_id}/api-keys/{key_id}/reveal": _OF_A_KEY,
    "DELETE /users/{user_id}/api-keys/{key_id}": _OF_A_KEY,
    "POST /users/{user_id}/api-keys/{key_id}/purge-cache": _OF_A_KEY,
    "POST /users/{user_id}/purge-cache": _CHANGES_A_PERSON,
    "GET /api-keys": _MANAGERS,
    "GET /api-keys/{key_id}/access": _Rule("M", own="S", hidden=True, query={"model": "m"}),
    "GET /groups": _MANAGERS,
    "POST /groups": _MANAGERS,
    "GET /groups/{group_id}": _MANAGERS,
    "PATCH /groups/{group_id}": _MANAGERS,
    "DELETE /groups/{group_id}": _MANAGERS,
    "GET /groups/{group_id}/users": _DIRECTORY_READER,
    "POST /groups/{group_id}/users/{user_id}": _MANAGERS,
    "DELETE /groups/{group_id}/users/{user_id}": _MANAGERS,
    "POST /grants": _Rule("M", body={"groups": [_UNKNOWN], "models": [_UNKNOWN], "granted": True}),
    "GET /groups/{group_id}/models": _MANAGERS,
    "POST /groups/{group_id}/models/{model_id}": _MANAGERS,
    "DELETE /groups/{group_id}/models/{model_id}": _MANAGERS,
}
_MODELS = {
    "GET /endpoints": _MANAGERS,
    "POST /endpoints": _MANAGERS,
    "POST /endpoints/validate": _MANAGERS,
    "PUT /endpoints/simulated": _MANAGERS,
    "GET /endpoint-presets": _MANAGERS,
    "GET /endpoint-summaries": _MANAGERS,
    "GET /endpoints/{endpoint_id}": _MANAGERS,
    "PATCH /endpoints/{endpoint_id}": _MANAGERS,
    "DELETE /endpoints/{endpoint_id}": _MANAGERS,
    "POST /endpoints/{endpoint_id}/synchronize": _MANAGERS,
    "GET /models": _SIGNED_IN,
    "POST /models": _MANAGERS,
    "GET /models/{model_id}": _SIGNED_IN,
    "PATCH /models/{model_id}": _MANAGERS,
    "DELETE /models/{model_id}": _MANAGERS,
    "GET /models/{model_id}/groups": _MANAGERS,
    "GET /models/{model_id}/components": _MANAGERS,
    "POST /models/{model_id}/components/{component_id}": _MANAGERS,
    "PATCH /models/{model_id}/components/{component_id}": _MANAGERS,
    "DELETE /models/{model_id}/components/{component_id}": _MANAGERS,
    "GET /catalogue": _MANAGERS,
    "GET /models/{model_id}/suggestion": _MANAGERS,
    "GET /models/{model_id}/cache-pricing": _MANAGERS,
    "PUT /models/{model_id}/cache-pricing": _MANAGERS,
    "DELETE /models/{model_id}/cache-pricing": _MANAGERS,
    "GET /models/{model_id}/tariffs": _MANAGERS,
    "GET /models/{model_id}/health": _MANAGERS,
    "GET /models/{model_id}/traffic-policy": _MANAGERS,
    "PUT /models/{model_id}/traffic-policy": _MANAGERS,
    "DELETE /models/{model_id}/traffic-policy": _MANAGERS,
    "POST /models/{model_id}/traffic-policy/purge-cache": _MANAGERS,
    "GET /guardrails": _MANAGERS,
    "POST /guardrails": _MANAGERS,
    "POST /guardrails/try": _MANAGERS,
    "GET /guardrails/{guardrail_id}": _MANAGERS,
    "PATCH /guardrails/{guardrail_id}": _MANAGERS,
    "DELETE /guardrails/{guardrail_id}": _MANAGERS,
    "GET /probes": _MANAGERS,
    "POST /probes": _MANAGERS,
    "POST /probes/test/{model_id}": _MANAGERS,
    "GET /probes/{probe_id}": _MANAGERS,
    "PATCH /probes/{probe_id}": _MANAGERS,
    "DELETE /probes/{probe_id}": _MANAGERS,
    "PATCH /probes/{probe_id}/activate": _MANAGERS,
    "PATCH /probes/{probe_id}/deactivate": _MANAGERS,
    "POST /probes/{probe_id}/execute": _MANAGERS,
    "GET /probes/{probe_id}/results": _MANAGERS,
    "GET /probes/{probe_id}/statistics": _MANAGERS,
    "GET /uptime": _SIGNED_IN,
    "GET /batches/requests": _Rule("MAC"),
    "GET /batches/requests/{request_id}": _Rule("MAC"),
    "DELETE /batches/requests/{request_id}": _Rule("MA"),
    "GET /provider-display-configs": _SIGNED_IN,
    "GET /provider-display-configs/{provider_key}": _SIGNED_IN,
    "GET /provider-display-configs/{provider_key}/icon": _SIGNED_IN,
}
_ACCOUNTS = {
    "GET /config": _SIGNED_IN,
    "GET /first-run": _MANAGERS,
    "GET /instance": _MANAGERS,
    "POST /instance/test-mail": _MANAGERS,
    "POST /transactions": _Rule("MB"),
    "GET /transactions": _SIGNED_IN,
    "GET /transactions/{transaction_id}": _Rule("MB", own="S", hidden=True),
    "GET /redaction-rules": _Rule("M"),
    "POST /redaction-rules": _Rule("M"),
    "POST /redaction-rules/preview": _Rule("M"),
    "GET /redaction-rules/{rule_id}": _Rule("M"),
    "PATCH /redaction-rules/{rule_id}": _Rule("M"),
    "DELETE /redaction-rules/{rule_id}": _Rule("M"),
    "DELETE /requests/bodies": _SIGNED_IN,
    "GET /requests/export": _Rule("V"),
    "GET /requests/tail": _Rule("V"),
    "GET /requests/{request_id}": _Rule("V"),
    "GET /budgets": _SIGNED_IN,
    "POST /budgets": _Rule("MB"),
    "GET /budgets/{budget_id}": _Rule("MB", own="S", hidden=True),
    "PATCH /budgets/{budget_id}": _Rule("MB"),
    "DELETE /budgets/{budget_id}": _Rule("MB"),
    "POST /explain": _MANAGERS,
    "GET /rate-limits": _SIGNED_IN,
    "POST /rate-limits": _Rule("MB"),
    "GET /rate-limits/{limit_id}": _Rule("MB", own="S", hidden=True),
    "PATCH /rate-limits/{limit_id}": _Rule("MB"),
    "DELETE /rate-limits/{limit_id}": _Rule("MB"),
    "POST /payments": _SIGNED_IN,
    "POST /payments/setup": _SIGNED_IN,
    "PATCH /payments/{session_id}": _SIGNED_IN,
    "POST /billing-portal": _SIGNED_IN,
    "POST /auto-topup/enable": _SIGNED_IN,
    "POST /auto-topup/disable": _SIGNED_IN,
    "GET /requests": _Rule("V"),
    "GET /requests/aggregate": _Rule("MV"),
    "GET /analytics": _Rule("MV"),
    "GET /requests/aggregate-by-user": _Rule("MV"),
    "GET /usage": _SIGNED_IN,
    "GET /usage/breakdown": _SIGNED_IN,
    "GET /alerts": _MANAGERS,
    "GET /alerts/{alert_id}": _MANAGERS,
    "POST /alerts/{alert_id}/acknowledge": _MANAGERS,
    "DELETE /alerts/{alert_id}/acknowledge": _MANAGERS,
    "GET /audit": _MANAGERS,
    "GET /audit/export": _MANAGERS,
    **{f"{method} /ai/{{path:path}}": _SIGNED_IN for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")},
}
_SCIM = {
    "GET /ServiceProviderConfig": _DIRECTORY_READER,
    "GET /ResourceTypes": _DIRECTORY_READER,
    "GET /ResourceTypes/{name}": _DIRECTORY_READER,
    "GET /Schemas": _DIRECTORY_READER,
    "GET /Schemas/{urn}": _DIRECTORY_READER,
    **{f"{method} /Me": _DIRECTORY_READER for method in ("DELETE", "GET", "PATCH", "POST", "PUT")},
    "POST /.search": _DIRECTORY_READER,
    "POST /Bulk": _DIRECTORY_READER,
    "GET /Users": _DIRECTORY_READER,
    "POST /Users/.search": _DIRECTORY_READER,
    "POST /Users": _MANAGERS,
    "GET /Users/{user_id}": _DIRECTORY_READER,
    "PUT /Users/{user_id}": _MANAGERS,
    "PATCH /Users/{user_id}": _MANAGERS,
    "DELETE /Users/{user_id}": _MANAGERS,
    "GET /Groups": _MANAGERS,
    "POST /Groups/.search": _MANAGERS,
    "POST /Groups": _MANAGERS,
    "GET /Groups/{group_id}": _MANAGERS,
    "PUT /Groups/{group_id}": _MANAGERS,
    "PATCH /Groups/{group_id}": _MANAGERS,
    "DELETE /Groups/{group_id}": _MANAGERS,
}
_OPEN_TO_EVERY_KEY = {"GET /admin/openapi.json", "GET /admin/docs", "GET /ai/openapi.json", "GET /ai/docs"}
_LINKING = "POST /authentication/oidc/link"  # for sessions only, whoever's


def _below(prefix: str, rules: Mapping[str, _Rule]) -> dict[str, _Rule]:
    return {route.replace(" ", " " + prefix, 1): rule for route, rule in rules.items()}


_RULES: Mapping[str, _Rule] = {
    **_PUBLIC,
    **_SITE,
    **_below(API, {**_PEOPLE, **_MODELS, **_ACCOUNTS}),
    **_below("/scim/v2", _SCIM),
    **_below("/ai/v1", _BATCHES),
    **_below("/ai/v1", _RESPONSES),
}


@dataclass(frozen=True, slots=True)
class _Belongings:
    """Somebody's ids, for path parameters. What the walk could destroy is an id that nobody has."""

    user: str
    key: str
    transaction: str
    budget: str
    limit: str

    def path(self, route: str, rule: _Rule) -> str:
        mine = rule.own is not None
        ids = {"user_id": self.user if mine else _UNKNOWN, "transaction_id": self.transaction}
        if rule.hidden:
            ids |= {"key_id": self.key, "budget_id": self.budget, "limit_id": self.limit}
        _, _, path = route.partition(" ")
        return path.replace(":path}", "}").format_map(_Ids(ids))


class _Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _UNKNOWN


async def _belongings(management: Management, user: str) -> _Belongings:
    key = await answered(management.admin.post(f"{API}/users/{user}/api-keys", json={"name": "own"}), 201)
    given = {"user_id": user, "transaction_type": "admin_grant", "amount": "1", "source_id": str(uuid.uuid4())}
    gift = await answered(management.admin.post(f"{API}/transactions", json=given), 201)
    wanted = {"name": "own", "scope": "user", "scope_id": user, "amount": "1", "period": "day"}
    budget = await answered(management.admin.post(f"{API}/budgets", json=wanted), 201)
    rate = {"name": "own", "scope": "user", "scope_id": user, "kind": "requests", "amount": 1, "per": "day"}
    limit = await answered(management.admin.post(f"{API}/rate-limits", json=rate), 201)
    return _Belongings(user, key["id"], gift["id"], budget["id"], limit["id"])


async def _with_inference_key(management: Management, user: str) -> httpx.AsyncClient:
    made = await answered(management.admin.post(f"{API}/users/{user}/api-keys", json={"name": "inference"}), 201)
    return await management.client(authorization=f"Bearer {made['key']}")


async def _ask(client: httpx.AsyncClient, route: str, path: str, rule: _Rule) -> httpx.Response:
    return await client.request(route.partition(" ")[0], path, json=rule.body, params=rule.query)


def _refusal(response: httpx.Response, rule: _Rule) -> bool:
    return response.status_code in ({401, 404} if rule.hidden else {401, 403})


def _routes(management: Management) -> Iterator[tuple[str, APIRoute]]:
    for route in every_route(management.app):
        for method in sorted(route.methods or ()):
            yield f"{method} {route.path}", route


async def test_the_table_knows_every_route_and_no_other(management: Management) -> None:
    there = {route for route, _ in _routes(management)}
    assert there - set(_RULES) == {_LINKING}, "say in the table who may call it"
    assert set(_RULES) - there == set()
    documented = {
        f"{method.upper()} {path}" for path, item in document(management.app)["paths"].items() for method in item
    }
    assert documented <= there


@pytest.mark.parametrize("whose", ["others", "own"])
@pytest.mark.parametrize("role", Role)
async def test_roles_may_what_the_table_says_and_nothing_else(
    management: Management, role: Role, whose: Literal["others", "own"]
) -> None:
    person, other = await management.person(role), await management.person()
    of = await _belongings(management, person.id if whose == "own" else other.id)
    inference = await _with_inference_key(management, person.id)
    for route, rule in _RULES.items():
        client = inference if rule.inference else person.client
        response = await _ask(client, route, of.path(route, rule), rule)
        permitted = rule.permits(role, own=whose == "own")
        assert _refusal(response, rule) is not permitted, (route, response.status_code, response.text)
        assert response.status_code < 500 or response.status_code in {501, 503}, (route, response.text)
        if not permitted:
            assert response.status_code == (404 if rule.hidden else 403), (route, response.status_code)


async def test_the_administrator_may_everything(management: Management) -> None:
    made = await answered(
        management.admin.post(f"{API}/users/current/api-keys", json={"name": "k", "purpose": "platform"}), 201
    )
    client = await management.client(authorization=f"Bearer {made['key']}")
    inference = await _with_inference_key(management, management.admin_id)
    of = await _belongings(management, (await management.person()).id)
    for route, rule in _RULES.items():
        response = await _ask(inference if rule.inference else client, route, of.path(route, rule), rule)
        assert not _refusal(response, rule), (route, response.status_code, response.text)


async def _clients_without_rights(management: Management) -> dict[str, httpx.AsyncClient]:
    """Whose credentials open nothing, or nothing any more."""
    manager = (Role.PLATFORM_MANAGER, Role.REQUEST_VIEWER, Role.BILLING_MANAGER)
    disabled, deleted, expired = [await management.person(*manager) for _ in range(3)]
    keys = f"{API}/users/{expired.id}/api-keys"
    inference = await answered(management.admin.post(keys, json={"name": "inference"}), 201)
    revoked = await answered(management.admin.post(keys, json={"name": "revoked", "purpose": "platform"}), 201)
    await answered(management.admin.delete(f"{keys}/{revoked['id']}"), 204)
    await answered(management.admin.patch(f"{API}/users/{disabled.id}", json={"is_active": False}), 200)
    await answered(management.admin.delete(f"{API}/users/{deleted.id}"), 204)
    await management.sql(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE user_id = $1 AND name = 'test'", expired.id
    )
    spoofed = {
        "x-control-layer-user": "admin@example.org",
        "x-control-layer-email": "admin@example.org",
        "x-control-layer-groups": "admins",
        "x-control-layer-peer": "127.0.0.1",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-user": "admin@example.org",
        "x-forwarded-host": "localhost",
        "x-original-url": "/healthz",
        "x-http-method-override": "GET",
        "host": "localhost",
    }
    return {
        "nobody": await management.client(),
        "header fields of a proxy that is not there": await management.client(**spoofed),
        "a disabled person's key": disabled.client,
        "a deleted person's key": deleted.client,
        "an expired key": expired.client,
        "a deleted key": await management.client(authorization=f"Bearer {revoked['key']}"),
        "a key for inference": await management.client(authorization=f"Bearer {inference['key']}"),
    }


async def test_credentials_that_open_nothing_open_nothing(management: Management) -> None:
    of = await _belongings(management, (await management.person()).id)
    for name, client in (await _clients_without_rights(management)).items():
        for route, rule in {**_RULES, _LINKING: _SIGNED_IN}.items():
            response = await _ask(client, route, of.path(route, rule), rule)
            opened = name == "a key for inference" and (rule.inference or route in _OPEN_TO_EVERY_KEY)
            refused = "*" not in rule.who and not opened
            assert (response.status_code == 401) is refused, (name, route, response.status_code, response.text)


async def test_a_demoted_managers_key_may_what_everybody_may(management: Management) -> None:
    person = await management.person(Role.PLATFORM_MANAGER)
    of = await _belongings(management, (await management.person()).id)
    await answered(person.client.get(f"{API}/users"), 200)
    await answered(management.admin.patch(f"{API}/users/{person.id}", json={"roles": []}), 200)
    inference = await _with_inference_key(management, person.id)
    for route, rule in _RULES.items():
        response = await _ask(inference if rule.inference else person.client, route, of.path(route, rule), rule)
        assert _refusal(response, rule) is not rule.permits(Role.STANDARD_USER, own=False), (route, response.text)


async def test_no_other_sites_page_changes_anything_by_a_session(management: Management) -> None:
    of = await _belongings(management, management.admin_id)
    cookies_open_nothing_here = ("/scim/", "/ai/v1/responses/")
    for route, rule in {**_RULES, _LINKING: _SIGNED_IN}.items():
        if (
            route.partition(" ")[0] in _SAFE
            or "*" in rule.who
            or any(map(route.__contains__, cookies_open_nothing_here))
        ):
            continue
        for fields in _CROSS_SITE:
            method, path = route.partition(" ")[0], of.path(route, rule)
            response = await management.admin.request(method, path, json=rule.body, headers=fields)
            assert (response.status_code, "another site" in response.text) == (403, True), (route, fields)
