"""What starts set up (§4.25): the administrator, the configured model sources, the demonstration."""

from __future__ import annotations

import hashlib
import socket
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.control.control_process import ControlProcess, control_process, wait_until
from tests.control.management import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    API,
    NIL,
    Management,
    answered,
    client_of,
    settings_for_tests,
)

from control_layer.contract.supervision import Simulated
from control_layer.control.app import build_app, build_services
from control_layer.control.config import Demo
from control_layer.control.first_start.seeding import seed
from control_layer.control.services import Services

_PROVIDER_KEY = "sk-provider-secret"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The simulated provider's base URL; it wants `_PROVIDER_KEY`."""
    with simulator("--api-key", _PROVIDER_KEY) as url:
        yield url


@contextmanager
def _administrator(control: ControlProcess) -> Iterator[httpx.Client]:
    with control.client() as client:
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        response = client.post("/authentication/login", json=login)
        client.headers["cookie"] = response.headers["set-cookie"].split(";")[0]
        yield client


def _get(client: httpx.Client, path: str) -> Any:
    response = client.get(API + path)
    assert response.status_code == 200, response.text
    return response.json()


def _restarted(control: ControlProcess) -> None:
    control.process.terminate()
    assert control.end() == 0


def _simulated(provider: str) -> Simulated:
    return Simulated(url=provider, key=_PROVIDER_KEY)


def _demo() -> Demo:
    return Demo(api_key=f"sk-{uuid.uuid4().hex}")


def test_demonstration_has_an_endpoint_models_for_everyone_and_a_key(
    tmp_path: Path, database_url: str, provider: str
) -> None:
    with control_process(tmp_path, database_url, settings_for_tests(), _simulated(provider), _demo()) as control:
        control.wait_ready()
        with _administrator(control) as admin:
            (endpoint,) = _get(admin, "/endpoints")
            assert endpoint["name"] == "Simulated provider"
            assert endpoint["requires_api_key"] is True
            models = _get(admin, "/models?limit=101")["data"]
            assert models
            assert all(model["hosted_on"] == endpoint["id"] for model in models)
            granted = _get(admin, f"/groups/{NIL}/models")
            assert {model["id"] for model in models} <= set(granted)
            (key,) = _get(admin, "/users/current/api-keys")["data"]
            assert (key["name"], key["purpose"]) == ("demo", "realtime")
            assert set(key["model_access"]) == set(granted)


async def test_each_start_gives_the_demonstrations_key_a_new_secret(
    management: Management, tmp_path: Path, database_url: str, provider: str
) -> None:
    known: list[bytes] = []
    for _ in range(2):
        demo = _demo()
        with control_process(tmp_path, database_url, settings_for_tests(), _simulated(provider), demo) as control:
            control.wait_ready()
            _restarted(control)
        (row,) = await management.sql("SELECT secret_digest FROM api_keys WHERE NOT hidden")
        assert row.secret_digest == hashlib.sha256(demo.api_key.encode()).digest()
        known.append(row.secret_digest)
        assert demo.api_key not in control.log
        assert _PROVIDER_KEY not in control.log
    assert known[0] != known[1]
    endpoints = await management.sql("SELECT url FROM endpoints")
    assert len(endpoints) == 1


def test_demonstration_waits_for_its_provider(tmp_path: Path, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    simulated = _simulated(f"http://127.0.0.1:{port}/v1")
    with control_process(tmp_path, database_url, settings_for_tests(), simulated, _demo()) as control:
        wait_until(lambda: "refused the connection" in control.log)
        with simulator("--port", str(port), "--api-key", _PROVIDER_KEY):
            control.wait_ready()


def _sources(provider: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "Provider", "url": provider, "api_key": _PROVIDER_KEY} | more]


@pytest.mark.parametrize("to_everyone", [True, False])
def test_model_sources_are_connected_at_the_first_start_and_never_again(
    tmp_path: Path, database_url: str, provider: str, to_everyone: bool
) -> None:
    settings = settings_for_tests(model_sources=_sources(provider, grant_to_everyone=to_everyone))
    with control_process(tmp_path, database_url, settings) as control:
        control.wait_ready()
        wait_until(lambda: "model_source_connected" in control.log)
        with _administrator(control) as admin:
            (endpoint,) = _get(admin, "/endpoints")
            models = {model["id"] for model in _get(admin, "/models?limit=101")["data"]}
            assert models
            assert set(_get(admin, f"/groups/{NIL}/models")) == (models if to_everyone else set())
            assert admin.delete(f"{API}/endpoints/{endpoint['id']}").status_code == 204
        _restarted(control)
    edited = settings_for_tests(model_sources=_sources(provider, api_key="another"))
    with control_process(tmp_path, database_url, edited) as control:
        control.wait_ready()
        with _administrator(control) as admin:
            assert _get(admin, "/endpoints") == []
        _restarted(control)
        assert control.log.count("model_source_connected") == 1


def test_serves_before_its_model_sources_answer(tmp_path: Path, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        silent.settimeout(30)
        settings = settings_for_tests(model_sources=_sources(f"http://{host}:{port}/v1"))
        with control_process(tmp_path, database_url, settings) as control:
            control.wait_ready()
            asking, _ = silent.accept()
            with asking:
                _restarted(control)
        assert _PROVIDER_KEY not in control.log


async def test_a_generated_password_is_to_be_changed_and_no_start_brings_it_back(management: Management) -> None:
    settings = settings_for_tests(admin_email="boss@example.org", admin_password="as it was generated")

    async def started(password_generated: bool = True) -> Services:
        services = build_services(engine=management.engine, settings=settings, password_generated=password_generated)
        clients.callback(services.passwords.close)
        await seed(services)
        return services

    async def signed_in(services: Services, password: str, status: int = 200) -> httpx.AsyncClient:
        client = await clients.enter_async_context(client_of(build_app(services)))
        login = {"email": "boss@example.org", "password": password}
        await answered(client.post("/authentication/login", json=login), status)
        return client

    async def must_change(client: httpx.AsyncClient) -> bool:
        me = await answered(client.get(f"{API}/users/current"), 200)
        return bool(me.get("must_change_password", False))

    async with AsyncExitStack() as clients:
        for _ in range(2):
            services = await started()
            boss = await signed_in(services, "as it was generated")
            assert await must_change(boss)
        change = {"current_password": "as it was generated", "new_password": "chosen by the boss"}
        await answered(boss.post("/authentication/password-change", json=change), 200)
        assert not await must_change(boss)
        services = await started()
        assert not await must_change(await signed_in(services, "chosen by the boss"))
        # One that is configured is in force whatever was chosen.
        services = await started(password_generated=False)
        assert not await must_change(await signed_in(services, "as it was generated"))


async def test_an_administrator_whose_name_was_taken_comes_in_all_the_same(management: Management) -> None:
    settings = settings_for_tests(admin_email="boss@example.org", admin_password="the boss's password")
    taken = {"username": "boss@example.org", "email": "boss@example.org", "roles": []}
    await answered(management.admin.post(f"{API}/users", json=taken), 201)
    services = build_services(engine=management.engine, settings=settings)
    for _ in range(2):
        await seed(services)
    services.passwords.close()
    login = {"email": "boss@example.org", "password": "the boss's password"}
    user = (await answered((await management.client()).post("/authentication/login", json=login), 200))["user"]
    assert user["is_admin"] is True
    assert (await answered(management.admin.get(f"{API}/users"), 200))["total_count"] == 3
