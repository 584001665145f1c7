"""Somebody who talks to an instance over HTTP, and knows nothing of it but the contract."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

__all__ = ["API", "NIL", "Person", "World", "fresh"]

API = "/admin/api/v1"
NIL = "00000000-0000-0000-0000-000000000000"
PASSWORD = "a good long password"


def fresh(stem: str) -> str:
    """A name that nobody else has."""
    return f"{stem}-{secrets.token_hex(5)}"


@dataclass(slots=True)
class Person:
    """A caller with a credential, or (`headers` empty) without."""

    address: str
    headers: dict[str, str]
    id: str = ""

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request to any path; `headers` add to the credential."""
        headers = {**self.headers, **more.pop("headers", {})}
        return httpx.request(method, self.address + path, headers=headers, timeout=30.0, **more)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """A request of the management API; a `body` is sent as JSON."""
        if body is not None:
            more["json"] = body
        return self.send(method, API + path, **more)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a `GET` that must succeed."""
        return self.must("GET", path, status=200, params=query)

    def must(self, method: str, path: str, body: Any = None, *, status: int, **more: Any) -> Any:
        """The JSON (`None` for an empty body) of a request that must be answered with `status`."""
        answer = self.call(method, path, body, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@dataclass(slots=True)
class World:
    """The instance, its administrator, and the provider behind it."""

    address: str
    admin: Person
    provider: str

    @property
    def nobody(self) -> Person:
        return Person(self.address, {})

    def person(self, *roles: str) -> Person:
        """A newly registered person with these roles, signed in."""
        name = fresh("person")
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        answer = httpx.post(f"{self.address}/authentication/register", json=body, timeout=30.0)
        assert answer.status_code == 201, answer.text
        made = Person(
            self.address, {"cookie": answer.headers["set-cookie"].partition(";")[0]}, answer.json()["user"]["id"]
        )
        self.admin.must("PATCH", f"/users/{made.id}", {"roles": list(roles)}, status=200)
        return made

    def key_holder(self, owner: Person, **fields: Any) -> Person:
        """`owner` by means of a new API key."""
        made = owner.must("POST", "/users/current/api-keys", {"name": fresh("key"), **fields}, status=201)
        return Person(self.address, {"authorization": f"Bearer {made['key']}"}, made["id"])

    def group(self, **fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.admin.must("POST", "/groups", {"name": fresh("group"), **fields}, status=201)
        return made

    def endpoint(self, **fields: Any) -> dict[str, Any]:
        """An endpoint at the provider, without models unless `model_filter` names some."""
        body = {"name": fresh("endpoint"), "url": self.provider, "skip_fetch": True, "model_filter": [], **fields}
        made: dict[str, Any] = self.admin.must("POST", "/endpoints", body, status=201)
        return made

    def model(self, hosted_on: str, **fields: Any) -> dict[str, Any]:
        """A standard model that nobody is granted."""
        body = {
            "type": "standard",
            "model_name": "sim-small",
            "alias": fresh("model"),
            "hosted_on": hosted_on,
            **fields,
        }
        made: dict[str, Any] = self.admin.must("POST", "/models", body, status=200)
        return made

    def grant(self, model: str, group: str = NIL) -> None:
        self.admin.must("POST", f"/groups/{group}/models/{model}", status=204)
