"""What the control plane is told when it starts: the first frame on its supervision channel."""

from __future__ import annotations

import msgspec

__all__ = ["ControlConfig", "Demo"]


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What `--demo` sets up: the simulated provider's endpoint, and a key of the administrator's."""

    provider_url: str
    provider_key: str
    api_key: str
    """The secret of the key `demo`, made anew at each start; the one before it dies."""


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The control plane's configuration. Paths are absolute; sockets are Unix sockets that it makes itself."""

    settings: bytes
    """`Settings` as JSON, secrets in clear and none of them missing: the channel is private to the two processes."""
    database_url: str
    """`postgresql://…`, of the embedded server or the external one."""
    control_socket: str
    """HTTP, for everything the gateways relay."""
    snapshot_socket: str
    snapshot_file: str
    """Frames of `contract.snapshot.Update`, replayed by gateways that start alone."""
    journal_dir: str
    demo: Demo | None = None
    log_json: bool = True
