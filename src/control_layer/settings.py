"""One typed tree of settings. The YAML file, the environment and these defaults all speak of the same keys.

What a key means stands beside it, and the manual's page is made from this tree. Loading is in `settings_sources`.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr

__all__ = ["Auth", "Database", "Gateway", "Metadata", "ModelSource", "Settings"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _duration(value: object) -> object:
    """`"30m"`, `"24h"`, `"1500ms"`, or seconds as a number."""
    if isinstance(value, str):
        text = value.strip()
        for unit in ("ms", "s", "m", "h", "d"):
            number = text.removesuffix(unit)
            if number != text and number.replace(".", "", 1).isdigit():
                return timedelta(seconds=float(number) * _UNITS[unit])
        if not text.replace(".", "", 1).isdigit():
            raise ValueError("write a duration such as 30m, 24h or 1500ms, or seconds as a number")
    return value


def _written(value: timedelta) -> str:
    """The same in the largest unit that fits."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        if milliseconds % size == 0 and milliseconds:
            return f"{milliseconds // size}{unit}"
    return "0s"


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(_written, when_used="json")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class DatabasePool(_Section):
    """Connections of the control plane to Postgres."""

    max_connections: int = Field(10, ge=2)


class Database(_Section):
    """Where state is kept. `embedded` runs a Postgres of its own in the data directory."""

    type: Literal["embedded", "external"] = "embedded"
    url: SecretStr | None = None
    replica_url: SecretStr | None = None
    """Accepted for compatibility; everything is read from `url`."""
    pool: DatabasePool = DatabasePool()


class ModelSource(_Section):
    """An endpoint that the first start connects, with the models it lists."""

    name: str
    url: str
    api_key: SecretStr | None = None
    grant_to_everyone: bool = True


class Metadata(_Section):
    """What the instance says about itself."""

    title: str = "Control Layer"
    region: str | None = None
    organization: str | None = None
    docs_url: str = "https://github.com/control-layer/control-layer"
    docs_jsonl_url: str | None = None
    ai_api_base_url: str | None = None


class Password(_Section):
    """Lengths in bytes."""

    min_length: int = Field(8, ge=1)
    max_length: int = Field(64, ge=8, le=1024)


class Session(_Section):
    """The session cookie."""

    timeout: Duration = timedelta(hours=24)
    cookie_name: str = "control_layer_session"
    cookie_secure: bool = True
    cookie_same_site: Literal["strict", "lax", "none"] = "strict"
    cookie_domain: str | None = None


class NativeAuth(_Section):
    """E-mail and password."""

    enabled: bool = True
    allow_registration: bool = False
    password: Password = Password()
    session: Session = Session()
    password_reset_token_duration: Duration = timedelta(minutes=30)


class Cors(_Section):
    """Which other origins' pages may call the management API."""

    allowed_origins: tuple[str, ...] = ()
    allow_credentials: bool = True
    max_age: Duration = timedelta(hours=1)
    exposed_headers: tuple[str, ...] = ()


class SecurityHeaders(_Section):
    """Fields that every answer of the control plane carries."""

    enabled: bool = True


class Security(_Section):
    """Sessions, cross-origin access and response headers."""

    jwt_expiry: Annotated[Duration, Field(ge=timedelta(minutes=5), le=timedelta(days=30))] = timedelta(hours=24)
    cors: Cors = Cors()
    headers: SecurityHeaders = SecurityHeaders()


class Auth(_Section):
    """How people prove who they are."""

    native: NativeAuth = NativeAuth()
    default_user_roles: tuple[str, ...] = ("StandardUser", "BackgroundInferenceUser")
    security: Security = Security()


class Credits(_Section):
    """Amounts that accounts begin with."""

    initial_credits_for_standard_users: Decimal = Field(Decimal(0), ge=0)


class GatewayLimits(_Section):
    """What one request may be."""

    max_body_bytes: int = Field(100 * 1024 * 1024, ge=1024)


class GatewayTimeouts(_Section):
    """Deadlines. A model's own come first."""

    head: Duration = timedelta(seconds=15)
    body: Duration = timedelta(seconds=60)
    keep_alive: Duration = timedelta(seconds=75)
    write: Duration = timedelta(minutes=5)
    connect: Duration = timedelta(seconds=10)
    first_byte: Duration = timedelta(minutes=10)
    idle: Duration = timedelta(minutes=5)
    total: Duration = timedelta(hours=1)


class GatewayPool(_Section):
    """Connections of one worker to one endpoint."""

    max_connections: int = Field(4096, ge=1)
    max_idle: int = Field(256, ge=0)
    idle: Duration = timedelta(seconds=30)


class GatewayTls(_Section):
    """TLS for clients: PEM files; both or none."""

    certificate: Path | None = None
    key: Path | None = None


class Gateway(_Section):
    """The data plane."""

    workers: int | None = Field(None, ge=1, le=256)
    """`None`: one per processor core that this process may use."""
    limits: GatewayLimits = GatewayLimits()
    timeouts: GatewayTimeouts = GatewayTimeouts()
    pool: GatewayPool = GatewayPool()
    tls: GatewayTls = GatewayTls()
    ca_bundle: Path | None = None
    """Extra certificate authorities for providers, in PEM."""
    drain: Duration = timedelta(seconds=30)
    """How long requests under way may go on after SIGTERM."""
    report_headers: bool = True
    """Send the `x-control-layer-*` fields that say what happened."""
    logged_body_bytes: int = Field(256 * 1024, ge=0)
    """How much of each request and response the request log keeps."""
    journal_segment_bytes: int = Field(16 * 1024 * 1024, ge=64 * 1024)


class Metrics(_Section):
    """The Prometheus listener."""

    host: str = "127.0.0.1"
    port: int = Field(9464, ge=0, le=65535)


class Settings(_Section):
    """The whole tree."""

    host: str = "0.0.0.0"  # noqa: S104 - a gateway is there to be reached
    port: int = Field(3001, ge=0, le=65535)
    dashboard_url: str = "http://localhost:3001"
    admin_email: str = "admin@localhost"
    admin_password: SecretStr | None = None
    secret_key: SecretStr | None = Field(None, min_length=16)
    """Everything that is signed or sealed depends on it: long, random, and never changed."""
    data_dir: Path | None = None
    """`None`: the platform's place for it; `/var/lib/control-layer` for root."""
    database: Database = Database()
    model_sources: tuple[ModelSource, ...] = ()
    metadata: Metadata = Metadata()
    auth: Auth = Auth()
    credits: Credits = Credits()
    gateway: Gateway = Gateway()
    metrics: Metrics = Metrics()
    enable_metrics: bool = True
    enable_request_logging: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text on a terminal, JSON elsewhere."""
