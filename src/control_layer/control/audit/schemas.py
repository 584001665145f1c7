"""An entry of the audit log as administrators read it, and which entries are asked for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AwareDatetime, Field

from control_layer.control.schema import Output
from control_layer.store import tables

__all__ = ["Entries", "Entry", "Filter", "Selection"]

_MAX_TEXT = 256


class Entry(Output):
    """One change, or one event such as a login."""

    sequence: int = Field(description="The place in the log; without gaps, beginning with 1.", examples=[4711])
    at: datetime
    actor: str = Field(
        description="`user:<id>`; `system:<what>`, a part of the server that acts by itself; `anonymous`; "
        "`database:<role>`, somebody who came past the API.",
        examples=["user:018f7d5e-7a51-7c3b-9d0e-4f6a8b1c2d3e", "system:first-start"],
    )
    key_id: uuid.UUID | None = Field(description="The API key that the user showed; null for a session.")
    peer: str | None = Field(description="The address of the other end of the connection.", examples=["203.0.113.7"])
    user_agent: str | None
    request_id: str | None = Field(description="`x-request-id` of the answer to the request.")
    resource: str = Field(description="What kind of thing was changed.", examples=["users", "group_members"])
    resource_id: str | None = Field(description="Which one; the ids of both sides, with `/` between, of a membership.")
    operation: str = Field(
        description="`create`, `update` or `delete`; of an event its name.",
        examples=["update", "login", "login_failed"],
    )
    before: dict[str, Any] | None = Field(
        description="What it was: of an update the fields that changed, secrets `[redacted]`; of a deleted person what "
        "names them `[erased]`."
    )
    after: dict[str, Any] | None = Field(description="What it became, likewise; of an event its details.")
    previous_hash: str = Field(description="`hash` of the entry before, in hexadecimal.")
    hash: str = Field(description="SHA-256 of the entry's canonical text.")

    @classmethod
    def of(cls, row: tables.AuditEntry) -> Entry:
        """The object of a row."""
        return cls(
            sequence=row.sequence,
            at=row.at,
            actor=row.actor,
            key_id=row.key_id,
            peer=row.peer,
            user_agent=row.user_agent,
            request_id=row.request_id,
            resource=row.resource,
            resource_id=row.resource_id,
            operation=row.operation,
            before=row.before,
            after=row.after,
            previous_hash=row.previous_hash.hex(),
            hash=row.hash.hex(),
        )


class Entries(Output):
    """A page, newest first."""

    data: list[Entry]
    has_more: bool = Field(description="Whether there are older ones: ask with `before` = the last `sequence` here.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries are asked for; what is absent does not narrow."""

    actor: str | None
    resource: str | None
    resource_id: str | None
    operation: str | None
    since: datetime | None
    until: datetime | None

    def told(self) -> dict[str, Any]:
        """What was asked for, fit for JSON."""
        values = {
            "actor": self.actor,
            "resource": self.resource,
            "resource_id": self.resource_id,
            "operation": self.operation,
            "since": None if self.since is None else self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
        }
        return {name: value for name, value in values.items() if value is not None}


_Text = Annotated[str | None, Query(max_length=_MAX_TEXT)]


def _filter(
    actor: Annotated[_Text, Query(description="As entries have it, or a user's id alone.")] = None,
    resource: _Text = None,
    resource_id: _Text = None,
    operation: _Text = None,
    since: Annotated[AwareDatetime | None, Query(description="RFC 3339; this moment included.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="RFC 3339; this moment excluded.")] = None,
) -> Filter:
    return Filter(
        actor=f"user:{actor}" if actor and _is_uuid(actor) else actor,
        resource=resource,
        resource_id=resource_id,
        operation=operation,
        since=since,
        until=until,
    )


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


Selection = Annotated[Filter, Depends(_filter)]
"""The query's filters."""
