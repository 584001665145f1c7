"""The permission matrix (§3.2): every cell of the resources here, exercised over the API by people with one role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest
from tests.control.management import API, Management, answered

from control_layer.control.permissions import MATRIX, Operation, Resource, Role, allows
from control_layer.settings import RoleName

# The contract's table, typed off once more: letters for all objects, then for one's own.
_CONTRACT: Mapping[Resource, Mapping[Role, tuple[str, str]]] = {
    Resource.USERS: {
        Role.PLATFORM_MANAGER: ("CRUD", "CRUD"),
        Role.STANDARD_USER: ("", "RU"),
        Role.REQUEST_VIEWER: ("", "R"),
        Role.BILLING_MANAGER: ("R", ""),
    },
    Resource.GROUPS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.REQUEST_VIEWER: ("", "R")},
    Resource.MODELS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.STANDARD_USER: ("", "R")},
    Resource.COMPOSITE_MODELS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.STANDARD_USER: ("", "R")},
    Resource.ENDPOINTS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD")},
    Resource.API_KEYS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.STANDARD_USER: ("", "CRUD")},
    Resource.REQUESTS: {Role.REQUEST_VIEWER: ("R", "R")},
    Resource.ANALYTICS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.REQUEST_VIEWER: ("R", "R")},
    Resource.PRICING: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD")},
    Resource.MODEL_RATE_LIMITS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD")},
    Resource.CREDITS: {
        Role.PLATFORM_MANAGER: ("CRUD", "CRUD"),
        Role.STANDARD_USER: ("", "R"),
        Role.REQUEST_VIEWER: ("", "R"),
        Role.BILLING_MANAGER: ("CRUD", "CRUD"),
    },
    Resource.PROBES: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD")},
    Resource.FILES: {
        Role.PLATFORM_MANAGER: ("CRUD", "CRUD"),
        Role.BATCH_API_USER: ("", "CRD"),
        Role.CONNECTIONS_USER: ("", "R"),
    },
    Resource.BATCHES: {
        Role.PLATFORM_MANAGER: ("CRUD", "CRUD"),
        Role.BATCH_API_USER: ("", "CRUD"),
        Role.CONNECTIONS_USER: ("", "R"),
    },
    Resource.WEBHOOKS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.STANDARD_USER: ("", "CRUD")},
    Resource.ORGANIZATIONS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.STANDARD_USER: ("", "CRU")},
    Resource.TOOL_SOURCES: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD")},
    Resource.CONNECTIONS: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD"), Role.CONNECTIONS_USER: ("", "CRUD")},
    Resource.SYSTEM: {Role.PLATFORM_MANAGER: ("CRUD", "CRUD")},
    Resource.SYSTEM_ACCESS: {},
}


@pytest.mark.parametrize("resource", Resource)
@pytest.mark.parametrize("role", Role)
def test_matrix_is_the_contracts(role: Role, resource: Resource) -> None:
    everything, own = _CONTRACT[resource].get(role, ("", ""))
    for operation in Operation:
        letter = operation[0]
        assert allows([role], operation, resource, own=False) == (letter in everything)
        assert allows([role], operation, resource, own=True) == (letter in everything + own)


def test_matrix_names_every_role() -> None:
    assert set(MATRIX) == set(Role)


def _may(role: Role, operation: Operation, resource: Resource, *, own: bool) -> bool:
    return allows([role, Role.STANDARD_USER], operation, resource, own=own)  # nobody lacks StandardUser


@pytest.mark.parametrize("role", Role)
async def test_users_groups_and_keys_obey_the_matrix(management: Management, role: Role) -> None:
    me, other = await management.person(role), await management.person()
    mine = await answered(me.client.post(f"{API}/users/current/api-keys", json={"name": "mine"}), 201)
    theirs = await answered(other.client.post(f"{API}/users/current/api-keys", json={"name": "theirs"}), 201)
    group = await management.group()
    create, read, update, delete = Operation
    users, groups, keys = Resource.USERS, Resource.GROUPS, Resource.API_KEYS
    new_user = {"username": "new", "email": "new@example.org", "roles": []}
    calls = [
        ("GET", "/users", None, read, users, False),
        ("POST", "/users", new_user, create, users, False),
        ("GET", f"/users/{me.id}", None, read, users, True),
        ("GET", f"/users/{other.id}", None, read, users, False),
        ("PATCH", f"/users/{me.id}", {}, update, users, True),
        ("PATCH", f"/users/{other.id}", {}, update, users, False),
        ("PATCH", f"/users/{me.id}", {"roles": [role]}, update, users, False),
        ("GET", "/groups", None, read, groups, False),
        ("POST", "/groups", {"name": "new"}, create, groups, False),
        ("GET", f"/groups/{group}", None, read, groups, False),
        ("PATCH", f"/groups/{group}", {}, update, groups, False),
        ("GET", f"/groups/{group}/users", None, read, users, False),
        ("POST", f"/groups/{group}/users/{other.id}", None, update, groups, False),
        ("DELETE", f"/groups/{group}/users/{other.id}", None, update, groups, False),
        ("GET", f"/users/{me.id}/groups", None, read, users, True),
        ("GET", f"/users/{other.id}/groups", None, read, users, False),
        ("POST", f"/users/{other.id}/groups/{group}", None, update, users, False),
        ("DELETE", f"/users/{other.id}/groups/{group}", None, update, users, False),
        ("DELETE", f"/groups/{group}", None, delete, groups, False),
        ("GET", "/api-keys", None, read, keys, False),
        ("GET", f"/users/{me.id}/api-keys", None, read, keys, True),
        ("GET", f"/users/{other.id}/api-keys", None, read, keys, False),
        ("POST", f"/users/{me.id}/api-keys", {"name": "new"}, create, keys, True),
        ("POST", f"/users/{other.id}/api-keys", {"name": "new"}, create, keys, False),
        ("GET", f"/users/{me.id}/api-keys/{mine['id']}", None, read, keys, True),
        ("GET", f"/users/{other.id}/api-keys/{theirs['id']}", None, read, keys, False),
        ("PATCH", f"/users/{me.id}/api-keys/{mine['id']}", {}, update, keys, True),
        ("PATCH", f"/users/{other.id}/api-keys/{theirs['id']}", {}, update, keys, False),
        ("POST", f"/users/{me.id}/api-keys/{mine['id']}/rotate", None, update, keys, True),
        ("POST", f"/users/{other.id}/api-keys/{theirs['id']}/rotate", None, update, keys, False),
        ("POST", f"/users/{me.id}/api-keys/{mine['id']}/purge-cache", None, update, keys, True),
        ("POST", f"/users/{other.id}/api-keys/{theirs['id']}/purge-cache", None, update, keys, False),
        ("POST", f"/users/{me.id}/purge-cache", None, update, keys, True),
        ("POST", f"/users/{other.id}/purge-cache", None, update, keys, False),
        ("DELETE", f"/users/{me.id}/api-keys/{mine['id']}", None, delete, keys, True),
        ("DELETE", f"/users/{other.id}/api-keys/{theirs['id']}", None, delete, keys, False),
        ("DELETE", f"/users/{other.id}", None, delete, users, False),
    ]
    for method, path, body, operation, resource, own in calls:
        response = await me.client.request(method, API + path, json=body)
        if _may(role, operation, resource, own=own):
            assert response.is_success, (method, path, response.status_code, response.text)
        else:
            assert response.status_code == 403, (method, path, response.status_code)
            assert response.text == f"Insufficient permissions to {operation} {resource}"


async def test_nobody_without_a_credential_gets_in(management: Management) -> None:
    anonymous = await management.client()
    for route in management.app.state.routes:
        if route.path.startswith("/admin/"):
            for method in route.methods:
                path = route.path_format.format(
                    **dict.fromkeys(route.param_convertors, "00000000-0000-4000-8000-000000000001")
                )
                needed = [field for field in route.dependant.query_params if field.field_info.is_required()]
                response = await anonymous.request(method, path, params={field.alias: "x" for field in needed})
                text = "" if method == "HEAD" else "Authentication required"
                assert (response.status_code, response.text) == (401, text), (method, path)


def test_the_settings_know_every_role() -> None:
    assert set(get_args(RoleName)) == set(Role)
