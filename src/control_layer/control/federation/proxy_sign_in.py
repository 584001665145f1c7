"""The way in for people whom a trusted proxy has signed in (§2.4)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from control_layer.control.audit.authors import part_of
from control_layer.control.authentication.queries import principal_of_user
from control_layer.control.federation.proxy_accounts import settle
from control_layer.control.principal import Principal
from control_layer.control.same_origin import require_same_origin
from control_layer.control.services import Services

__all__ = ["principal_of_proxy"]


async def principal_of_proxy(request: Request, services: Services, session: AsyncSession) -> Principal | None:
    """The person the proxy speaks of, with an account opened or brought up to date where that is needed.

    Raises 403 for a request from another site's page: a browser sends what the proxy wants to see by itself, like a
    cookie.
    """
    claim = services.proxy_headers.claim(request.headers)
    if claim is None:
        return None
    require_same_origin(request, services.settings)
    digest, now = claim.digest, services.now()
    user_id = services.recent_claims.get(digest, now)
    if user_id is None:
        await session.rollback()  # two connections for one request could wait for each other
        user_id = await settle(services, claim, part_of(request, "trusted-proxy"))
        if user_id is None:
            return None
        services.recent_claims.remember(digest, user_id, now)
    principal = await principal_of_user(session, user_id)
    if principal is None:
        services.recent_claims.forget(digest)
    return principal
