"""`/authentication` (§2.3): how people come in and leave. Passwords are changed in `password_routes`."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.access import public
from control_layer.control.authentication.events import logged_in, logged_out, turned_away
from control_layer.control.authentication.native import require_native
from control_layer.control.authentication.passwords import require_length
from control_layer.control.authentication.peer import peer_of
from control_layer.control.authentication.queries import lock_address, record_login
from control_layer.control.authentication.schemas import Availability, Credentials, Message, Registration, SignedIn
from control_layer.control.authentication.session_records import begin_session, end_session_of_token
from control_layer.control.errors import ControlError, TryLater, invalid
from control_layer.control.files.samples import give_samples
from control_layer.control.permissions import Role
from control_layer.control.request_context import Database, Served, transaction
from control_layer.control.route import ControlRoute
from control_layer.control.same_origin import require_same_origin
from control_layer.control.text import not_blank
from control_layer.control.users.accounts import complete_roles, new_account, open_account
from control_layer.control.users.queries import find_user, find_user_by_email
from control_layer.control.users.schemas import User
from control_layer.store.tables import NIL

__all__ = ["router"]

_log = structlog.get_logger(__name__)
router = APIRouter(prefix="/authentication", tags=["authentication"], route_class=ControlRoute)
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
    require_native(services)
    if not services.settings.auth.native.allow_registration:
        raise invalid("Registration is disabled", code="registration_disabled")
    require_same_origin(request, services.settings)
    require_length(body.password, services.settings.auth.native.password)
    username, email = not_blank("username", body.username), not_blank("email", body.email)
    await _require_free(session, email)
    await session.rollback()  # no connection is held while the password is hashed
    password_hash = await services.passwords.hash(body.password)
    await lock_address(session, email)
    await _require_free(session, email)
    user = new_account(
        username=username,
        email=email,
        roles=complete_roles([Role(role) for role in services.settings.auth.default_user_roles]),
        auth_source="native",
        display_name=body.display_name or email.partition("@")[0],
        password_hash=password_hash,
    )
    initial_credits = services.settings.credits.initial_credits_for_standard_users
    await open_account(session, services.key_secrets, user, initial_credits=initial_credits)
    await give_samples(session, services, user, services.now())
    logged_in(session, request, user.id)
    response.headers["set-cookie"] = await begin_session(session, services.sessions, user.id, request, services.now())
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
    require_native(services)
    require_same_origin(request, services.settings)
    attempt = services.throttle.begin(body.email, peer_of(request), services.now())
    user = await find_user_by_email(session, body.email, with_password=True)
    user_id, password_hash = (NIL, None) if user is None else (user.id, user.password_hash)
    await session.rollback()  # no connection is held while the password is checked
    try:
        right = await services.passwords.verify(password_hash, body.password)
    except TryLater:
        services.throttle.undecided(attempt, services.now())
        raise
    # Locked, so that no session begins with a password that is being replaced.
    row = await find_user(session, user_id, lock=True) if right else None
    if row is None or row.disabled_at is not None or row.password_hash != password_hash:
        await turned_away(session, None if user_id == NIL else user_id)
        raise ControlError(401, "wrong_credentials", "Invalid email or password")
    services.throttle.succeeded(attempt, services.now())
    await record_login(session, row.id)
    logged_in(session, request, row.id)
    response.headers["set-cookie"] = await begin_session(session, services.sessions, row.id, request, services.now())
    return SignedIn(user=User.of(row), message="Login successful")


@router.post("/logout")
@public
async def logout(request: Request, response: Response, services: Served) -> Message:
    """Ends the session, here and for whoever else has its cookie; never fails."""
    if token := request.cookies.get(services.sessions.cookie_name):
        try:
            async with transaction(services) as session:
                user_id = await end_session_of_token(session, services.sessions.digest(token))
                if user_id is not None:
                    logged_out(session, request, user_id)
        except ControlError as error:
            _log.warning("session_not_ended", reason=error.message)
    response.headers.append("set-cookie", services.sessions.cleared())
    response.headers.append("set-cookie", _ACTIVE_ORGANIZATION)
    return Message(message="Logout successful")


async def _require_free(session: AsyncSession, email: str) -> None:
    if await find_user_by_email(session, email) is not None:
        raise invalid("An account with this email address already exists", code="email_taken")
