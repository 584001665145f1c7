"""The settings, as each child is told them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from control_layer.contract.limits import TierRate
from control_layer.contract.supervision import Simulated
from control_layer.control.config import ControlConfig, Demo, GatewayAddress, encode_settings
from control_layer.data_directory import DataDirectory
from control_layer.gateway.config import (
    Capture,
    GatewayConfig,
    PoolSettings,
    RetrySettings,
    TimeoutDefaults,
    TraceSettings,
)
from control_layer.gateway.policy.key_defaults import KeyDefaults
from control_layer.settings import ProxyHeader, Settings, Tracing
from control_layer.settings.authentication import KeyRate, KeyRates

__all__ = ["PROXY_VARIABLES", "control_config", "gateway_config"]

PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""They may hold a password. Gateways are told them with their configuration."""
_CONTROL_SOCKET = "control.sock"
_SNAPSHOT_SOCKET = "snapshot.sock"
_LEASE_SOCKET = "lease.sock"
_ANSWER_SOCKET = "answer.sock"
_RESPONSE_SOCKET = "response.sock"


def gateway_config(
    settings: Settings,
    directory: DataDirectory,
    *,
    name: str,
    worker_id: str,
    listen_fds: list[int],
    environment: Mapping[str, str],
    log_json: bool,
) -> GatewayConfig:
    """One worker's configuration. `settings` lacks no secret."""
    gateway, timeouts, sockets = settings.gateway, settings.gateway.timeouts, directory.sockets()
    return GatewayConfig(
        listen_fds=listen_fds,
        worker_id=worker_id,
        name=name,
        journal_dir=str(directory.journal),
        snapshot_file=str(directory.snapshot_file),
        snapshot_socket=str(sockets / _SNAPSHOT_SOCKET),
        lease_socket=str(sockets / _LEASE_SOCKET),
        answer_socket=str(sockets / _ANSWER_SOCKET),
        response_socket=str(sockets / _RESPONSE_SOCKET),
        control_socket=str(sockets / _CONTROL_SOCKET),
        secret_key=_revealed(settings.secret_key),
        previous_secret_keys=[key.get_secret_value() for key in settings.previous_secret_keys],
        max_body_bytes=gateway.limits.max_body_bytes,
        timeouts=TimeoutDefaults(
            head=timeouts.head.total_seconds(),
            body=timeouts.body.total_seconds(),
            keep_alive=timeouts.keep_alive.total_seconds(),
            write=timeouts.write.total_seconds(),
            connect=timeouts.connect.total_seconds(),
            first_byte=timeouts.first_byte.total_seconds(),
            idle=timeouts.idle.total_seconds(),
            total=timeouts.total.total_seconds(),
        ),
        pool=PoolSettings(
            max_connections=gateway.pool.max_connections,
            max_idle=gateway.pool.max_idle,
            idle_seconds=gateway.pool.idle.total_seconds(),
        ),
        client_fallbacks=gateway.client_fallbacks,
        validate_capabilities=gateway.validate_capabilities,
        response_cache_bytes=gateway.response_cache_bytes,
        shared_answer_seconds=gateway.shared_response_cache_timeout.total_seconds(),
        stores_responses=settings.responses.enabled,
        retries=RetrySettings(ratio=gateway.retries.ratio, reserve=gateway.retries.reserve),
        key_defaults=_key_defaults(settings.auth.rate_limits),
        capture=Capture(enabled=settings.enable_request_logging, max_bytes=gateway.logged_body_bytes),
        tracing=_trace_settings(settings.tracing),
        drain_seconds=gateway.drain.total_seconds(),
        report_headers=gateway.report_headers,
        identity_fields=_identity_fields(settings.auth.proxy_header),
        segment_bytes=gateway.journal_segment_bytes,
        reserve_bytes=gateway.journal_reserve_bytes,
        tls_certificate=_path(gateway.tls.certificate),
        tls_key=_path(gateway.tls.key),
        ca_bundle=_path(gateway.ca_bundle),
        proxy_environment={
            name: value for name, value in environment.items() if name.upper() in PROXY_VARIABLES and value
        },
        log_level=settings.log_level,
        log_json=log_json,
    )


def _key_defaults(rates: KeyRates) -> KeyDefaults | None:
    """`None` where no tier has a rate."""
    verified, unverified = _tier_rate(rates.verified), _tier_rate(rates.unverified)
    return None if verified is None and unverified is None else KeyDefaults(verified=verified, unverified=unverified)


def _tier_rate(tier: KeyRate) -> TierRate | None:
    per_second = tier.requests_per_second
    return None if per_second is None else TierRate(requests_per_second=per_second, burst=tier.burst)


def control_config(
    settings: Settings,
    directory: DataDirectory,
    *,
    setting_origins: dict[str, str],
    database_url: str,
    gateway: tuple[str, int],
    password_generated: bool,
    simulated: Simulated | None,
    demo: Demo | None,
    log_json: bool,
) -> ControlConfig:
    """The control plane's configuration. `settings` lacks no secret; `gateway` is where this host's gateways are."""
    host, port = gateway
    sockets = directory.sockets()
    return ControlConfig(
        settings=encode_settings(settings),
        setting_origins=setting_origins,
        database_url=database_url,
        control_socket=str(sockets / _CONTROL_SOCKET),
        snapshot_socket=str(sockets / _SNAPSHOT_SOCKET),
        lease_socket=str(sockets / _LEASE_SOCKET),
        answer_socket=str(sockets / _ANSWER_SOCKET),
        response_socket=str(sockets / _RESPONSE_SOCKET),
        snapshot_file=str(directory.snapshot_file),
        journal_dir=str(directory.journal),
        gateway=GatewayAddress(host=host, port=port, certificate=_path(settings.gateway.tls.certificate)),
        mail_dir=str(directory.mail),
        password_generated=password_generated,
        simulated=simulated,
        offers_simulated=settings.database.type == "embedded",
        demo=demo,
        log_json=log_json,
    )


def _identity_fields(proxy: ProxyHeader) -> frozenset[bytes]:
    if not proxy.enabled:
        return frozenset()
    names = (proxy.header_name, proxy.email_header_name, proxy.groups_field_name, proxy.provider_field_name)
    return frozenset(name.encode() for name in names)


def _trace_settings(tracing: Tracing) -> TraceSettings | None:
    if not tracing.enabled:
        return None
    return TraceSettings(sample_ratio=tracing.sample_ratio, propagate=tracing.propagate)


def _revealed(secret: SecretStr | None) -> str:
    assert secret is not None, "completed before any child is started"
    return secret.get_secret_value()


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path.expanduser().absolute())
