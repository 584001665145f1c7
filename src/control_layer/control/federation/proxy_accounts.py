"""Whose account a proxy's claim means: found, brought up to date, or opened (§2.4)."""

from __future__ import annotations

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.federation.changed_hands import hand_over, is_unproven
from control_layer.control.federation.imported_groups import groups_differ, synchronise_groups
from control_layer.control.federation.new_people import welcome
from control_layer.control.federation.proxy_headers import ProxyClaim
from control_layer.control.federation.queries import lock_people, user_of_email, user_of_external_id
from control_layer.control.files.samples import give_samples
from control_layer.control.request_context import transaction
from control_layer.control.services import Services
from control_layer.store.authorship import Author
from control_layer.store.tables import User

__all__ = ["settle"]

_SOURCE = "proxy-header"


async def settle(services: Services, claim: ProxyClaim, author: Author) -> uuid.UUID | None:
    """The account, as the claim wants it; `None` for a stranger where nobody may open accounts.

    A transaction of its own: what becomes of the request is another matter. Nothing is written, and nobody waits,
    where the account is already right. Raises `ControlError`.
    """
    async with transaction(services, author) as session:
        user = await _find(session, claim)
        if user is not None and not await _differs(session, user, claim):
            return user.id
        await lock_people(session)
        user = await _find(session, claim, lock=True)
        new = user is None
        if user is None:
            if not services.settings.auth.proxy_header.auto_create_users:
                return None
            user = await welcome(
                session,
                services,
                username=claim.external_id,
                email=claim.email,
                auth_source=_SOURCE,
                external_user_id=_lasting_id(claim),
            )
        elif _is_outdated(user, claim):
            if is_unproven(user):
                await hand_over(session, user, _SOURCE, services.now())
            _update(user, claim)
            user.updated_at = services.now()
            await session.flush()
        if claim.provider is not None and claim.groups is not None:
            await synchronise_groups(session, user.id, claim.provider, claim.groups)
        if new:
            await give_samples(session, services, user, services.now())
        return user.id


async def _find(session: AsyncSession, claim: ProxyClaim, *, lock: bool = False) -> User | None:
    return await user_of_external_id(session, claim.external_id, lock=lock) or await user_of_email(
        session, claim.email, claim.external_id, lock=lock
    )


def _lasting_id(claim: ProxyClaim) -> str | None:
    """An address is no id that lasts: a proxy that sends real ids later must find the account."""
    return None if claim.external_id == claim.email else claim.external_id


async def _differs(session: AsyncSession, user: User, claim: ProxyClaim) -> bool:
    if _is_outdated(user, claim):
        return True
    if claim.provider is None or claim.groups is None:
        return False
    return await groups_differ(session, user.id, claim.provider, claim.groups)


def _is_outdated(user: User, claim: ProxyClaim) -> bool:
    return is_unproven(user) or _new_id(user, claim) is not None or _new_email(user, claim) is not None


def _update(user: User, claim: ProxyClaim) -> None:
    user.external_user_id = _new_id(user, claim) or user.external_user_id
    user.email = _new_email(user, claim) or user.email


def _new_id(user: User, claim: ProxyClaim) -> str | None:
    return _lasting_id(claim) if user.external_user_id is None else None


def _new_email(user: User, claim: ProxyClaim) -> str | None:
    """The configured administrator is recognised by the address in the settings, and keeps it; an id is no address."""
    if claim.email in {user.email, claim.external_id} or user.auth_source == "system":
        return None
    return claim.email
