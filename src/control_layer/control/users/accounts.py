"""How accounts begin, which roles they may have, and what is left of a deleted one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.contract.sealing import Seal
from control_layer.control.api_keys.issuing import issue_hidden_keys
from control_layer.control.batches.cancelling import cancel_batches_of_user
from control_layer.control.errors import Conflict, forbidden, invalid, protected
from control_layer.control.permissions import Operation, Resource, Role
from control_layer.control.principal import Principal
from control_layer.control.transactions.posting import grant_initial_credits
from control_layer.control.users.queries import forget_belongings
from control_layer.control.users.schemas import UserChanges
from control_layer.control.webhooks.announcements import announce_user
from control_layer.store.tables import User

__all__ = [
    "apply_changes",
    "check_administrator",
    "complete_roles",
    "new_account",
    "open_account",
    "scrub_account",
    "set_active",
    "standing_of",
]


def complete_roles(roles: Sequence[Role]) -> list[str]:
    """The roles to store: everybody is a StandardUser. Raises 409 for a role named twice."""
    if len(set(roles)) != len(roles):
        raise Conflict("Resource already exists", resource="unknown")
    return [*roles] if Role.STANDARD_USER in roles else [*roles, Role.STANDARD_USER]


async def open_account(session: AsyncSession, seal: Seal, user: User, *, initial_credits: Decimal = Decimal(0)) -> None:
    """Stores a new user with the hidden keys that the server uses in their name. `seal` is the one for key secrets.

    Who registers, or is let in by a proxy, gets `credits.initial_credits_for_standard_users`; others get nothing.
    """
    session.add(user)
    await session.flush()
    issue_hidden_keys(session, seal, user.id)
    grant_initial_credits(session, user.id, initial_credits)
    await session.flush()
    await announce_user(session, user, user.created_at)


def new_account(
    *,
    username: str,
    email: str,
    roles: list[str],
    auth_source: str,
    display_name: str | None = None,
    avatar_url: str | None = None,
    password_hash: str | None = None,
    external_user_id: str | None = None,
    is_admin: bool = False,
) -> User:
    """A row that is not stored yet."""
    return User(
        id=uuid.uuid4(),
        username=username,
        email=email,
        roles=roles,
        auth_source=auth_source,
        display_name=display_name,
        avatar_url=avatar_url,
        password_hash=password_hash,
        external_user_id=external_user_id,
        is_admin=is_admin,
    )


def apply_changes(user: User, changes: UserChanges, now: datetime) -> None:
    """Writes a PATCH into the row. Raises 400 for amounts that make no sense, 409 for a role named twice."""
    _check_amounts(changes)
    if changes.display_name is not None:
        user.display_name = changes.display_name
    if changes.avatar_url is not None:
        user.avatar_url = changes.avatar_url
    if changes.roles is not None:
        user.roles = complete_roles(changes.roles)
    if changes.batch_notifications_enabled is not None:
        user.batch_notifications_enabled = changes.batch_notifications_enabled
    if changes.zero_data_retention is not None:
        user.zero_data_retention = changes.zero_data_retention
    if "low_balance_threshold" in changes.model_fields_set:
        user.low_balance_threshold = changes.low_balance_threshold
    if "auto_topup_amount" in changes.model_fields_set:
        user.auto_topup_amount = changes.auto_topup_amount
    if "auto_topup_threshold" in changes.model_fields_set:
        user.auto_topup_threshold = changes.auto_topup_threshold
    if "auto_topup_monthly_limit" in changes.model_fields_set:
        user.auto_topup_monthly_limit = changes.auto_topup_monthly_limit
    user.updated_at = now


def set_active(user: User, active: bool, *, by: uuid.UUID, now: datetime) -> None:
    """Disables an account or brings it back, at the wish of the user `by`. Sessions and keys rest meanwhile.

    Raises 400 for one's own account, 403 for the administrator's: somebody must be left to bring others back.
    """
    if active:
        user.disabled_at = None
    elif user.disabled_at is None:
        if user.id == by:
            raise invalid("You cannot disable your own account", code="own_account")
        if user.is_admin:
            raise protected("disable", "user", "the administrator belongs to the configuration")
        user.disabled_at = now


def standing_of(user: User) -> tuple[object, ...]:
    """Who an account is to others, and whether it may do anything: what nobody says of the administrator but they."""
    return (user.display_name, user.avatar_url, tuple(user.roles), user.disabled_at)


def check_administrator(user: User, caller: Principal) -> None:
    """Raises 403 where `caller` would make, change or end what opens the configuration's administrator's account, or
    change its standing. It opens what no role does.
    """
    if user.is_admin and not caller.is_admin:
        raise forbidden(Operation.UPDATE, Resource.SYSTEM_ACCESS)


def _check_amounts(changes: UserChanges) -> None:
    if changes.auto_topup_amount is not None and changes.auto_topup_amount <= 0:
        raise invalid("auto_topup_amount must be greater than zero")
    if changes.auto_topup_threshold is not None and changes.auto_topup_threshold < 0:
        raise invalid("auto_topup_threshold must not be negative")
    if changes.auto_topup_monthly_limit is not None and changes.auto_topup_monthly_limit <= 0:
        raise invalid("auto_topup_monthly_limit must be greater than zero")


async def scrub_account(session: AsyncSession, user: User, now: datetime) -> None:
    """Deletes an account: what names the person goes, keys and memberships go, the row stays for the records' sake."""
    await cancel_batches_of_user(session, user.id, now)
    await forget_belongings(session, user.id)
    user.email = f"deleted-{user.id}@deleted.local"
    user.username = f"deleted-{user.id}"
    user.display_name = None
    user.given_name = None
    user.family_name = None
    user.avatar_url = None
    user.password_hash = None
    user.external_user_id = None
    user.payment_provider_id = None
    user.is_admin = False
    user.deleted_at = now
    user.updated_at = now
