"""Users and groups as SCIM sees them: the attributes that accounts and groups here have, and no others.

What a client sends beyond them is ignored, as RFC 7644 (3.3, 3.5.1) allows; `/Schemas` says what is kept. The
docstrings below are the descriptions published there.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    GroupMembership,
    Mutability,
    Reference,
    Required,
    Resource,
    Uniqueness,
)

__all__ = ["Email", "Group", "Member", "Name", "User"]


class Name(ComplexAttribute):
    """The parts of a person's name."""

    given_name: str | None = None
    """The given name."""
    family_name: str | None = None
    """The family name."""


class Email(ComplexAttribute):
    """An e-mail address."""

    value: str | None = None
    """The address."""
    type: str | None = Field(None, examples=["work"])
    """Addresses here are work addresses."""
    primary: bool | None = None
    """Which address is kept where several are given; without one, the first."""


class User(Resource[Any]):
    """A person's account."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """The username, unique among all accounts in whatever case."""
    name: Name | None = None
    """The parts of the person's name."""
    display_name: str | None = None
    """The name that is shown; made of the parts of the name where an account comes without."""
    active: Annotated[bool | None, Required.true] = None
    """False stops the person, their sessions and keys at once; nothing is lost. Taken as true where left out."""
    emails: Annotated[list[Email] | None, Required.true] = None
    """One address is kept: the primary one. Taken from userName where left out."""
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    """The groups the person is in; changed through the groups."""


class Member(ComplexAttribute):
    """A person in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of the user."""
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the user."""
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Members are users; groups hold no groups."""


class Group(Resource[Any]):
    """People who share grants of models."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """The name of the group, unique."""
    members: list[Member] | None = None
    """Who is in it."""
