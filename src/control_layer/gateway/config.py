"""What a gateway worker is told when it starts: the first frame on its supervision channel."""

from __future__ import annotations

import msgspec

from control_layer.gateway.policy.key_defaults import KeyDefaults

__all__ = ["Capture", "GatewayConfig", "PoolSettings", "RetrySettings", "TimeoutDefaults", "TraceSettings"]


class TimeoutDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines in seconds. Reasoning models may think for minutes before their first byte."""

    head: float = 15.0
    """A client's request head."""
    body: float = 60.0
    """Between two pieces of a client's request body."""
    keep_alive: float = 75.0
    """An idle client connection."""
    write: float = 300.0
    """A client that takes nothing."""
    connect: float = 10.0
    first_byte: float = 600.0
    idle: float = 300.0
    """Between two pieces of a provider's answer."""
    total: float = 3600.0


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Connections to one endpoint, per worker."""

    max_connections: int = 4096
    max_idle: int = 256
    idle_seconds: float = 30.0
    """Below the 60 s after which common load balancers close."""


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many attempts may follow failed ones, per worker."""

    ratio: float = 0.2
    """Of the requests."""
    reserve: float = 20.0
    """Beside that: a few may be tried again where there are few requests."""


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """Keeping of request and response bodies."""

    enabled: bool = False
    max_bytes: int = 256 * 1024
    """Per direction; the rest is cut and marked as cut."""


class TraceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests are traced, and who is told."""

    sample_ratio: float = 1.0
    """The part of the traces that begin here that is recorded; a caller's own decision is kept."""
    propagate: bool = True
    """Tell providers where they stand in the trace."""


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One worker's configuration. Sockets are inherited file descriptors, already bound and listening."""

    listen_fds: list[int]
    worker_id: str
    name: str = "gateway"
    """The worker's place in metrics, which the next one in it takes over."""
    journal_dir: str
    """The worker makes its own directory in it."""
    snapshot_file: str
    """Frames of `contract.snapshot.Update`, for a start without control plane."""
    snapshot_socket: str
    lease_socket: str
    answer_socket: str
    response_socket: str
    control_socket: str
    """Unix sockets of the control plane: the snapshot link, the lease link, the links for kept answers and for stored
    responses, and HTTP for everything that is not `/ai`.
    """
    secret_key: str
    previous_secret_keys: list[str] = []
    max_body_bytes: int = 100 * 1024 * 1024
    timeouts: TimeoutDefaults = TimeoutDefaults()
    pool: PoolSettings = PoolSettings()
    retries: RetrySettings = RetrySettings()
    client_fallbacks: bool = True
    """`models` in a request names models for when the first one fails; else it is passed on like any other field."""
    validate_capabilities: bool = False
    """Refuse what a model is known not to be able to do."""
    response_cache_bytes: int = 64 * 1024 * 1024
    """What kept answers may take, per worker."""
    shared_answer_seconds: float = 0.1
    """How long a request waits for an answer that hosts share."""
    stores_responses: bool = True
    """Whether responses are stored where their provider does not keep them."""
    key_defaults: KeyDefaults | None = None
    """`None`: keys without a rate of their own have none."""
    capture: Capture = Capture()
    tracing: TraceSettings | None = None
    """`None`: nothing is traced."""
    drain_seconds: float = 30.0
    report_headers: bool = True
    """Send the `x-control-layer-*` headers that say what happened."""
    identity_fields: frozenset[bytes] = frozenset()
    """`x-control-layer-*` fields that a proxy in front may send to the control plane; others stop here."""
    segment_bytes: int = 16 * 1024 * 1024
    """Size at which a journal segment is full."""
    reserve_bytes: int = 0
    """Room on the journal's disk below which no new request is let in."""
    tls_certificate: str | None = None
    tls_key: str | None = None
    """PEM files for clients' TLS; both or none."""
    ca_bundle: str | None = None
    """A file of extra certificate authorities for providers."""
    proxy_environment: dict[str, str] = {}
    """`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY` as they were for the supervisor."""
    log_level: str = "info"
    log_json: bool = True
