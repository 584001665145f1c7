"""Section 1: paths, pages, paging, errors and the order of checks."""

from __future__ import annotations

import pytest
from tests.contract_client.client import API, NIL, Person, World, fresh

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"


def test_liveness_is_plain_ok(world: World) -> None:
    answer = world.nobody.send("GET", "/healthz")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/", "/models", "/admin/docs/", f"{API}/no-such", f"{API}/users/", "/a/b/"])
def test_a_get_of_no_route_is_the_dashboard_under_the_configured_title(world: World, path: str) -> None:
    answer = world.nobody.send("GET", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<title>Acme &lt;AI&gt;</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/no-such", f"{API}/no-such", "/authentication/no-such"])
def test_another_method_of_no_route_is_405(world: World, method: str, path: str) -> None:
    assert world.nobody.send(method, path).status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", f"{API}/users", {"GET", "POST"}),
        ("POST", f"{API}/users/{NIL}", {"GET", "PATCH", "DELETE"}),
        ("DELETE", f"{API}/config", {"GET"}),
        ("PUT", "/authentication/login", {"GET", "POST"}),
        ("GET", f"{API}/payments", {"POST"}),
    ],
)
def test_a_known_path_names_the_methods_that_it_has(world: World, method: str, path: str, allowed: set[str]) -> None:
    answer = world.nobody.send(method, path)
    assert answer.status_code == 405
    assert allowed <= {name.strip() for name in answer.headers["allow"].split(",")}


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/admin/openapi.json", {"nobody": 401, "StandardUser": 403, "PlatformManager": 200, "admin": 200}),
        ("/admin/docs", {"nobody": 401, "StandardUser": 403, "PlatformManager": 200, "admin": 200}),
        ("/ai/openapi.json", {"nobody": 401, "StandardUser": 200, "admin": 200}),
        ("/ai/docs", {"nobody": 401, "StandardUser": 200, "admin": 200}),
    ],
)
def test_the_documentation_pages(world: World, people: dict[str, Person], path: str, statuses: dict[str, int]) -> None:
    assert {who: people[who].send("GET", path).status_code for who in statuses} == statuses


@pytest.mark.parametrize(
    ("query", "skip", "limit"),
    [
        ("", 0, 10),
        ("limit=0", 0, 1),
        ("limit=-4", 0, 1),
        ("limit=101", 0, 101),
        ("limit=500", 0, 101),
        ("skip=-3", 0, 10),
        ("skip=2&limit=3", 2, 3),
    ],
)
@pytest.mark.parametrize("path", ["/users", "/groups", "/models", "/users/current/api-keys"])
def test_offset_paging_clamps(world: World, path: str, query: str, skip: int, limit: int) -> None:
    page = world.admin.must("GET", f"{path}?{query}", status=200)
    assert (page["skip"], page["limit"]) == (skip, limit)
    assert isinstance(page["data"], list)
    assert isinstance(page["total_count"], int)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/not-a-uuid"),
        ("PATCH", "/users/current"),
        ("DELETE", "/users/current"),
        ("POST", f"/users/current/groups/{NIL}"),
        ("GET", "/users/current/groups"),
        ("GET", "/groups/1"),
        ("GET", "/models/x"),
        ("GET", "/endpoints/x"),
        ("GET", "/probes/x"),
        ("GET", "/transactions/x"),
        ("GET", "/users?limit=ten"),
        ("GET", "/groups?skip=x"),
        ("GET", "/models?accessible=maybe"),
        ("GET", "/models?endpoint=x"),
        ("GET", "/models?group=x"),
        ("GET", "/models?sort=color"),
        ("GET", "/models?model_type=TEXT"),
        ("GET", "/transactions?user_id=me"),
        ("GET", "/usage?user_id=me"),
        ("GET", "/requests?status_code=ok"),
        ("GET", "/requests?timestamp_after=noon"),
    ],
)
def test_path_and_query_syntax_are_judged_before_who_asks(world: World, method: str, path: str) -> None:
    body: dict[str, object] | None = {} if method != "GET" else None
    for caller in (world.nobody, world.admin):
        answer = caller.call(method, path, body)
        assert answer.status_code == 400, (answer.status_code, answer.text)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"authorization": "Bearer sk-wrong"},
        {"authorization": "Basic eDp5"},
        {"cookie": "control_layer_session=x.y.z"},
    ],
)
def test_no_credential_that_works_is_the_one_401(world: World, credential: dict[str, str]) -> None:
    answer = Person(world.address, credential).call("GET", "/users/current")
    assert (answer.status_code, answer.text) == (401, "Authentication required")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_broken_bearer_does_not_spoil_a_good_cookie(world: World) -> None:
    answer = world.admin.call("GET", "/users/current", headers={"authorization": "Bearer sk-wrong"})
    assert answer.status_code == 200


_GUARDED = [
    ("POST", "/users", "Create Users"),
    ("POST", "/groups", "Create Groups"),
    ("POST", "/endpoints", "Create Endpoints"),
    ("POST", "/models", "Create Models"),
    ("POST", "/probes", "Create Probes"),
    ("POST", "/transactions", "Create Credits"),
]


@pytest.mark.parametrize(("method", "path", "what"), _GUARDED)
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [(b"{}", None, 415), (b"{}", "text/plain", 415), (b"{", "application/json", 400), (b"{}", "application/json", 422)],
)
def test_who_then_content_type_then_syntax_then_shape(
    world: World,
    people: dict[str, Person],
    method: str,
    path: str,
    what: str,
    content: bytes,
    kind: str | None,
    status: int,
) -> None:
    headers = {"content-type": kind} if kind else {}
    answers = {
        who: caller.call(method, path, content=content, headers=headers)
        for who, caller in people.items()
        if who in ("nobody", "StandardUser", "admin")
    }
    assert {who: answer.status_code for who, answer in answers.items()} == {
        "nobody": 401,
        "StandardUser": 403,
        "admin": status,
    }
    assert answers["StandardUser"].text == f"Insufficient permissions to {what}"
    assert all(answer.headers["content-type"] == "text/plain; charset=utf-8" for answer in answers.values())


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/users/{id}"), ("POST", "/users/{id}/api-keys"), ("PATCH", f"/users/{{id}}/api-keys/{_UNKNOWN}")],
)
def test_where_ownership_decides_the_body_is_read_first(
    world: World, people: dict[str, Person], method: str, path: str
) -> None:
    path = path.format(id=world.admin.id)
    assert people["StandardUser"].call(method, path, {"name": 7, "roles": "x"}).status_code == 422
    assert people["StandardUser"].call(method, path, {"name": "x"}).status_code == 403


def test_a_body_over_two_mebibytes_is_413(world: World) -> None:
    body = b'{"name": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    answer = world.admin.call("POST", "/groups", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/users/{id}", "User with ID {id} not found"),
        ("/groups/{id}", "Group with ID {id} not found"),
        ("/endpoints/{id}", "Endpoint with ID {id} not found"),
        ("/models/{id}", "Deployment with ID {id} not found"),
        ("/transactions/{id}", "Transaction with ID {id} not found"),
        ("/probes/{id}", "Probe with ID {id} not found"),
    ],
)
def test_a_missing_object_is_named(world: World, path: str, text: str) -> None:
    answer = world.admin.call("GET", path.format(id=_UNKNOWN))
    assert answer.status_code == 404
    assert answer.text.endswith(f" with ID {_UNKNOWN} not found"), text


def test_the_system_user_is_invisible(world: World) -> None:
    assert world.admin.call("GET", f"/users/{NIL}").status_code == 404


def test_unknown_request_fields_are_ignored(world: World) -> None:
    world.group(no_such_field=1)


@pytest.mark.parametrize("accept", ["application/problem+json", "application/json"])
def test_who_asks_for_problem_details_gets_them(world: World, accept: str) -> None:
    answer = world.admin.call("POST", "/groups", {"name": 5}, headers={"accept": accept})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == 422
    assert isinstance(problem["code"], str)
    assert "name" in answer.text


def test_security_headers_stand_on_every_answer(world: World) -> None:
    for path in ("/healthz", f"{API}/users", "/"):
        headers = world.nobody.send("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert "permissions-policy" in headers


def test_conflicts_are_json_with_the_fixed_words(world: World, endpoint: str) -> None:
    user = {"username": fresh("u"), "email": f"{fresh('u')}@example.org", "roles": []}
    world.admin.must("POST", "/users", user, status=201)
    group = world.group()
    model = world.model(endpoint)
    made = world.endpoint()
    source = {"user_id": world.admin.id, "transaction_type": "admin_grant", "amount": "1", "source_id": fresh("s")}
    world.admin.must("POST", "/transactions", source, status=201)
    again = {"type": "standard", "model_name": "sim-small", "alias": model["alias"], "hosted_on": endpoint}
    clashes = [
        ("/users", {**user, "username": fresh("u")}, "An account with this email address already exists", "user"),
        ("/users", {**user, "email": f"{fresh('u')}@example.org"}, "This username is already taken", "user"),
        ("/models", again, "The specified alias is already in use. Please choose a different alias.", "deployment"),
        (
            "/endpoints",
            {"name": made["name"], "url": world.provider, "skip_fetch": True},
            "An endpoint with this name already exists",
            "endpoint",
        ),
        ("/groups", {"name": group["name"]}, "Resource already exists", "unknown"),
        ("/transactions", source, "Resource already exists", "unknown"),
    ]
    for path, body, message, resource in clashes:
        answer = world.admin.call("POST", path, body)
        assert (answer.status_code, answer.json()) == (409, {"message": message, "resource": resource}), path
