"""The management API on a database of its own, called as people and programs call it."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from control_layer.control.app import build_app, build_services
from control_layer.control.errands import Errands
from control_layer.control.first_start.seeding import seed
from control_layer.control.permissions import Role
from control_layer.control.scim.routes import routes as scim_routes
from control_layer.control.services import Services
from control_layer.settings import Settings
from control_layer.store.engine import open_engine

ADMIN_EMAIL = "admin@example.org"
ADMIN_PASSWORD = "correct horse battery"
SECRET_KEY = "a-secret-key-of-the-tests-that-opens-nothing"
NIL = "00000000-0000-0000-0000-000000000000"
API = "/admin/api/v1"
POOL_SIZE = 5
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2's smallest parameters, for everybody but those who test what a hash costs."""
_IDLE: list[AsyncEngine] = []
_ORIGIN = "https://control.test"  # https, because session cookies are Secure


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and a client that calls in their name with a platform key."""

    id: str
    username: str
    client: httpx.AsyncClient


@dataclass(slots=True)
class Management:
    """The application under test."""

    app: FastAPI
    services: Services
    engine: AsyncEngine
    admin: httpx.AsyncClient
    admin_id: str
    mail_directory: Path
    _clients: AsyncExitStack
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def client(self, **headers: str) -> httpx.AsyncClient:
        """Somebody who sends these header fields with every request."""
        return await self._clients.enter_async_context(client_of(self.app, **headers))

    async def person(self, *roles: Role) -> Person:
        """A new account with these roles and StandardUser."""
        username = f"person-{next(self._numbers)}"
        body = {"username": username, "email": f"{username}@example.org", "roles": list(roles)}
        user = await answered(self.admin.post(f"{API}/users", json=body), 201)
        key = await answered(
            self.admin.post(f"{API}/users/{user['id']}/api-keys", json={"name": "test", "purpose": "platform"}), 201
        )
        client = await self.client(authorization=f"Bearer {key['key']}")
        return Person(user["id"], username, client)

    async def sql(self, statement: str, *values: object) -> Sequence[Row[*tuple[Any, ...]]]:
        """Looks into the database, or changes what no API call can; values stand for `$1`, `$2`, …"""
        async with self.engine.begin() as connection:
            result = await connection.exec_driver_sql(statement, values)
            return result.all() if result.returns_rows else []

    async def group(self, name: str | None = None) -> str:
        """A new group's id."""
        made = await answered(self.admin.post(f"{API}/groups", json={"name": name or f"group-{uuid.uuid4()}"}), 201)
        return str(made["id"])


def every_route(app: FastAPI) -> list[APIRoute]:
    """Those of the application, and those that it loads when somebody asks for them."""
    return [*app.state.routes, *scim_routes]


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    """A client of the application, without a network in between."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=_ORIGIN, headers=headers)


async def answered(call: Any, status: int) -> Any:
    """The JSON of an answer that must have this status."""
    response: httpx.Response = await call
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None


async def refused(call: Any, status: int, text: str | None = None) -> None:
    """Checks a refusal: its status, and its text where the contract fixes it."""
    response: httpx.Response = await call
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    if text is not None:
        assert response.text == text
        assert response.headers["content-type"] == "text/plain; charset=utf-8"


def settings_for_tests(**changes: Any) -> Settings:
    """The defaults, with the secrets that a start needs."""
    secrets = {"secret_key": SECRET_KEY, "admin_email": ADMIN_EMAIL, "admin_password": ADMIN_PASSWORD}
    return Settings.model_validate(secrets | changes)


@asynccontextmanager
async def _running(errands: Errands) -> AsyncIterator[None]:
    task = asyncio.create_task(errands.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


def _engine(database_url: str) -> AsyncEngine:
    """An engine on this database, with what an earlier one has compiled where none of those is in use.

    Most of a test's statements are those of the test before: compiling them anew took a third of its time.
    """
    fresh = open_engine(database_url, pool_size=POOL_SIZE)
    if not _IDLE:
        return fresh
    engine = _IDLE.pop()
    engine.sync_engine.pool._creator = fresh.sync_engine.pool._creator
    return engine


async def _put_back(engine: AsyncEngine) -> None:
    await engine.dispose()
    _IDLE.append(engine)


@asynccontextmanager
async def managed(database_url: str, settings: Settings, hasher: PasswordHasher = _QUICK) -> AsyncIterator[Management]:
    """The application as it is after its first start, with the administrator signed in."""
    engine = _engine(database_url)
    directory = tempfile.TemporaryDirectory()
    mail_directory = Path(directory.name) / "mail"
    services = build_services(engine=engine, settings=settings, mail_directory=mail_directory, hasher=hasher)
    app = build_app(services)
    async with AsyncExitStack() as clients:
        clients.callback(directory.cleanup)
        clients.push_async_callback(_put_back, engine)
        clients.callback(services.passwords.close)
        if services.payments is not None:
            clients.push_async_callback(services.payments.close)
        await clients.enter_async_context(_running(services.errands))
        await seed(services)
        admin = await clients.enter_async_context(client_of(app))
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        signed_in = await answered(admin.post("/authentication/login", json=login), 200)
        yield Management(app, services, engine, admin, signed_in["user"]["id"], mail_directory, clients)
