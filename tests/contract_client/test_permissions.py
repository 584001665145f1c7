"""Sections 3.2 and 3.4: who may do what, one row per operation; 401 for nobody everywhere."""

from __future__ import annotations

import pytest
from tests.contract_client.client import NIL, Person, World

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"
_ALLOWED = "PlatformManager"
_TABLE = [
    ("GET", "/users", None, {_ALLOWED, "BillingManager"}),
    ("POST", "/users", {}, {_ALLOWED}),
    ("GET", f"/users/{_UNKNOWN}", None, {_ALLOWED, "BillingManager"}),
    ("PATCH", f"/users/{_UNKNOWN}", {}, {_ALLOWED}),
    ("DELETE", f"/users/{_UNKNOWN}", None, {_ALLOWED}),
    ("GET", f"/users/{_UNKNOWN}/groups", None, {_ALLOWED, "BillingManager"}),
    ("POST", f"/users/{_UNKNOWN}/groups/{_UNKNOWN}", None, {_ALLOWED}),
    ("GET", f"/users/{_UNKNOWN}/api-keys", None, {_ALLOWED}),
    ("POST", f"/users/{_UNKNOWN}/api-keys", {"name": "x"}, {_ALLOWED}),
    ("GET", "/groups", None, {_ALLOWED}),
    ("POST", "/groups", {}, {_ALLOWED}),
    ("GET", f"/groups/{NIL}", None, {_ALLOWED}),
    ("PATCH", f"/groups/{_UNKNOWN}", {}, {_ALLOWED}),
    ("DELETE", f"/groups/{_UNKNOWN}", None, {_ALLOWED}),
    ("GET", f"/groups/{NIL}/users", None, {_ALLOWED, "BillingManager"}),
    ("GET", f"/groups/{NIL}/models", None, {_ALLOWED}),
    ("POST", f"/groups/{_UNKNOWN}/users/{_UNKNOWN}", None, {_ALLOWED}),
    ("POST", f"/groups/{_UNKNOWN}/models/{_UNKNOWN}", None, {_ALLOWED}),
    ("GET", "/endpoints", None, {_ALLOWED}),
    ("POST", "/endpoints", {}, {_ALLOWED}),
    ("POST", "/endpoints/validate", {}, {_ALLOWED}),
    ("POST", f"/endpoints/{_UNKNOWN}/synchronize", None, {_ALLOWED}),
    ("GET", "/models", None, {_ALLOWED, "RequestViewer", "StandardUser", "BillingManager", "BatchAPIUser"}),
    ("POST", "/models", {}, {_ALLOWED}),
    ("PATCH", f"/models/{_UNKNOWN}", {}, {_ALLOWED}),
    ("DELETE", f"/models/{_UNKNOWN}", None, {_ALLOWED}),
    ("GET", f"/models/{_UNKNOWN}/groups", None, {_ALLOWED}),
    ("GET", f"/models/{_UNKNOWN}/components", None, {_ALLOWED}),
    ("POST", f"/models/{_UNKNOWN}/components/{_UNKNOWN}", {}, {_ALLOWED}),
    ("GET", "/probes", None, {_ALLOWED}),
    ("POST", "/probes", {}, {_ALLOWED}),
    ("GET", f"/probes/{_UNKNOWN}/results", None, {_ALLOWED}),
    ("POST", f"/probes/test/{_UNKNOWN}", {}, {_ALLOWED}),
    ("POST", "/transactions", {}, {_ALLOWED, "BillingManager"}),
    ("GET", "/transactions?all=true", None, {_ALLOWED, "BillingManager"}),
    ("GET", "/requests", None, {"RequestViewer"}),
    ("GET", "/requests/aggregate", None, {_ALLOWED, "RequestViewer"}),
]


@pytest.mark.parametrize(("method", "path", "body", "allowed"), _TABLE)
def test_each_operation_is_open_to_the_roles_of_the_matrix(
    world: World, people: dict[str, Person], method: str, path: str, body: object, allowed: set[str]
) -> None:
    statuses = {who: caller.call(method, path, body).status_code for who, caller in people.items()}
    assert statuses.pop("nobody") == 401
    refused = {who for who, status in statuses.items() if status in (401, 403)}
    assert refused == statuses.keys() - allowed - {"admin"}, statuses
    assert all(status < 500 for status in statuses.values()), statuses
