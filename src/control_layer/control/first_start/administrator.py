"""The administrator of the configuration: made once, then only given the configured password at each start.

A generated password is theirs to replace, so it is given to them only when they are made.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.authentication.password_resets import forget_resets
from control_layer.control.authentication.session_records import end_sessions
from control_layer.control.permissions import Role
from control_layer.control.services import Services
from control_layer.control.users.accounts import new_account, open_account
from control_layer.store.tables import User

__all__ = ["ensure_administrator"]

_ROLES: list[str] = [Role.PLATFORM_MANAGER, Role.STANDARD_USER]
_SOURCE = "system"


async def ensure_administrator(session: AsyncSession, services: Services) -> User:
    """The administrator's row, with the configured password in force. `settings.admin_password` must be there."""
    generated = services.generated_password
    settings = services.settings
    if settings.admin_password is None:
        raise ValueError("the control plane needs settings.admin_password")
    password = settings.admin_password.get_secret_value()
    administrator = await _find(session, and_(User.email == settings.admin_email, User.auth_source == _SOURCE))
    if administrator is None:
        # Somebody may have registered under the address before it became the administrator's.
        taken = await _find(session, User.username == settings.admin_email) is not None
        administrator = new_account(
            username=f"{settings.admin_email} (administrator)" if taken else settings.admin_email,
            email=settings.admin_email,
            roles=_ROLES,
            auth_source=_SOURCE,
            display_name=settings.admin_email.partition("@")[0],
            password_hash=await services.passwords.hash(password),
            is_admin=True,
        )
        await open_account(session, services.key_secrets, administrator)
    elif not await services.passwords.verify(administrator.password_hash, password):
        if generated.exists:
            return administrator
        administrator.password_hash = await services.passwords.hash(password)
        await end_sessions(session, administrator.id)
        await forget_resets(session, administrator.id)
    if generated.exists:
        generated.seen_in_force(administrator.password_hash)
    return administrator


async def _find(session: AsyncSession, condition: ColumnElement[bool]) -> User | None:
    return (await session.execute(select(User).where(condition, User.deleted_at.is_(None)))).scalar_one_or_none()
