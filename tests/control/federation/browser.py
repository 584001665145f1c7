"""A person with a browser: our pages on one side, the identity provider's on the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
from tests.control.management import API, Management, answered

__all__ = ["Browser", "browser"]


@dataclass(frozen=True, slots=True)
class Browser:
    """Keeps cookies as browsers do."""

    ours: httpx.AsyncClient

    async def begin(self, return_to: str = "/") -> str:
        """Opens the login page's link; the provider's address that it leads to."""
        response = await self.ours.get("/authentication/oidc/login", params={"return_to": return_to})
        assert response.status_code == 303, response.text
        return response.headers["location"]

    async def prove(self, address: str) -> str:
        """Signs in at the provider; the address that it sends the browser back to."""
        async with httpx.AsyncClient() as theirs:
            response = await theirs.get(address)
        assert response.status_code == 303, response.text
        return response.headers["location"]

    async def sign_in(self, return_to: str = "/") -> httpx.Response:
        """All of it."""
        return await self.ours.get(await self.prove(await self.begin(return_to)))

    async def me(self) -> Any:
        """The account that the browser is signed in to."""
        return await answered(self.ours.get(f"{API}/users/current"), 200)

    async def is_signed_in(self) -> bool:
        return (await self.ours.get(f"{API}/users/current")).status_code == 200

    async def enter(self) -> Any:
        """Signs in and looks at the account."""
        response = await self.sign_in()
        assert response.status_code == 200, response.text
        return await self.me()

    async def refusal(self) -> tuple[int, str]:
        """Signs in, in vain: status and text of the page."""
        response = await self.sign_in()
        assert not await self.is_signed_in()
        return response.status_code, text_of(response)


def text_of(page: httpx.Response) -> str:
    """What a page says."""
    found = re.search(r"<p>(.*?)</p>", page.text, re.DOTALL)
    assert found is not None, page.text
    return unescape(found[1])


async def browser(management: Management) -> Browser:
    """A fresh one."""
    return Browser(await management.client(accept="text/html,application/xhtml+xml,*/*;q=0.8"))
