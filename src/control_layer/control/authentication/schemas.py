"""Bodies of `/authentication` (§2.3)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import Field

from control_layer.control.schema import Input, Output
from control_layer.control.users.schemas import User
from control_layer.store.tables import UserSession

__all__ = [
    "Availability",
    "Credentials",
    "Message",
    "PasswordChange",
    "Registration",
    "ResetConfirmation",
    "ResetRequest",
    "Session",
    "SignedIn",
]

_Secret = Annotated[str, Field(repr=False)]


class Registration(Input):
    """A person opens an account."""

    username: str
    email: str
    password: _Secret
    display_name: str | None = None


class Credentials(Input):
    """A person signs in."""

    email: str
    password: _Secret


class PasswordChange(Input):
    """A signed-in person chooses a new password."""

    current_password: _Secret
    new_password: _Secret


class ResetRequest(Input):
    """A person cannot sign in any more."""

    email: str


class ResetConfirmation(Input):
    """A person has followed the link of a mail."""

    token: _Secret = Field(description="The link's `token`; its `id` is part of the path.")
    new_password: _Secret


class Availability(Output):
    """Whether a way in is open."""

    enabled: bool
    message: str


class SignedIn(Output):
    """A session has begun; its cookie comes with this answer."""

    user: User
    message: str


class Message(Output):
    """What was done."""

    message: str


class Session(Output):
    """A browser, or a program, that has signed in with a password."""

    id: uuid.UUID
    created_at: datetime
    last_seen: datetime = Field(description="Noted every few minutes.")
    expires_at: datetime
    user_agent: str | None = Field(description="What the browser calls itself.", examples=["Mozilla/5.0 (X11; Linux)"])
    peer_address: str | None = Field(description="Where it signed in from.", examples=["192.0.2.7"])
    current: bool = Field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, row: UserSession, current: uuid.UUID | None) -> Session:
        """The object of a row; `current` is the session of the caller."""
        return cls(
            id=row.id,
            created_at=row.created_at,
            last_seen=row.last_seen,
            expires_at=row.expires_at,
            user_agent=row.user_agent,
            peer_address=row.peer_address,
            current=row.id == current,
        )
