"""Accounts of people who come for the first time."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.federation.queries import username_taken
from control_layer.control.permissions import Role
from control_layer.control.services import Services
from control_layer.control.users.accounts import complete_roles, new_account, open_account
from control_layer.store.tables import User

__all__ = ["welcome"]


async def welcome(
    session: AsyncSession,
    services: Services,
    *,
    username: str,
    email: str,
    auth_source: str,
    display_name: str | None = None,
    external_user_id: str | None = None,
) -> User:
    """Opens an account with the configured roles and credits. `username` is a wish: somebody else may have it."""
    user = new_account(
        username=await _free_username(session, username, auth_source),
        email=email,
        roles=complete_roles([Role(role) for role in services.settings.auth.default_user_roles]),
        auth_source=auth_source,
        display_name=display_name or email.partition("@")[0],
    )
    user.external_user_id = external_user_id
    initial_credits = services.settings.credits.initial_credits_for_standard_users
    await open_account(session, services.key_secrets, user, initial_credits=initial_credits)
    return user


async def _free_username(session: AsyncSession, wanted: str, auth_source: str) -> str:
    for username in (wanted, f"{wanted} ({auth_source})"):
        if not await username_taken(session, username):
            return username
    return f"{wanted} ({uuid.uuid4()})"
