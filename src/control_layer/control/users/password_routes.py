"""`/users/{id}/password`: a new password from an administrator. Ours, beside the contract."""

from __future__ import annotations

import uuid

from fastapi import APIRouter

from control_layer.control.access import needs
from control_layer.control.authentication.generated_password import generated_password
from control_layer.control.authentication.password_replacement import replace_password
from control_layer.control.authentication.passwords import require_length
from control_layer.control.errors import ControlError, invalid, not_found
from control_layer.control.permissions import Operation, Resource
from control_layer.control.principal import Principal
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.users.accounts import check_administrator
from control_layer.control.users.queries import find_user
from control_layer.control.users.schemas import NewPassword, PasswordSet
from control_layer.store.tables import User

__all__ = ["router"]

router = APIRouter(prefix="/admin/api/v1/users", tags=["users"], route_class=ControlRoute)
_NATIVE = "native"


@router.post("/{user_id}/password")
@needs(Operation.UPDATE, Resource.USERS)
async def set_password(
    user_id: uuid.UUID, session: Database, caller: Caller, services: Served, body: NewPassword | None = None
) -> PasswordSet:
    """Gives an account that signs in with a password a new one; without `password` it is generated and shown once."""
    rules = services.settings.auth.native.password
    _require_settable(await find_user(session, user_id), user_id, caller)
    given = None if body is None else body.password
    password = generated_password(rules) if given is None else given.get_secret_value()
    require_length(password, rules)
    await session.rollback()  # no connection is held while the password is hashed
    password_hash = await services.passwords.hash(password)
    row = _require_settable(await find_user(session, user_id, lock=True), user_id, caller)
    await replace_password(session, row, password_hash, services.now())
    return PasswordSet(password=password if given is None else None)


def _require_settable(user: User | None, user_id: uuid.UUID, caller: Principal) -> User:
    """Raises 404; 403 for the configuration's administrator, whose rights the caller lacks; 400 without a password."""
    if user is None:
        raise not_found("User", user_id)
    check_administrator(user, caller)
    if user.auth_source != _NATIVE and user.password_hash is None:
        raise _signs_in_elsewhere(user)
    return user


def _signs_in_elsewhere(user: User) -> ControlError:
    text = f"This account has no password: it signs in by '{user.auth_source}'. Reset it where it is kept"
    return invalid(text, code="no_password")
