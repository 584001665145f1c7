"""Who is calling, with the rights the database gives them at this moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from control_layer.control.errors import forbidden
from control_layer.control.permissions import Operation, Resource, Rights, Role, allows

__all__ = ["Principal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The human behind a session or an API key."""

    id: uuid.UUID
    email: str
    is_admin: bool
    """The administrator of the configuration, who passes every check."""
    roles: frozenset[Role]
    last_login: datetime | None
    key_id: uuid.UUID | None
    """The API key that was shown; `None` for a session."""
    key_last_used: datetime | None
    session_id: uuid.UUID | None = None
    """The session that was shown; `None` for a key."""
    session_last_seen: datetime | None = None

    def may(self, operation: Operation, resource: Resource) -> bool:
        """Whether `operation` is permitted on every object of `resource`."""
        return self.is_admin or allows(self.roles, operation, resource, own=False)

    def may_on(self, operation: Operation, resource: Resource, owner: uuid.UUID) -> bool:
        """Whether `operation` is permitted on an object of `owner`'s."""
        return self.is_admin or allows(self.roles, operation, resource, own=owner == self.id)

    def permissions(self) -> Iterator[tuple[Resource, Rights]]:
        """What is permitted at all, resource by resource."""
        for resource in Resource:
            rights = Rights(
                frozenset(operation for operation in Operation if self.may(operation, resource)),
                frozenset(operation for operation in Operation if self.may_on(operation, resource, self.id)),
            )
            if rights.all or rights.own:
                yield resource, rights

    def require(self, operation: Operation, resource: Resource) -> None:
        """Raises 403 unless `may`."""
        if not self.may(operation, resource):
            raise forbidden(operation, resource)

    def require_on(self, operation: Operation, resource: Resource, owner: uuid.UUID) -> None:
        """Raises 403 unless `may_on`."""
        if not self.may_on(operation, resource, owner):
            raise forbidden(operation, resource)
