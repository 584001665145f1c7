"""Who sends this request: the ways in, in the contract's order (§2.1). The first that works wins."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from control_layer.control.authentication.queries import (
    principal_of_key,
    principal_of_session,
    record_key_use,
    record_login,
)
from control_layer.control.authentication.session_records import record_session_use
from control_layer.control.errors import ControlError, not_authenticated
from control_layer.control.federation.proxy_sign_in import principal_of_proxy
from control_layer.control.principal import Principal
from control_layer.control.request_context import transaction
from control_layer.control.same_origin import require_same_origin
from control_layer.control.services import Services

__all__ = ["identify", "touch"]

_log = structlog.get_logger(__name__)
_LOGIN_GRAIN = timedelta(minutes=5)
_KEY_GRAIN = timedelta(minutes=1)
_SESSION_GRAIN = timedelta(minutes=5)


async def identify(
    request: Request, services: Services, session: AsyncSession, *, keys: frozenset[str], bearer_only: bool = False
) -> Principal:
    """The caller. `keys` are the purposes of API keys that are accepted; `bearer_only` accepts nothing but keys.

    Raises 401; 403 for a session, or a proxy's word, used from another site.
    """
    now = services.now()
    if secret := _bearer(request):
        digest = hashlib.sha256(secret.encode()).digest()
        principal = await principal_of_key(session, digest, now, purposes=keys)
        if principal is not None:
            return principal
    if bearer_only:
        raise not_authenticated()
    auth = services.settings.auth
    has_sessions = auth.native.enabled or auth.oidc.enabled
    if has_sessions and (token := request.cookies.get(services.sessions.cookie_name)):
        principal = await _principal_of_token(services, session, token)
        if principal is not None:
            require_same_origin(request, services.settings)
            return principal
    if auth.proxy_header.enabled:
        principal = await principal_of_proxy(request, services, session)
        if principal is not None:
            return principal
    raise not_authenticated()


async def touch(services: Services, principal: Principal) -> None:
    """Notes when person, key and session were last here, every few minutes; an answer does not fail for it."""
    now = services.now()
    login = _is_older(principal.last_login, now - _LOGIN_GRAIN)
    key_id = principal.key_id if _is_older(principal.key_last_used, now - _KEY_GRAIN) else None
    session_id = principal.session_id if _is_older(principal.session_last_seen, now - _SESSION_GRAIN) else None
    if not login and key_id is None and session_id is None:
        return
    try:
        async with transaction(services) as session:
            if login:
                await record_login(session, principal.id)
            if key_id is not None:
                await record_key_use(session, key_id)
            if session_id is not None:
                await record_session_use(session, session_id, now)
    except ControlError as error:
        _log.warning("presence_not_recorded", reason=error.message)


def _is_older(at: datetime | None, than: datetime) -> bool:
    return at is None or at < than


async def _principal_of_token(services: Services, session: AsyncSession, token: str) -> Principal | None:
    now = services.now()
    user_id = services.sessions.user_id(token, now)  # most of what is not ours never reaches the database
    if user_id is None:
        return None
    return await principal_of_session(session, user_id, services.sessions.digest(token), now)


def _bearer(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
