"""`gateway.*` and `metrics.*`: the data plane."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from control_layer.settings.section import Duration, Section

__all__ = ["Gateway", "GatewayTls", "Metrics"]


class GatewayLimits(Section):
    """What one request may be."""

    max_body_bytes: int = Field(100 * 1024 * 1024, ge=1024)
    """The largest request body; larger ones are refused with 413."""


class GatewayTimeouts(Section):
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


class GatewayPool(Section):
    """Connections of one worker to one endpoint."""

    max_connections: int = Field(4096, ge=1)
    """Upper bound; more requests wait."""
    max_idle: int = Field(256, ge=0)
    """How many are kept for the next requests."""
    idle: Duration = timedelta(seconds=30)
    """How long they are kept; below what load balancers close after."""


class GatewayRetries(Section):
    """Attempts that follow failed ones, in one worker: they stay a fraction of the requests."""

    ratio: float = Field(0.2, ge=0, le=10)
    """Of the requests that may be tried again, or elsewhere."""
    reserve: float = Field(20, ge=0, le=100_000)
    """Beside that, so that a few are tried again where there are few requests."""


class GatewayTls(Section):
    """TLS for clients: PEM files; both or none."""

    certificate: Path | None = None
    """The certificate chain."""
    key: Path | None = None
    """Its private key."""


class Gateway(Section):
    """The data plane."""

    workers: int | None = Field(None, ge=1, le=256)
    """`None`: one per processor core that this process may use."""
    limits: GatewayLimits = GatewayLimits()
    """Sizes."""
    timeouts: GatewayTimeouts = GatewayTimeouts()
    """Deadlines."""
    pool: GatewayPool = GatewayPool()
    """Connections to providers."""
    retries: GatewayRetries = GatewayRetries()
    """Attempts after failed ones."""
    client_fallbacks: bool = True
    """Whether `models` in a request names models that are asked when the first one fails; if not, it is passed on like
    any other field."""
    validate_capabilities: bool = False
    """Whether requests are refused that ask of a model what it is known not to be able to do (its type, APIs,
    capabilities, context window, longest answer); if not, that is the provider's to say."""
    response_cache_bytes: int = Field(64 * 1024 * 1024, ge=0)
    """What answers that are kept may take in each worker."""
    shared_response_cache_bytes: int = Field(1024 * 1024 * 1024, ge=0)
    """What those may take in the database that workers and hosts share; 0: none are."""
    shared_response_cache_timeout: Duration = timedelta(milliseconds=100)
    """How long a request waits for one of them before it is sent."""
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
    journal_reserve_bytes: int = Field(128 * 1024 * 1024, ge=0)
    """Room on the journal's disk that is left for the ends of requests under way: with less, no new one is let in."""


class Metrics(Section):
    """The Prometheus listener."""

    host: str = "127.0.0.1"
    """Address."""
    port: int = Field(9464, ge=0, le=65535)
    """Port; 0 takes a free one."""
