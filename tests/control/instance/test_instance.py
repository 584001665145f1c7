"""Health, configuration, reference pages, what answers elsewhere, the fields of every answer (§1.1, §1.9)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from tests.control.management import API, NIL, Management, answered, client_of, refused, settings_for_tests

from control_layer.control.app import build_app, build_services
from control_layer.control.instance.not_yet import NOT_YET

_SECURITY_HEADERS = ("x-content-type-options", "x-frame-options", "referrer-policy", "permissions-policy")


async def test_health_is_a_plain_ok(management: Management) -> None:
    client = await management.client()
    response = await client.get("/healthz")
    assert (response.status_code, response.text) == (200, "OK")
    assert response.headers["content-type"].startswith("text/plain")
    response = await client.head("/healthz")
    assert (response.status_code, response.content) == (200, b"")


async def test_config_has_exactly_the_contracts_fields(management: Management) -> None:
    person = await management.person()
    body = await answered(person.client.get(f"{API}/config"), 200)
    assert body == {
        "region": None,
        "organization": None,
        "payment_enabled": False,
        "docs_jsonl_url": None,
        "docs_url": "/admin/docs",
        "batches": {
            "enabled": True,
            "allowed_completion_windows": ["24h"],
            "allowed_url_paths": [
                *("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages"),
            ],
            "async_requests": {"enabled": False, "completion_window": "1h"},
        },
        "onwards": {"strict_mode": False},
    }


async def test_unknown_pages_are_the_dashboards(management: Management) -> None:
    settings = settings_for_tests(metadata={"title": "Models & <Co>"})
    services = build_services(engine=management.engine, settings=settings)
    async with client_of(build_app(services)) as client:
        for path in ("/", "/health", "/admin/docs/", f"{API}/unknown", f"{API}/users/", "/models/edit?x=1"):
            response = await client.get(path)
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/html")
            assert response.headers["cache-control"] == "no-cache"
            assert "<title>Models &amp; &lt;Co&gt;</title>" in response.text
    services.passwords.close()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/ai/v1/responses/resp_1/unknown", "/ai/no-such"])
async def test_ai_paths_that_nobody_serves_are_not_found_in_openais_shape(
    management: Management, method: str, path: str
) -> None:
    client = await management.client()
    response = await client.request(method, path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("invalid_request_error", "unknown_url")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/nowhere", "GET, HEAD"),
        ("DELETE", f"{API}/nowhere", "GET, HEAD"),
        ("PUT", f"{API}/users", "GET, POST"),
        ("PUT", f"{API}/users/x", "DELETE, GET, PATCH"),
        ("GET", "/authentication/logout", "POST"),
        ("DELETE", "/authentication/login", "GET, POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
async def test_methods_that_a_path_lacks_are_405(management: Management, method: str, path: str, allow: str) -> None:
    response = await (await management.client()).request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allow


def _examples(pattern: str) -> Iterator[str]:
    """Paths of each shape that a pattern of `NOT_YET` has."""
    alternatives = re.search(r"\(([a-z-]+(?:\|[a-z-]+)+)\)", pattern)
    words = alternatives[1].split("|") if alternatives is not None else [""]
    for word in words:
        path = pattern if alternatives is None else pattern.replace(alternatives[0], word)
        for optional in ("(/.+)?", "(/[^/]+)?"):
            if optional in path:
                yield path.replace(optional, f"/{NIL}").replace("[^/]+", NIL)
                path = path.replace(optional, "")
        yield path.replace("[^/]+", NIL)


async def test_what_is_promised_and_not_built_says_so(management: Management) -> None:
    client = await management.client()
    for pattern, methods, what in NOT_YET:
        for path, method in itertools.product(_examples(pattern), methods):
            built = [
                route.path
                for route in management.app.state.routes
                if method in route.methods and route.path_regex.match(f"{API}/{path}")
            ]
            assert built == [], "it is built: take it out of NOT_YET"
            text = f"{what} not available in this release"
            await refused(client.request(method, f"{API}/{path}"), 501, text)


async def test_every_answer_carries_the_security_fields(management: Management) -> None:
    client = await management.client()
    for path in ("/healthz", "/", f"{API}/users", f"{API}/users/x"):
        response = await client.get(path)
        assert all(name in response.headers for name in _SECURITY_HEADERS), path
    assert (await client.get(f"{API}/users")).headers["cache-control"] == "no-store"


async def test_security_fields_can_be_switched_off(management: Management) -> None:
    settings = settings_for_tests(auth={"security": {"headers": {"enabled": False}}})
    services = build_services(engine=management.engine, settings=settings)
    async with client_of(build_app(services)) as client:
        response = await client.get("/healthz")
    assert not any(name in response.headers for name in _SECURITY_HEADERS)
    services.passwords.close()


async def test_reference_describes_every_route_and_loads_nothing_from_elsewhere(management: Management) -> None:
    document = await answered(management.admin.get("/admin/openapi.json"), 200)
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    routes = {
        (method, route.path) for route in management.app.state.routes if route.include_in_schema
        for method in route.methods
    }  # fmt: skip
    assert described == routes
    page = await management.admin.get("/admin/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "http://" not in page.text.replace(document["info"]["title"], "")
    assert f"{API}/users/{{user_id}}/api-keys" in page.text
    user = document["components"]["schemas"]["User"]
    assert "email" in user["required"]
    assert "credit_balance" not in user["required"]


@pytest.mark.parametrize("off", ["admin", "ai"])
async def test_a_reference_that_is_switched_off_is_there_for_nobody(management: Management, off: str) -> None:
    settings = settings_for_tests(openapi={f"{off}_enabled": False})
    services = build_services(engine=management.engine, settings=settings)
    app = build_app(services)
    cookie = "; ".join(f"{each.name}={each.value}" for each in management.admin.cookies.jar)
    async with client_of(app, cookie=cookie) as administrator, client_of(app) as nobody:
        for surface, path in itertools.product(("admin", "ai"), ("openapi.json", "docs")):
            for client, status in ((administrator, 200), (nobody, 401)):
                response = await client.get(f"/{surface}/{path}")
                assert response.status_code == (404 if surface == off else status)
                assert (response.content == b"") is (surface == off)
    services.passwords.close()


async def test_named_origins_may_call_from_their_pages(management: Management) -> None:
    cors = {"allowed_origins": ["https://pages.test"], "exposed_headers": ["x-request-id"]}
    services = build_services(engine=management.engine, settings=settings_for_tests(auth={"security": {"cors": cors}}))
    async with client_of(build_app(services)) as client:
        asked = {"access-control-request-method": "PATCH", "access-control-request-headers": "content-type"}
        response = await client.options(f"{API}/users", headers=asked | {"origin": "https://pages.test"})
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] == "https://pages.test"
        assert response.headers["access-control-allow-credentials"] == "true"
        response = await client.options(f"{API}/users", headers=asked | {"origin": "https://evil.test"})
        assert "access-control-allow-origin" not in response.headers
        response = await client.get("/healthz", headers={"origin": "https://pages.test"})
        assert response.headers["access-control-expose-headers"] == "x-request-id"
    services.passwords.close()


async def test_every_origin_with_credentials_is_refused_at_start(management: Management) -> None:
    settings = settings_for_tests(auth={"security": {"cors": {"allowed_origins": ["*"]}}})
    services = build_services(engine=management.engine, settings=settings)
    with pytest.raises(ValueError, match="allow_credentials"):
        build_app(services)
    services.passwords.close()


async def test_a_failure_shows_nothing_of_the_inside(management: Management) -> None:
    await management.sql("ALTER TABLE groups RENAME COLUMN name TO title")
    await refused(management.admin.get(f"{API}/groups"), 500, "Database error occurred")
