"""People with passwords, and the browsers they sign in with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import httpx
from tests.control.management import API, Management, answered

COOKIE = "control_layer_session"
PASSWORD = "long enough"


@dataclass(slots=True)
class Member:
    """Somebody who registered, in the browser they did it with."""

    id: str
    email: str
    browser: httpx.AsyncClient

    @property
    def login(self) -> dict[str, str]:
        """What they type in."""
        return {"email": self.email, "password": PASSWORD}


async def member(management: Management, name: str | None = None) -> Member:
    """A new one."""
    name = name or f"member-{uuid.uuid4().hex[:8]}"
    browser = await management.client()
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    user = (await answered(browser.post("/authentication/register", json=body), 201))["user"]
    return Member(user["id"], user["email"], browser)


async def signed_in(
    management: Management, member: Member, password: str = PASSWORD, **headers: str
) -> httpx.AsyncClient:
    """Another browser of theirs."""
    browser = await management.client(**headers)
    await answered(browser.post("/authentication/login", json=member.login | {"password": password}), 200)
    return browser


async def is_in(browser: httpx.AsyncClient) -> bool:
    """Whether the browser's session opens anything."""
    response = await browser.get(f"{API}/users/current")
    assert response.status_code in {200, 401}, response.text
    return response.status_code == 200
