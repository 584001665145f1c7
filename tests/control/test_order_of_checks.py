"""Which error wins where several apply (§1.6), and how errors look (§1.5)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter
from tests.control.management import API, POOL_SIZE, Management, answered, every_route, refused

from control_layer.control.access import NoAccessDeclared
from control_layer.control.app import build_app
from control_layer.control.route import MAX_BODY_BYTES, ControlRoute

_USERS = f"{API}/users"
_JSON = {"content-type": "application/json"}


async def test_path_then_query_then_caller_then_permission_then_body(management: Management) -> None:
    anonymous = await management.client()
    person = await management.person()
    garbage: dict[str, Any] = {"content": b"{", "headers": {"content-type": "text/plain"}}
    await refused(anonymous.patch(f"{API}/groups/nonsense", **garbage), 400)
    await refused(anonymous.get(f"{_USERS}?limit=x"), 400)
    await refused(anonymous.post(_USERS, **garbage), 401, "Authentication required")
    await refused(person.client.post(_USERS, **garbage), 403, "Insufficient permissions to Create Users")
    await refused(management.admin.post(_USERS, **garbage), 415)
    await refused(management.admin.post(_USERS, content=b"{", headers=_JSON), 400)
    await refused(management.admin.post(_USERS, content=b"{}", headers=_JSON), 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"username": "x",}',
        b"\xff\xfe",
        b'{"username": "\xff"}',
        b"[" * 100_000,
        b'{"username": "\\ud800", "email": "y", "roles": []}',
        b'{"username": "\\uDC00\\ud83d", "email": "y", "roles": []}',
        b'{"roles":[],"email":"y","username":"x","low":' + b"9" * 5000 + b"}",
    ],
)
async def test_what_is_not_json_is_400(management: Management, body: bytes) -> None:
    await refused(management.admin.post(_USERS, content=body, headers=_JSON), 400, "The request body is not valid JSON")


async def test_escaped_text_is_text(management: Management) -> None:
    body = b'{"username": "\\ud83d\\ude00 \\\\ud800", "email": "y", "roles": []}'
    user = await answered(management.admin.post(_USERS, content=body, headers=_JSON), 201)
    assert user["username"] == "\U0001f600 \\ud800"


@pytest.mark.parametrize("body", [b"null", b"[]", b"5", b'"x"', b'{"username": "x"}'])
async def test_json_of_the_wrong_shape_is_422_in_one_line(management: Management, body: bytes) -> None:
    response = await management.admin.post(_USERS, content=body, headers=_JSON)
    assert response.status_code == 422
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert "\n" not in response.text


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("APPLICATION/JSON", 201),
        ("application/vnd.api+json", 201),
        ("text/plain", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        (None, 415),
    ],
)
async def test_bodies_must_say_that_they_are_json(
    management: Management, content_type: str | None, status: int
) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps({"username": "x", "email": "y", "roles": []}).encode()
    response = await management.admin.post(_USERS, content=body, headers=headers)
    assert response.status_code == status


async def test_bodies_over_two_mebibytes_are_413(management: Management) -> None:
    start, end = b'{"username":"x","email":"y","roles":[],"ignored":"', b'"}'
    fits = start + b"a" * (MAX_BODY_BYTES - len(start) - len(end)) + end
    await answered(management.admin.post(_USERS, content=fits, headers=_JSON), 201)
    await refused(management.admin.post(_USERS, content=fits + b" ", headers=_JSON), 413)


async def test_slow_bodies_hold_no_connection(management: Management) -> None:
    released = asyncio.Event()
    started = asyncio.Semaphore(0)

    async def slowly() -> AsyncIterator[bytes]:
        started.release()
        await released.wait()
        yield b"{}"

    slow = [
        asyncio.create_task(management.admin.post(_USERS, content=slowly(), headers=_JSON))
        for _ in range(2 * POOL_SIZE)
    ]
    for _ in slow:
        await started.acquire()
    await answered(management.admin.get(_USERS), 200)
    released.set()
    assert {response.status_code for response in await asyncio.gather(*slow)} == {422}


async def test_a_refusal_never_shows_what_was_sent(management: Management) -> None:
    body = {"email": ["hunter2-email"], "password": {"secret": "hunter2"}, "username": 5, "display_name": ["hunter2"]}
    for accept in ("*/*", "application/json"):
        client = await management.client(accept=accept)
        for path in ("/authentication/login", "/authentication/register"):
            response = await client.post(path, json=body)
            assert response.status_code == 422
            assert "hunter2" not in response.text


@pytest.mark.parametrize(
    ("accept", "problem"),
    [
        (None, False),
        ("*/*", False),
        ("application/json, text/plain, */*", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/problem+json", True),
        ("application/problem+json, */*", True),
        ("application/json", True),
        ("application/json, */*;q=0.5", True),
        ("application/json;q=0.5, text/plain", False),
        ("application/problem+json;q=0", False),
        ("application/json;q=nonsense", False),
    ],
)
async def test_problem_details_for_those_who_ask(management: Management, accept: str | None, problem: bool) -> None:
    response = await management.admin.get(f"{API}/users/nonsense", headers={} if accept is None else {"accept": accept})
    assert response.status_code == 400
    if not problem:
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        return
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert {name: body[name] for name in ("title", "status", "code")} == {
        "title": "Bad Request",
        "status": 400,
        "code": "invalid_parameter",
    }
    assert {error["field"].partition("[")[0].split(".")[1] for error in body["errors"]} == {"user_id"}


async def test_problem_details_name_fields_and_keep_the_contracts_members(management: Management) -> None:
    headers = {"accept": "application/json"}
    response = await management.admin.post(_USERS, json={"username": 5}, headers=headers)
    assert response.json()["code"] == "invalid_body"
    assert {error["field"] for error in response.json()["errors"]} == {"body.username", "body.email", "body.roles"}
    await management.group("taken")
    response = await management.admin.post(f"{API}/groups", json={"name": "taken"}, headers=headers)
    body = response.json()
    assert (response.status_code, body["code"], body["resource"]) == (409, "conflict", "unknown")
    assert body["message"] == body["detail"] == "Resource already exists"


def test_route_without_an_access_rule_stops_the_start() -> None:
    router = APIRouter(route_class=ControlRoute)

    async def forgotten() -> None: ...

    with pytest.raises(NoAccessDeclared, match="forgotten"):
        router.get("/x")(forgotten)


async def test_every_route_is_a_checked_one(management: Management) -> None:
    routes = every_route(build_app(management.services))
    assert routes
    assert all(isinstance(route, ControlRoute) for route in routes)
