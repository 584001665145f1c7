"""`/authentication` (§2.3): e-mail and password."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from control_layer.control.access import public, signed_in
from control_layer.control.authentication.passwords import require_length
from control_layer.control.authentication.queries import record_login
from control_layer.control.authentication.schemas import (
    Availability,
    Credentials,
    Message,
    PasswordChange,
    Registration,
    SignedIn,
)
from control_layer.control.errors import ControlError, invalid
from control_layer.control.permissions import Role
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.same_origin import require_same_origin
from control_layer.control.services import Services
from control_layer.control.text import not_blank
from control_layer.control.users.accounts import complete_roles, new_account, open_account, replace_password
from control_layer.control.users.queries import find_user, find_user_by_email
from control_layer.control.users.schemas import User
from control_layer.store.tables import NIL

__all__ = ["router"]

router = APIRouter(prefix="/authentication", tags=["authentication"], route_class=ControlRoute)
_PEER = "x-control-layer-peer"  # set by the gateway, which drops what a client sends under this name
_ACTIVE_ORGANIZATION = "dw_active_org=; Path=/; HttpOnly; SameSite=strict; Max-Age=0"


@router.get("/register")
@public
async def registration(services: Served) -> Availability:
    """Whether people may open accounts themselves."""
    native = services.settings.auth.native
    enabled = native.enabled and native.allow_registration
    return Availability(enabled=enabled, message=f"Registration is {'enabled' if enabled else 'disabled'}")


@router.post("/register", status_code=201)
@public
async def register(
    body: Registration, request: Request, response: Response, session: Database, services: Served
) -> SignedIn:
    """Opens an account and begins a session."""
    _require_native(services)
    if not services.settings.auth.native.allow_registration:
        raise invalid("Registration is disabled", code="registration_disabled")
    require_same_origin(request, services.settings)
    require_length(body.password, services.settings.auth.native.password)
    if await find_user_by_email(session, body.email) is not None:
        raise invalid("An account with this email address already exists", code="email_taken")
    await session.rollback()  # no connection is held while the password is hashed
    password_hash = await services.passwords.hash(body.password)
    user = new_account(
        username=not_blank("username", body.username),
        email=not_blank("email", body.email),
        roles=complete_roles([Role(role) for role in services.settings.auth.default_user_roles]),
        auth_source="native",
        display_name=body.display_name or body.email.partition("@")[0],
        password_hash=password_hash,
    )
    initial_credits = services.settings.credits.initial_credits_for_standard_users
    await open_account(session, services.key_secrets, user, initial_credits=initial_credits)
    response.headers["set-cookie"] = services.sessions.cookie(user.id, services.now())
    return SignedIn(user=User.of(user), message="Registration successful")


@router.get("/login")
@public
async def native_login(services: Served) -> Availability:
    """Whether people may sign in with a password."""
    enabled = services.settings.auth.native.enabled
    return Availability(enabled=enabled, message=f"Native login is {'enabled' if enabled else 'disabled'}")


@router.post("/login")
@public
async def login(
    body: Credentials, request: Request, response: Response, session: Database, services: Served
) -> SignedIn:
    """Begins a session. The refusal does not say whether there is such an account, and takes as long."""
    _require_native(services)
    require_same_origin(request, services.settings)
    peer = request.headers.get(_PEER, "")
    services.throttle.begin(body.email, peer, services.now())
    user = await find_user_by_email(session, body.email, with_password=True)
    user_id, password_hash = (NIL, None) if user is None else (user.id, user.password_hash)
    await session.rollback()  # no connection is held while the password is checked
    right = await services.passwords.verify(password_hash, body.password)
    row = await find_user(session, user_id) if right else None
    if row is None or row.disabled_at is not None:
        raise ControlError(401, "wrong_credentials", "Invalid email or password")
    services.throttle.succeeded(body.email, peer, services.now())
    await record_login(session, row.id)
    response.headers["set-cookie"] = services.sessions.cookie(row.id, services.now())
    return SignedIn(user=User.of(row), message="Login successful")


@router.post("/logout")
@public
async def logout(response: Response, services: Served) -> Message:
    """Ends the session in this browser; never fails."""
    response.headers.append("set-cookie", services.sessions.cleared())
    response.headers.append("set-cookie", _ACTIVE_ORGANIZATION)
    return Message(message="Logout successful")


@router.post("/password-change")
@signed_in
async def change_password(
    body: PasswordChange, request: Request, session: Database, caller: Caller, services: Served
) -> Message:
    """Replaces the caller's password."""
    user = await find_user(session, caller.id)
    if user is None or user.password_hash is None:
        raise invalid("This account has no password", code="no_password")
    require_length(body.new_password, services.settings.auth.native.password)
    known_hash = user.password_hash
    await session.rollback()  # no connection is held while passwords are hashed
    peer = request.headers.get(_PEER, "")
    services.throttle.begin(caller.email, peer, services.now())
    if not await services.passwords.verify(known_hash, body.current_password):
        raise ControlError(401, "wrong_credentials", "The current password is not right")
    services.throttle.succeeded(caller.email, peer, services.now())
    new_hash = await services.passwords.hash(body.new_password)
    row = await find_user(session, caller.id, lock=True)
    if row is None or row.password_hash != known_hash:
        raise ControlError(401, "wrong_credentials", "The current password is not right")
    replace_password(row, new_hash, services.now())
    return Message(message="Password changed successfully")


def _require_native(services: Services) -> None:
    if not services.settings.auth.native.enabled:
        raise invalid("Native authentication is disabled", code="native_disabled")
