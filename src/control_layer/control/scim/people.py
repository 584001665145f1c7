"""Accounts as SCIM users, and what a SCIM user makes of an account."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scim2_models import Context, GroupMembership, Meta, PatchOp, Reference
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import Conflict, protected
from control_layer.control.federation.changed_hands import hand_over
from control_layer.control.federation.queries import registered_account
from control_layer.control.permissions import Role
from control_layer.control.scim.findings import refusing
from control_layer.control.scim.messages import POLICY, read_resource
from control_layer.control.scim.queries import Membership, username_taken
from control_layer.control.scim.resources import Email, Name, User
from control_layer.control.scim.versions import version_of
from control_layer.control.text import not_blank
from control_layer.control.users.accounts import complete_roles, new_account, set_active
from control_layer.store import tables

__all__ = ["account_of", "claimed_account", "patched", "read_new_user", "read_replacement", "user_of", "write"]

_SOURCE = "scim"
_WORK = "work"


def user_of(row: tables.User, groups: Sequence[Membership], base_url: str) -> User:
    """The SCIM user of an account."""
    name = Name(given_name=row.given_name, family_name=row.family_name) if row.given_name or row.family_name else None
    return User(
        id=str(row.id),
        external_id=row.external_user_id,
        user_name=row.username,
        name=name,
        display_name=row.display_name,
        active=row.disabled_at is None,
        emails=[Email(value=row.email, type=_WORK, primary=row.email_primary)],
        groups=[
            GroupMembership(
                value=str(group.id), ref=Reference(f"{base_url}/Groups/{group.id}"), display=group.name, type="direct"
            )
            for group in groups
        ],
        meta=Meta(
            resource_type="User",
            created=row.created_at,
            last_modified=row.updated_at,
            location=f"{base_url}/Users/{row.id}",
            version=version_of(row.updated_at),
        ),
    )


def read_new_user(body: Mapping[str, object]) -> User:
    """The user to be made. Raises 400."""
    return _named(read_resource(User, body, Context.RESOURCE_CREATION_REQUEST, {"active": True, "emails": [{}]}))


def read_replacement(body: Mapping[str, object], row: tables.User) -> User:
    """The user in a PUT. Nobody is enabled, nor loses their address, by what it leaves out. Raises 400."""
    defaults = {"active": row.disabled_at is None, "emails": [{"value": row.email, "primary": row.email_primary}]}
    return _named(read_resource(User, body, Context.RESOURCE_REPLACEMENT_REQUEST, defaults))


def patched(user: User, patch: PatchOp[User]) -> User:
    """The user after the operations. Raises 400."""
    with refusing():
        patch.patch(user, scim_policy=POLICY)
    return user


async def claimed_account(session: AsyncSession, user: User, *, by: uuid.UUID, now: datetime) -> tables.User | None:
    """The account that somebody registered with the user's address, made the user's; `None` where there is none.

    The directory vouches for whose the address is, which nobody has checked; a username is no proof. Raises 409 where
    the username is somebody else's, or where the account is that of `by`, whose key would expire.
    """
    row = await registered_account(session, _email(user).address)
    if row is None:
        return None
    if row.id == by:
        raise Conflict("The directory's own key belongs to the account with this address", resource="user")
    await write(session, row, user, by=by, now=now)
    await hand_over(session, row, _SOURCE, now)
    row.updated_at = now
    await session.flush()
    return row


async def account_of(session: AsyncSession, user: User, roles: Sequence[Role], now: datetime) -> tables.User:
    """A new account, not stored yet. Raises 409 where the username is taken."""
    username = not_blank("userName", user.user_name or "")
    if await username_taken(session, username):
        raise _taken()
    email = _email(user)
    row = new_account(
        username=username,
        email=email.address,
        roles=complete_roles(roles),
        auth_source=_SOURCE,
        display_name=user.display_name,
        external_user_id=user.external_id or None,
    )
    row.email_primary = email.primary
    row.given_name, row.family_name = _parts(user)
    row.disabled_at = None if user.active else now
    return row


async def write(session: AsyncSession, row: tables.User, user: User, *, by: uuid.UUID, now: datetime) -> None:
    """Makes the account what the user says, at the wish of the user `by`.

    Raises 409 where the username is taken, 403 for the administrator's account, 400 for one's own to be disabled.
    """
    username = not_blank("userName", user.user_name or "")
    if username != row.username and await username_taken(session, username, besides=row.id):
        raise _taken()
    row.username = username
    email = _email(user)
    row.email, row.email_primary = email.address, email.primary
    row.display_name = user.display_name
    row.external_user_id = user.external_id or None
    row.given_name, row.family_name = _parts(user)
    set_active(row, bool(user.active), by=by, now=now)
    if not session.is_modified(row):
        return
    if row.is_admin:
        # Whoever has its address can have its password reset.
        raise protected("change", "user", "the administrator belongs to the configuration")
    row.updated_at = now
    await session.flush()


@dataclass(frozen=True, slots=True)
class _Kept:
    address: str
    primary: bool = True


def _email(user: User) -> _Kept:
    """The address to keep: the primary one, else the first, else the username."""
    given = [
        _Kept(email.value.strip(), email.primary is not False)
        for email in sorted(user.emails or (), key=lambda email: not email.primary)
        if email.value and email.value.strip()
    ]
    return given[0] if given else _Kept((user.user_name or "").strip())


def _parts(user: User) -> tuple[str | None, str | None]:
    return (None, None) if user.name is None else (user.name.given_name or None, user.name.family_name or None)


def _named(user: User) -> User:
    """With a name to show, made of its parts where there is none."""
    if not user.display_name:
        user.display_name = " ".join(part for part in _parts(user) if part) or None
    return user


def _taken() -> Conflict:
    message = "This username is already taken; directories do not see those who registered themselves"
    return Conflict(message, resource="user")
