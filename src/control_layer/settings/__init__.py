"""One typed tree of settings. The YAML file, the environment and these defaults all speak of the same keys.

What a key means stands beside it; `docs/configuration.md` is made from this tree. Loading is in `settings_sources`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from control_layer.settings.alerts import Alerts
from control_layer.settings.authentication import Auth, Cors, Password, RoleName
from control_layer.settings.background_services import BackgroundServices, BatchDaemon, ProbeScheduler
from control_layer.settings.batches import Batches, Limits, SampleFiles, window_of
from control_layer.settings.billing import Credits, Payment
from control_layer.settings.database import Database
from control_layer.settings.email import Email, Smtp
from control_layer.settings.federation import Oidc, ProxyHeader
from control_layer.settings.gateway import Gateway, GatewayTls, Metrics
from control_layer.settings.instance import Metadata, ModelSource, OpenApi
from control_layer.settings.pricing import Pricing
from control_layer.settings.recorder import BodyRetention, Recorder, RequestLog, RequestRetention
from control_layer.settings.responses import Responses
from control_layer.settings.section import Duration, Section
from control_layer.settings.sinks import Sink
from control_layer.settings.tracing import Tracing

__all__ = [
    "Alerts",
    "Auth",
    "BackgroundServices",
    "BatchDaemon",
    "Batches",
    "BodyRetention",
    "Cors",
    "Credits",
    "Database",
    "Email",
    "Gateway",
    "GatewayTls",
    "Limits",
    "Metadata",
    "Metrics",
    "ModelSource",
    "Oidc",
    "OpenApi",
    "Password",
    "Payment",
    "Pricing",
    "ProbeScheduler",
    "ProxyHeader",
    "Recorder",
    "RequestLog",
    "RequestRetention",
    "Responses",
    "RoleName",
    "SampleFiles",
    "Settings",
    "Sink",
    "Smtp",
    "Tracing",
    "window_of",
]


class Settings(Section):
    """The whole tree."""

    host: str = "0.0.0.0"  # noqa: S104 - a gateway is there to be reached
    """Address to listen on."""
    port: int = Field(3001, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    dashboard_url: str = "http://localhost:3001"
    """Where people reach this instance: for links in mails, where identity providers send people back to, in SCIM."""
    admin_email: str = Field("admin@localhost", min_length=1)
    """The administrator, made at the first start."""
    admin_password: SecretStr | None = None
    """The administrator's password, set anew at each start. Generated where the database is embedded."""
    secret_key: SecretStr | None = Field(None, min_length=16)
    """What is signed or sealed depends on it: long and random; also `SECRET_KEY`. Generated like it."""
    previous_secret_keys: tuple[SecretStr, ...] = ()
    """Earlier values of `secret_key`: what was sealed with them still opens, and is sealed anew at the next start."""
    data_dir: Path | None = None
    """`None`: the platform's place for it; `/var/lib/control-layer` for root."""
    database: Database = Database()
    """Where state is kept."""
    model_sources: tuple[ModelSource, ...] = ()
    """Endpoints that the first start connects: a list of `name`, `url`, `api_key`, `dialect`, …"""
    metadata: Metadata = Metadata()
    """What the instance says about itself."""
    openapi: OpenApi = OpenApi()
    """The references of the APIs."""
    auth: Auth = Auth()
    """How people prove who they are."""
    pricing: Pricing = Pricing()
    """What is charged where nobody has said otherwise."""
    payment: Payment = Payment()
    """How people pay."""
    credits: Credits = Credits()
    """What is given away."""
    email: Email = Email()
    """Mails to people."""
    alerts: Alerts = Alerts()
    """What people should know."""
    gateway: Gateway = Gateway()
    """The data plane."""
    recorder: Recorder = Recorder()
    """How usage comes from the journals into the database."""
    request_log: RequestLog = RequestLog()
    """What is kept of requests in the database, and for how long."""
    responses: Responses = Responses()
    """Responses that are stored where their provider does not keep them."""
    batches: Batches = Batches()
    """Files of requests that are carried out in the background."""
    limits: Limits = Limits()
    """Sizes of files."""
    sample_files: SampleFiles = SampleFiles()
    """Files for new accounts."""
    background_services: BackgroundServices = BackgroundServices()
    """What the control plane does without being asked."""
    metrics: Metrics = Metrics()
    """The Prometheus listener."""
    enable_metrics: bool = True
    """Whether there is one."""
    sinks: tuple[Sink, ...] = ()
    """Where completed requests are sent besides the database: a list of `name`, `url`, `format`, `options`, …"""
    sinks_max_wait: Duration = Field(timedelta(days=7), ge=timedelta(hours=1))
    """What a sink has not taken after so long, it does not get any more."""
    tracing: Tracing = Tracing()
    """OpenTelemetry traces."""
    enable_request_logging: bool = True
    """Keep request and response bodies, except those of keys and accounts with zero data retention."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important event that is logged."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text on a terminal, JSON elsewhere."""
