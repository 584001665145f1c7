"""An identity provider: somebody with a platform key who speaks SCIM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from tests.control.management import API, Management, answered

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True, slots=True)
class Directory:
    """Calls of `/scim/v2`; every answer is checked to have SCIM's media type."""

    client: httpx.AsyncClient

    @classmethod
    async def of(cls, management: Management) -> Directory:
        """With a key of the administrator's."""
        body = {"name": "directory", "purpose": "platform"}
        key = await answered(management.admin.post(f"{API}/users/current/api-keys", json=body), 201)
        return cls(await management.client(authorization=f"Bearer {key['key']}"))

    async def call(self, method: str, path: str, body: object = None, *, status: int = 200, **headers: str) -> Any:
        """The JSON of an answer that must have this status."""
        response = await self.client.request(method, f"/scim/v2{path}", json=body, headers=headers)
        assert response.status_code == status, f"{response.status_code}: {response.text}"
        if not response.content:
            return None
        assert response.headers["content-type"] == "application/scim+json"
        return response.json()

    async def refused(
        self, method: str, path: str, body: object = None, *, status: int, scim_type: str | None = None, **headers: str
    ) -> str:
        """Checks a refusal and its shape (RFC 7644, 3.12); its detail."""
        error = await self.call(method, path, body, status=status, **headers)
        assert error["schemas"] == [ERROR]
        assert error["status"] == str(status)
        assert error.get("scimType") == scim_type
        return str(error["detail"])

    async def find(self, path: str, filter_: str, **parameters: str) -> list[Any]:
        """What a filter finds."""
        response = await self.client.get(f"/scim/v2{path}", params={"filter": filter_} | parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        assert page["totalResults"] == len(page["Resources"])
        return list(page["Resources"])

    async def user(self, name: str, /, **attributes: object) -> Any:
        """A new user."""
        body = {"schemas": [USER], "userName": name, "active": True} | attributes
        return await self.call("POST", "/Users", body, status=201)

    async def group(self, name: str, /, *members: str, **attributes: object) -> Any:
        """A new group."""
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}
        return await self.call("POST", "/Groups", body | attributes, status=201)

    async def members(self, group_id: str) -> set[str]:
        """The ids of a group's members."""
        group = await self.call("GET", f"/Groups/{group_id}")
        return {member["value"] for member in group.get("members", [])}


def patch(*operations: Mapping[str, object]) -> dict[str, object]:
    """The body of a PATCH."""
    return {"schemas": [PATCH], "Operations": list(operations)}
