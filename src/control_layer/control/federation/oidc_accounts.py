"""Whose account a proven identity means: found, linked, or opened. How far a provider is believed is decided here.

An address links only where the provider has verified it, and only to an account that nobody can sign in to otherwise.
An account with a password is linked by its owner, who signs in to it first.
"""

from __future__ import annotations

import uuid

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.errors import ControlError
from control_layer.control.federation.imported_groups import synchronise_groups
from control_layer.control.federation.new_people import welcome
from control_layer.control.federation.proven_identity import ProvenIdentity
from control_layer.control.federation.queries import (
    accounts_of_address,
    has_identity,
    lock_people,
)
from control_layer.control.files.samples import give_samples
from control_layer.control.permissions import Role
from control_layer.control.services import Services
from control_layer.control.users.accounts import complete_roles
from control_layer.control.users.queries import find_user
from control_layer.settings import Oidc
from control_layer.store.tables import Identity, User

__all__ = ["account_of", "disabled"]

_SOURCE = "oidc"
_log = structlog.get_logger(__name__)


async def account_of(
    session: AsyncSession, services: Services, identity: ProvenIdentity, *, link_to: uuid.UUID | None
) -> User:
    """The account, as the provider wants it. `link_to` is the account of somebody who asked to link it.

    Raises 403 and 409 where there is none for this person.
    """
    settings = services.settings.auth.oidc
    _require_domain(identity, settings)
    await lock_people(session)
    user = await _known(session, identity)
    if link_to is not None:
        user = await _linked(session, identity, link_to, user)
    if user is None:
        user = await _by_address(session, services, identity)
    new = user is None
    if user is None:
        user = await _opened(session, services, identity)
    await _bring_up_to_date(session, services, user, identity)
    if new:
        await give_samples(session, services, user, services.now())
    return user


async def _known(session: AsyncSession, identity: ProvenIdentity) -> User | None:
    link = await session.get(Identity, (identity.issuer, identity.subject))
    if link is None:
        return None
    user = await find_user(session, link.user_id, lock=True)
    if user is None:
        raise disabled()
    return user


def disabled() -> ControlError:
    """The refusal of somebody whose account nobody may use."""
    return ControlError(403, "account_disabled", "This account is disabled; ask an administrator")


def _require_domain(identity: ProvenIdentity, settings: Oidc) -> None:
    domain = (identity.email or "").rpartition("@")[2].casefold()
    if settings.allowed_domains and domain not in settings.allowed_domains:
        raise ControlError(403, "domain_not_allowed", "People with this e-mail address cannot sign in here")


async def _linked(session: AsyncSession, identity: ProvenIdentity, link_to: uuid.UUID, known: User | None) -> User:
    """The account of somebody who signed in to it and now shows who they are at the provider."""
    if known is not None and known.id != link_to:
        raise ControlError(409, "identity_taken", "This identity belongs to another account; ask an administrator")
    user = await find_user(session, link_to, lock=True)
    if user is None:
        raise ControlError(403, "account_gone", "The account that was to be linked is gone")
    if known is None:
        if await has_identity(session, user.id, identity.issuer):
            raise ControlError(409, "account_linked", "This account is linked to another identity already")
        await _link(session, identity, user)
    return user


async def _by_address(session: AsyncSession, services: Services, identity: ProvenIdentity) -> User | None:
    """The account that is this person's because of the address. Raises 403 and 409 where it is not, and where a new one
    may not be opened."""
    if identity.email is None:
        text = "The identity provider has not verified your e-mail address; verify it there, then sign in again"
        raise ControlError(403, "email_not_verified", text)
    accounts = await accounts_of_address(session, identity.email)
    for account in accounts:
        unbound = account.password_hash is None and account.external_user_id in {None, identity.subject}
        if unbound and not await has_identity(session, account.id, identity.issuer):
            await _link(session, identity, account)
            return account
    if accounts:
        text = (
            "There is an account with your e-mail address that is not linked to the identity provider. Sign in to it "
            "as before and link it there, or ask an administrator"
        )
        raise ControlError(409, "account_not_linked", text)
    if not services.settings.auth.oidc.auto_create_users:
        raise ControlError(403, "no_account", "There is no account for you here; ask an administrator to open one")
    return None


async def _opened(session: AsyncSession, services: Services, identity: ProvenIdentity) -> User:
    assert identity.email is not None  # `_by_address` asks for it
    user = await welcome(
        session,
        services,
        username=identity.username or identity.email,
        email=identity.email,
        auth_source=_SOURCE,
        display_name=identity.display_name,
    )
    await _link(session, identity, user)
    return user


async def _link(session: AsyncSession, identity: ProvenIdentity, user: User) -> None:
    session.add(Identity(issuer=identity.issuer, subject=identity.subject, user_id=user.id))
    await session.flush()


async def _bring_up_to_date(session: AsyncSession, services: Services, user: User, identity: ProvenIdentity) -> None:
    """Address, roles and groups as the provider says. Other accounts' addresses are not the provider's to change."""
    settings, changed = services.settings.auth.oidc, False
    if user.auth_source == _SOURCE and identity.email not in {None, user.email}:
        assert identity.email is not None
        if await accounts_of_address(session, identity.email):
            _log.warning("address_not_taken_over", user_id=str(user.id), reason="another account has it")
        else:
            user.email, changed = identity.email, True
    if settings.admin_groups and identity.groups is not None:
        roles = _roles(user, is_manager=not identity.groups.isdisjoint(settings.admin_groups))
        if roles != user.roles:
            user.roles, changed = roles, True
    if changed:
        user.updated_at = services.now()
        await session.flush()
    if identity.groups is not None:
        await synchronise_groups(session, user.id, settings.provider_name, identity.groups)


def _roles(user: User, *, is_manager: bool) -> list[str]:
    others = [Role(role) for role in user.roles if role != Role.PLATFORM_MANAGER]
    return complete_roles([Role.PLATFORM_MANAGER, *others] if is_manager else others)
