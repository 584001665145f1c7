"""`/authentication/oidc`: signing in at an OpenID Connect provider."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from control_layer.control.access import public, signed_in
from control_layer.control.authentication.events import logged_in
from control_layer.control.authentication.queries import principal_of_user, record_login
from control_layer.control.authentication.session_records import begin_session
from control_layer.control.errors import ControlError, invalid
from control_layer.control.federation.oidc_accounts import account_of, disabled
from control_layer.control.federation.oidc_provider import OidcProvider
from control_layer.control.federation.pages import entered_page, refused_page
from control_layer.control.federation.return_path import return_path
from control_layer.control.federation.schemas import Linking, SingleSignOn
from control_layer.control.federation.sign_in_attempt import Attempt
from control_layer.control.request_context import Caller, Database, Served, transaction
from control_layer.control.route import ControlRoute
from control_layer.control.services import Services

__all__ = ["router"]

router = APIRouter(prefix="/authentication/oidc", tags=["authentication"], route_class=ControlRoute)
_LOGIN = "/authentication/oidc/login"
_PROVIDERS_WORD = re.compile(r"[a-z_]{1,64}")
_ReturnTo = Annotated[str, Query(description="The path to go to afterwards.", examples=["/models"])]


@router.get("")
@public
async def single_sign_on(services: Served) -> SingleSignOn:
    """Whether people may sign in at an identity provider, and where that begins."""
    if services.oidc is None:
        return SingleSignOn(enabled=False, display_name=None, login_url=None)
    return SingleSignOn(
        enabled=True, display_name=services.settings.auth.oidc.display_name, login_url=_login_url(services)
    )


@router.get("/login", status_code=303, response_class=RedirectResponse)
@public
async def login(request: Request, services: Served, return_to: _ReturnTo = "/") -> Response:
    """Sends the browser to the identity provider."""
    return await _for_people(request, services, _begun(services, return_to))


@router.post("/link")
@signed_in
async def link(
    response: Response, session: Database, caller: Caller, services: Served, return_to: _ReturnTo = "/"
) -> Linking:
    """Begins to link the caller's account to whoever signs in at `authorization_url` next."""
    if caller.key_id is not None:
        raise ControlError(403, "session_needed", "Sign in with a browser to link an account; an API key cannot")
    attempt = Attempt.new(return_path(return_to), services.now(), account=caller.id)
    await session.rollback()  # no connection is held while the provider is asked
    url = await _provider(services).authorization_url(attempt)
    response.headers["set-cookie"] = services.attempts.cookie(attempt)
    return Linking(authorization_url=url)


@router.get("/callback", response_class=Response)
@public
async def callback(
    request: Request,
    services: Served,
    code: str = "",
    state: str = "",
    error: str | None = None,
    iss: str | None = None,
) -> Response:
    """Takes the identity provider's answer from the browser and begins a session."""
    attempt = services.attempts.read(request.cookies, services.now())
    entering = _entered(request, services, attempt, code=code, state=state, error=error, issuer=iss)
    response = await _for_people(request, services, entering)
    response.headers.append("set-cookie", services.attempts.cleared())
    return response


async def _begun(services: Services, return_to: str) -> Response:
    attempt = Attempt.new(return_path(return_to), services.now())
    url = await _provider(services).authorization_url(attempt)
    return RedirectResponse(url, 303, {"set-cookie": services.attempts.cookie(attempt), "cache-control": "no-store"})


async def _entered(
    request: Request,
    services: Services,
    attempt: Attempt | None,
    *,
    code: str,
    state: str,
    error: str | None,
    issuer: str | None,
) -> Response:
    provider = _provider(services)
    if attempt is None or not attempt.answers(state):
        text = f"This sign-in has expired, or was begun in another browser. Begin at {_login_url(services)}"
        raise ControlError(400, "sign_in_expired", text)
    if error is not None:
        reason = f" ({error})" if _PROVIDERS_WORD.fullmatch(error) else ""
        raise ControlError(403, "sign_in_refused", f"The identity provider did not sign you in{reason}")
    if not code:
        raise invalid("The identity provider's answer holds no code. Sign in again", code="no_code")
    identity = await provider.identity(code, issuer, attempt)
    async with transaction(services) as session:
        user = await account_of(session, services, identity, link_to=attempt.account)
        if await principal_of_user(session, user.id) is None:
            raise disabled()
        await record_login(session, user.id)
        cookie = await begin_session(session, services.sessions, user.id, request, services.now())
        logged_in(session, request, user.id)
    response = entered_page(attempt.return_to)
    response.headers.append("set-cookie", cookie)
    return response


async def _for_people(request: Request, services: Services, answering: Awaitable[Response]) -> Response:
    """The answer; for browsers, which people look at, refusals are pages."""
    try:
        return await answering
    except ControlError as error:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return refused_page(error, _login_url(services))


def _provider(services: Services) -> OidcProvider:
    if services.oidc is None:
        raise invalid("Single sign-on is disabled", code="oidc_disabled")
    return services.oidc


def _login_url(services: Services) -> str:
    """At the configured address, where the provider will send the browser back to: cookies belong to one host."""
    return services.settings.dashboard_url.rstrip("/") + _LOGIN
