"""`/authentication/password-…` (§2.3): a new password for who knows the old one, or reads the account's mail."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Request

from control_layer.control.access import public, signed_in
from control_layer.control.authentication.native import require_native
from control_layer.control.authentication.password_replacement import replace_password
from control_layer.control.authentication.password_resets import find_reset
from control_layer.control.authentication.passwords import require_length
from control_layer.control.authentication.peer import peer_of
from control_layer.control.authentication.reset_requests import answer_reset_request
from control_layer.control.authentication.schemas import Message, PasswordChange, ResetConfirmation, ResetRequest
from control_layer.control.errors import ControlError, TryLater, invalid
from control_layer.control.request_context import Caller, Database, Served
from control_layer.control.route import ControlRoute
from control_layer.control.same_origin import require_same_origin
from control_layer.control.users.queries import find_user

__all__ = ["router"]

router = APIRouter(prefix="/authentication", tags=["authentication"], route_class=ControlRoute)
_LONGEST_ADDRESS = 2048
"""Longer ones fit into no index, so nobody has one."""


@router.post("/password-resets")
@public
async def ask_for_reset(body: ResetRequest, request: Request, services: Served) -> Message:
    """Mails a link that sets a new password, if there is such an account. The answer does not say."""
    require_native(services)
    require_same_origin(request, services.settings)
    peer = peer_of(request)
    services.reset_throttle.take(body.email, peer, services.now())
    email = body.email.strip()
    if len(email) <= _LONGEST_ADDRESS:
        services.errands.add("password_reset", lambda: answer_reset_request(services, email, peer))
    return Message(message="If an account with that email exists, a password reset link has been sent.")


@router.post("/password-resets/{token_id}/confirm")
@public
async def confirm_reset(
    token_id: uuid.UUID, body: ResetConfirmation, request: Request, session: Database, services: Served
) -> Message:
    """Sets a new password with the link of a mail. It works once, and ends the account's sessions."""
    require_native(services)
    require_same_origin(request, services.settings)
    require_length(body.new_password, services.settings.auth.native.password)
    user_id = await find_reset(session, token_id, body.token, services.now())
    if user_id is None:
        raise _bad_token()
    await session.rollback()  # no connection is held while the password is hashed
    new_hash = await services.passwords.hash(body.new_password)
    user = await find_user(session, user_id, lock=True)
    # Asked again, now that nobody else can: of two who use a link at once, one comes too late.
    still = await find_reset(session, token_id, body.token, services.now())
    if still is None or user is None or user.password_hash is None or user.disabled_at is not None:
        raise _bad_token()
    await replace_password(session, user, new_hash, services.now())
    services.throttle.proven(user.email, peer_of(request))
    return Message(message="Password has been reset successfully")


@router.post("/password-change")
@signed_in
async def change_password(
    body: PasswordChange, request: Request, session: Database, caller: Caller, services: Served
) -> Message:
    """Replaces the caller's password, and ends their other sessions."""
    user = await find_user(session, caller.id)
    if user is None or user.password_hash is None:
        raise invalid("This account has no password", code="no_password")
    require_length(body.new_password, services.settings.auth.native.password)
    known_hash = user.password_hash
    await session.rollback()  # no connection is held while passwords are hashed
    attempt = services.throttle.begin(caller.email, peer_of(request), services.now())
    try:
        right = await services.passwords.verify(known_hash, body.current_password)
    except TryLater:
        services.throttle.undecided(attempt, services.now())
        raise
    if not right:
        raise _wrong_password()
    services.throttle.succeeded(attempt, services.now())
    new_hash = await services.passwords.hash(body.new_password)
    row = await find_user(session, caller.id, lock=True)
    if row is None or row.password_hash != known_hash:
        raise _wrong_password()
    await replace_password(session, row, new_hash, services.now(), but=caller.session_id)
    return Message(message="Password changed successfully")


def _bad_token() -> ControlError:
    return invalid("Invalid or expired reset token", code="bad_reset_token")


def _wrong_password() -> ControlError:
    return ControlError(401, "wrong_credentials", "The current password is not right")
