"""Bodies of `/authentication` (§2.3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from control_layer.control.schema import Input, Output
from control_layer.control.users.schemas import User

__all__ = ["Availability", "Credentials", "Message", "PasswordChange", "Registration", "SignedIn"]

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
