"""One typed tree of settings. The YAML file, the environment and these defaults all speak of the same keys.

What a key means stands beside it; `docs/configuration.md` is made from this tree. Loading is in `settings_sources`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, SecretStr

__all__ = ["Auth", "Database", "Gateway", "Metadata", "ModelSource", "RoleName", "Settings"]

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


RoleName = Literal[
    "PlatformManager",
    "RequestViewer",
    "StandardUser",
    "BillingManager",
    "BatchAPIUser",
    "BackgroundInferenceUser",
    "ConnectionsUser",
]
"""The roles of `control.permissions`, which a test holds to this."""

Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(_written, when_used="json")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True)


class DatabasePool(_Section):
    """Connections of the control plane to Postgres."""

    max_connections: int = Field(10, ge=2)
    """Upper bound of connections."""


class Database(_Section):
    """Where state is kept. `embedded` runs a Postgres of its own in the data directory."""

    type: Literal["embedded", "external"] = "embedded"
    """`embedded` or `external`."""
    url: SecretStr | None = None
    """`postgresql://user:password@host/name` of an external database; also `DATABASE_URL`."""
    replica_url: SecretStr | None = None
    """Accepted for compatibility; everything is read from `url`."""
    pool: DatabasePool = DatabasePool()
    """Connections of the control plane."""


class ModelSource(_Section):
    """An endpoint that the first start connects, with the models it lists."""

    name: str
    """The endpoint's name."""
    url: str
    """Its base URL, such as `https://api.openai.com/v1`."""
    api_key: SecretStr | None = None
    """The credential at the provider."""
    grant_to_everyone: bool = True
    """Let every user call its models."""


class Metadata(_Section):
    """What the instance says about itself."""

    title: str = "Control Layer"
    """Name shown on pages."""
    region: str | None = None
    """Shown on pages."""
    organization: str | None = None
    """Shown on pages."""
    docs_url: str = "/admin/docs"
    """Where "Documentation" leads."""
    docs_jsonl_url: str | None = None
    """Where help on batch files leads."""
    ai_api_base_url: str | None = None
    """Base URL of the AI API as clients reach it, where that differs from the address of the page."""


class Password(_Section):
    """Lengths in bytes."""

    min_length: int = Field(8, ge=1)
    """The shortest password."""
    max_length: int = Field(64, ge=8, le=1024)
    """The longest."""


class Session(_Section):
    """The session cookie."""

    timeout: Duration = timedelta(hours=24)
    """How long a browser keeps it."""
    cookie_name: str = "control_layer_session"
    """Its name."""
    cookie_secure: bool = True
    """Sent over HTTPS only (browsers count localhost as secure)."""
    cookie_same_site: Literal["strict", "lax", "none"] = "strict"
    """Whether links from other sites carry it."""
    cookie_domain: str | None = None
    """Its domain; by default this host only."""


class NativeAuth(_Section):
    """E-mail and password."""

    enabled: bool = True
    """Whether people sign in with it."""
    allow_registration: bool = False
    """Whether anybody may make an account."""
    password: Password = Password()
    """Lengths."""
    session: Session = Session()
    """The cookie."""
    password_reset_token_duration: Duration = timedelta(minutes=30)
    """How long a reset link will work; there are none yet."""


class Cors(_Section):
    """Which other origins' pages may call the management API."""

    allowed_origins: tuple[str, ...] = ()
    """Such as `https://tools.example.org`; none by default."""
    allow_credentials: bool = True
    """Whether they may act for a signed-in person."""
    max_age: Duration = timedelta(hours=1)
    """How long browsers remember the answer."""
    exposed_headers: tuple[str, ...] = ()
    """Response fields that their scripts may read."""


class SecurityHeaders(_Section):
    """Fields that every answer of the control plane carries."""

    enabled: bool = True
    """Send them."""


class Security(_Section):
    """Sessions, cross-origin access and response headers."""

    jwt_expiry: Annotated[Duration, Field(ge=timedelta(minutes=5), le=timedelta(days=30))] = timedelta(hours=24)
    """How long a session lasts; 5 minutes to 30 days."""
    cors: Cors = Cors()
    """Cross-origin access."""
    headers: SecurityHeaders = SecurityHeaders()
    """`X-Content-Type-Options` and its like."""


class Auth(_Section):
    """How people prove who they are."""

    native: NativeAuth = NativeAuth()
    """E-mail and password."""
    default_user_roles: tuple[RoleName, ...] = ("StandardUser", "BackgroundInferenceUser")
    """Roles of people who register."""
    security: Security = Security()
    """Sessions and browsers."""


class GatewayLimits(_Section):
    """What one request may be."""

    max_body_bytes: int = Field(100 * 1024 * 1024, ge=1024)
    """The largest request body; larger ones are refused with 413."""


class GatewayTimeouts(_Section):
    """Deadlines. A model's own come first."""

    head: Duration = timedelta(seconds=15)
    """A client's request head."""
    body: Duration = timedelta(seconds=60)
    """Between two pieces of a client's request body."""
    keep_alive: Duration = timedelta(seconds=75)
    """An idle client connection."""
    write: Duration = timedelta(minutes=5)
    """A client that takes nothing of its answer."""
    connect: Duration = timedelta(seconds=10)
    """Making a connection to a provider."""
    first_byte: Duration = timedelta(minutes=10)
    """From the request to the provider's first byte."""
    idle: Duration = timedelta(minutes=5)
    """Between two pieces of a provider's answer."""
    total: Duration = timedelta(hours=1)
    """A whole answer."""


class GatewayPool(_Section):
    """Connections of one worker to one endpoint."""

    max_connections: int = Field(4096, ge=1)
    """Upper bound; more requests wait."""
    max_idle: int = Field(256, ge=0)
    """How many are kept for the next requests."""
    idle: Duration = timedelta(seconds=30)
    """How long they are kept; below what load balancers close after."""


class GatewayTls(_Section):
    """TLS for clients: PEM files; both or none."""

    certificate: Path | None = None
    """The certificate chain."""
    key: Path | None = None
    """Its private key."""


class Gateway(_Section):
    """The data plane."""

    workers: int | None = Field(None, ge=1, le=256)
    """`None`: one per processor core that this process may use."""
    limits: GatewayLimits = GatewayLimits()
    """Sizes."""
    timeouts: GatewayTimeouts = GatewayTimeouts()
    """Deadlines."""
    pool: GatewayPool = GatewayPool()
    """Connections to providers."""
    tls: GatewayTls = GatewayTls()
    """TLS for clients."""
    ca_bundle: Path | None = None
    """Extra certificate authorities for providers, in PEM."""
    drain: Duration = timedelta(seconds=30)
    """How long requests under way may go on after SIGTERM."""
    report_headers: bool = True
    """Send the `x-control-layer-*` fields that say what happened."""
    logged_body_bytes: int = Field(256 * 1024, ge=0)
    """How much of each request and response the request log keeps."""
    journal_segment_bytes: int = Field(16 * 1024 * 1024, ge=64 * 1024)
    """Size at which a journal file is full and the next one begun."""


class Metrics(_Section):
    """The Prometheus listener."""

    host: str = "127.0.0.1"
    """Address."""
    port: int = Field(9464, ge=0, le=65535)
    """Port; 0 takes a free one."""


class Settings(_Section):
    """The whole tree."""

    host: str = "0.0.0.0"  # noqa: S104 - a gateway is there to be reached
    """Address to listen on."""
    port: int = Field(3001, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    dashboard_url: str = "http://localhost:3001"
    """Where people reach this instance, for links in mails; none are sent yet."""
    admin_email: str = Field("admin@localhost", min_length=1)
    """The administrator, made at the first start."""
    admin_password: SecretStr | None = None
    """The administrator's password, set anew at each start. Generated where the database is embedded."""
    secret_key: SecretStr | None = Field(None, min_length=16)
    """What is signed or sealed depends on it: long, random, never changed; also `SECRET_KEY`. Generated like it."""
    data_dir: Path | None = None
    """`None`: the platform's place for it; `/var/lib/control-layer` for root."""
    database: Database = Database()
    """Where state is kept."""
    model_sources: tuple[ModelSource, ...] = ()
    """Endpoints that the first start connects: a list of `name`, `url`, `api_key`, `grant_to_everyone`."""
    metadata: Metadata = Metadata()
    """What the instance says about itself."""
    auth: Auth = Auth()
    """How people prove who they are."""
    gateway: Gateway = Gateway()
    """The data plane."""
    metrics: Metrics = Metrics()
    """The Prometheus listener."""
    enable_metrics: bool = True
    """Whether there is one."""
    enable_request_logging: bool = True
    """Keep request and response bodies, except those of accounts with zero data retention."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important event that is logged."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text on a terminal, JSON elsewhere."""
