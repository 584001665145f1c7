"""The configuration as administrators are shown it. Secrets are never read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer import __version__
from control_layer.control.federation.oidc_provider import CALLBACK
from control_layer.control.instance.overview_schemas import (
    Counts,
    InstanceOverview,
    MailOverview,
    OidcOverview,
    PasswordOverview,
    ProxyOverview,
    Retention,
    RetentionOverview,
    Service,
    SignInOverview,
)
from control_layer.control.scim.errors import PREFIX as SCIM_PREFIX
from control_layer.settings import Auth, Email, RequestLog, Settings
from control_layer.store.tables import NIL, ApiKey, Endpoint, Group, Model, User

__all__ = ["count_all", "overview"]


def overview(settings: Settings, origins: Mapping[str, str], counts: Counts) -> InstanceOverview:
    """What these settings say, and where."""
    return InstanceOverview(
        version=__version__,
        title=settings.metadata.title,
        region=settings.metadata.region,
        organization=settings.metadata.organization,
        dashboard_url=settings.dashboard_url,
        origins=dict(origins),
        counts=counts,
        services=_services(settings),
        sign_in=_sign_in(settings.auth, settings.dashboard_url.rstrip("/")),
        mail=_mail(settings.email),
        retention=_retention(settings.request_log),
    )


async def count_all(session: AsyncSession) -> Counts:
    """One statement, so that the numbers are of one moment."""
    numbers = select(
        select(func.count()).where(User.id != NIL, User.deleted_at.is_(None)).scalar_subquery().label("users"),
        select(func.count()).select_from(Group).scalar_subquery().label("groups"),
        select(func.count()).where(Model.deleted_at.is_(None)).scalar_subquery().label("models"),
        select(func.count()).select_from(Endpoint).scalar_subquery().label("endpoints"),
        select(func.count()).where(ApiKey.deleted_at.is_(None), ~ApiKey.hidden).scalar_subquery().label("api_keys"),
    )
    row = (await session.execute(numbers)).one()
    return Counts(users=row.users, groups=row.groups, models=row.models, endpoints=row.endpoints, api_keys=row.api_keys)


def _services(settings: Settings) -> list[Service]:
    background = settings.background_services
    return [
        Service(name="payments", enabled=settings.payment.enabled, setting="payment"),
        Service(name="batches", enabled=settings.batches.enabled, setting="batches.enabled"),
        Service(
            name="probe_scheduler",
            enabled=background.probe_scheduler.enabled,
            setting="background_services.probe_scheduler.enabled",
        ),
        Service(
            name="webhooks",
            enabled=background.notifications.webhooks.enabled,
            setting="background_services.notifications.webhooks.enabled",
        ),
        Service(name="tracing", enabled=settings.tracing.enabled, setting="tracing.enabled"),
        Service(name="sinks", enabled=bool(settings.sinks), setting="sinks"),
        Service(name="full_text_search", enabled=settings.request_log.full_text, setting="request_log.full_text"),
    ]


def _sign_in(auth: Auth, dashboard_url: str) -> SignInOverview:
    native, oidc, proxy = auth.native, auth.oidc, auth.proxy_header
    return SignInOverview(
        password=PasswordOverview(
            enabled=native.enabled,
            registration=native.enabled and native.allow_registration,
            min_length=native.password.min_length,
            max_length=native.password.max_length,
            session_seconds=auth.security.jwt_expiry.total_seconds(),
        ),
        oidc=OidcOverview(
            enabled=oidc.enabled,
            issuer=oidc.issuer,
            client_id=oidc.client_id,
            redirect_uri=dashboard_url + CALLBACK,
            groups_claim=oidc.groups_claim,
            allowed_domains=[*oidc.allowed_domains],
            auto_create_users=oidc.auto_create_users,
        ),
        proxy=ProxyOverview(
            enabled=proxy.enabled,
            header_name=proxy.header_name,
            email_header_name=proxy.email_header_name,
            groups_field_name=proxy.groups_field_name if proxy.import_idp_groups else None,
            trusted_peers=[*proxy.trusted_peers],
            auto_create_users=proxy.auto_create_users,
        ),
        scim_base_url=dashboard_url + SCIM_PREFIX,
        default_roles=[*auth.default_user_roles],
    )


def _mail(email: Email) -> MailOverview:
    smtp = email.smtp if email.transport == "smtp" else None
    return MailOverview(
        transport=email.transport,
        sender=email.sender,
        host=None if smtp is None else smtp.host,
        port=None if smtp is None else smtp.port_in_use,
        security=None if smtp is None else smtp.security,
    )


def _retention(log: RequestLog) -> RetentionOverview:
    return RetentionOverview(
        requests=Retention(max_age_seconds=_seconds(log.requests.max_age), max_bytes=log.requests.max_bytes),
        bodies=Retention(max_age_seconds=_seconds(log.bodies.max_age), max_bytes=log.bodies.max_bytes),
        sums=Retention(max_age_seconds=_seconds(log.sums.max_age), max_bytes=None),
    )


def _seconds(age: timedelta | None) -> float | None:
    return None if age is None else age.total_seconds()
