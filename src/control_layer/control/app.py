"""The management API, put together: what each resource brings, and the layers around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from control_layer import __version__
from control_layer.contract.sealing import Seal
from control_layer.control.alerts.routes import router as alerts
from control_layer.control.analytics.breakdown_routes import router as breakdowns
from control_layer.control.analytics.routes import router as analytics
from control_layer.control.api_keys.inventory_routes import router as key_inventory
from control_layer.control.api_keys.routes import router as api_keys
from control_layer.control.audit.routes import router as audit
from control_layer.control.authentication.password_routes import router as passwords
from control_layer.control.authentication.passwords import ARGON2, Passwords
from control_layer.control.authentication.routes import router as authentication
from control_layer.control.authentication.session_routes import router as sessions
from control_layer.control.authentication.sessions import Sessions
from control_layer.control.authentication.throttle import LoginThrottle, ResetThrottle
from control_layer.control.batches.daemon_routes import router as daemons
from control_layer.control.batches.request_routes import router as batch_requests
from control_layer.control.batches.routes import router as batches
from control_layer.control.budgets.routes import router as budgets
from control_layer.control.catalogue.routes import router as catalogue
from control_layer.control.compression import Compression
from control_layer.control.config import GatewayAddress
from control_layer.control.dashboard.built_files import STATIC, BuiltFiles
from control_layer.control.dashboard.pages import Dashboard
from control_layer.control.edge import Edge
from control_layer.control.effective_access.routes import router as effective_access
from control_layer.control.endpoints.routes import router as endpoints
from control_layer.control.endpoints.summary_routes import router as endpoint_summaries
from control_layer.control.errands import Errands
from control_layer.control.errors import ControlError, render
from control_layer.control.explanation.routes import router as explanation
from control_layer.control.fallback import Fallback
from control_layer.control.federation.oidc_provider import OidcProvider
from control_layer.control.federation.proxy_headers import ProxyHeaders
from control_layer.control.federation.recent_claims import RecentClaims
from control_layer.control.federation.routes import router as federation
from control_layer.control.federation.sign_in_attempt import Attempts
from control_layer.control.files.routes import router as files
from control_layer.control.files.slots import UploadSlots
from control_layer.control.first_start.generated_password import GeneratedPassword
from control_layer.control.first_start.progress_routes import router as first_run
from control_layer.control.grants.routes import router as grants
from control_layer.control.groups.routes import router as groups
from control_layer.control.guardrails.routes import router as guardrails
from control_layer.control.instance.overview_routes import router as overview
from control_layer.control.instance.reference_routes import references
from control_layer.control.instance.routes import router as instance
from control_layer.control.kept_answers.routes import router as kept_answers
from control_layer.control.leases.conditions import Conditions
from control_layer.control.mail.post import open_post
from control_layer.control.models.cache_pricing_routes import router as cache_pricing
from control_layer.control.models.component_routes import router as components
from control_layer.control.models.health_routes import router as model_health
from control_layer.control.models.routes import router as models
from control_layer.control.models.tariff_routes import router as tariffs
from control_layer.control.models.traffic_policy_routes import router as traffic_policy
from control_layer.control.own_gateway import OwnGateway
from control_layer.control.payments.provider import open_provider
from control_layer.control.payments.routes import router as payments
from control_layer.control.playground.routes import router as playground
from control_layer.control.privacy.erasing import router as erasing
from control_layer.control.privacy.rules import router as redaction_rules
from control_layer.control.probes.routes import router as probes
from control_layer.control.probes.uptime_routes import router as uptime
from control_layer.control.provider_displays.routes import router as provider_displays
from control_layer.control.rate_limits.routes import router as rate_limits
from control_layer.control.request_log.routes import router as request_log
from control_layer.control.request_log.tail import Tail
from control_layer.control.request_log.tail_routes import router as request_tail
from control_layer.control.scim.entry import ScimEntry
from control_layer.control.scim.errors import is_scim
from control_layer.control.scim.errors import render as render_for_scim
from control_layer.control.services import Services
from control_layer.control.simulated.routes import router as simulated
from control_layer.control.simulated.simulation import Simulation
from control_layer.control.snapshots.in_force import InForce
from control_layer.control.stored_responses.received import Received
from control_layer.control.stored_responses.routes import router as stored_responses
from control_layer.control.system_key import system_key
from control_layer.control.transactions.routes import router as transactions
from control_layer.control.users.password_routes import router as user_passwords
from control_layer.control.users.routes import router as users
from control_layer.control.webhooks.routes import router as webhooks
from control_layer.settings import Cors, Settings
from control_layer.store.authorship import sessions_of

__all__ = ["build_app", "build_services"]

_ROUTERS: tuple[APIRouter, ...] = (
    instance,
    overview,
    first_run,
    authentication,
    federation,
    passwords,
    users,
    user_passwords,
    sessions,
    groups,
    api_keys,
    key_inventory,
    kept_answers,
    simulated,
    endpoints,
    endpoint_summaries,
    models,
    components,
    cache_pricing,
    tariffs,
    traffic_policy,
    model_health,
    catalogue,
    grants,
    effective_access,
    transactions,
    budgets,
    rate_limits,
    explanation,
    payments,
    webhooks,
    redaction_rules,
    guardrails,
    erasing,
    analytics,
    request_tail,
    request_log,
    breakdowns,
    provider_displays,
    probes,
    uptime,
    playground,
    batch_requests,
    alerts,
    audit,
    stored_responses,
)
_BATCH_ROUTERS: tuple[APIRouter, ...] = (files, batches, daemons)
_DESCRIPTION = "Users, groups, API keys, endpoints, models, probes, files and batches of this gateway."
_DEFAULT_MAIL = Path("mail")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
_REQUEST_HEADERS = ("content-type", "authorization", "accept")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def build_services(
    *,
    engine: AsyncEngine,
    settings: Settings,
    setting_origins: Mapping[str, str] = MappingProxyType({}),
    gateway: GatewayAddress | None = None,
    simulation: Simulation | None = None,
    mail_directory: Path = _DEFAULT_MAIL,
    password_generated: bool = False,
    hasher: PasswordHasher = ARGON2,
    now: Callable[[], datetime] = _utc_now,
) -> Services:
    """The long-lived parts; somebody must run the errands.

    `setting_origins` says where what is set stands (`Sources.origins`); `gateway` is where this host has its own
    gateways; `simulation` its simulated provider, `None` where it can have none; `mail_directory` is for mails that are
    kept as files; `password_generated` says that the administrator's password was not configured; `hasher` says what a
    password's hash costs.
    Raises `ValueError` or `OSError` for settings that make no sense here.
    """
    if settings.secret_key is None:
        raise ValueError("the control plane needs settings.secret_key")
    secret_key = settings.secret_key.get_secret_value()
    previous_keys = [key.get_secret_value() for key in settings.previous_secret_keys]
    own_key = system_key(secret_key)
    return Services(
        settings=settings,
        setting_origins=setting_origins,
        database=sessions_of(engine),
        provider_credentials=Seal(secret_key, "provider-credential", previous_keys),
        key_secrets=Seal(secret_key, "api-key", previous_keys),
        webhook_secrets=Seal(secret_key, "webhook-secret", previous_keys),
        guardrail_secrets=Seal(secret_key, "guardrail-secret", previous_keys),
        system_key=own_key,
        own_gateway=OwnGateway(gateway, own_key),
        in_force=InForce(),
        conditions=Conditions(),
        simulation=simulation or Simulation(None),
        received_responses=Received(),
        upload_slots=UploadSlots(settings.limits),
        sessions=Sessions(secret_key, settings.auth),
        passwords=Passwords(hasher),
        generated_password=GeneratedPassword(exists=password_generated),
        throttle=LoginThrottle(),
        proxy_headers=ProxyHeaders(settings.auth.proxy_header),
        recent_claims=RecentClaims(),
        attempts=Attempts(secret_key, secure=settings.auth.native.session.cookie_secure),
        oidc=_oidc(settings, now),
        reset_throttle=ResetThrottle(),
        payments=open_provider(settings),
        errands=Errands(),
        tail=Tail(),
        post=open_post(settings.email, mail_directory),
        now=now,
    )


def _oidc(settings: Settings, now: Callable[[], datetime]) -> OidcProvider | None:
    if not settings.auth.oidc.enabled:
        return None
    ca_file = settings.gateway.ca_bundle
    return OidcProvider(settings.auth.oidc, dashboard_url=settings.dashboard_url, ca_file=ca_file, now=now)


def build_app(services: Services) -> FastAPI:
    """The application. Raises `NoAccessDeclared` where a route says nothing about who may call it."""
    title = services.settings.metadata.title
    app = FastAPI(
        title=f"{title} management API",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    batch_routers = _BATCH_ROUTERS if services.settings.batches.enabled else ()
    routers = (*_ROUTERS, *references(services.settings.openapi), *batch_routers)
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    app.router.routes.extend(routes)  # as they are: include_router analyses each handler anew for each application
    app.state.routes = routes
    fallback = Fallback(Dashboard(BuiltFiles.in_(STATIC), title), routes)
    app.router.default = fallback
    app.router.routes.append(ScimEntry(fallback))

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, ControlError)
        return _rendered(error, request)

    async def refuse_method(request: Request, error: Exception) -> Response:
        del error  # FastAPI names the methods of the first route with that path only
        return _rendered(fallback.refusal(request.method, request.url.path), request)

    app.add_exception_handler(ControlError, answer)
    app.add_exception_handler(405, refuse_method)
    if services.settings.auth.native.session.cookie_same_site != "none":  # else any site could have answers made
        app.add_middleware(Compression)
    _allow_origins(app, services.settings.auth.security.cors)
    app.add_middleware(Edge, security_headers=services.settings.auth.security.headers.enabled)
    return app


def _rendered(error: ControlError, request: Request) -> Response:
    if is_scim(request.url.path):
        return render_for_scim(error)
    return render(error, request.headers.get("accept", ""))


def _allow_origins(app: FastAPI, cors: Cors) -> None:
    if not cors.allowed_origins:
        return
    if "*" in cors.allowed_origins and cors.allow_credentials:
        raise ValueError(
            "auth.security.cors: allowed_origins '*' with allow_credentials lets every site act for a signed-in "
            "person; name the origins, or set allow_credentials to false"
        )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=cors.allowed_origins,
        allow_credentials=cors.allow_credentials,
        allow_methods=_METHODS,
        allow_headers=_REQUEST_HEADERS,
        expose_headers=cors.exposed_headers,
        max_age=int(cors.max_age.total_seconds()),
    )
