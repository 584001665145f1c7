"""What the control plane is told when it starts: the first frame on its supervision channel."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
from pydantic import SecretStr

from control_layer.contract.supervision import Simulated
from control_layer.settings import Settings

__all__ = ["ControlConfig", "Demo", "GatewayAddress", "decode_settings", "encode_settings"]


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What `--demo` sets up beside the simulated provider's endpoint: a key of the administrator's."""

    api_key: str
    """The secret of the key `demo`, made anew at each start; the one before it dies."""


class GatewayAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where this host's own gateways are reached, for requests that the control plane makes itself."""

    host: str
    """An IP address."""
    port: int
    certificate: str | None = None
    """The PEM file they answer TLS with; `None` where they speak plain HTTP."""


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The control plane's configuration. Paths are absolute; sockets are Unix sockets that it makes itself."""

    settings: bytes
    """`encode_settings`, no secret missing: the channel is private to the two processes."""
    setting_origins: dict[str, str] = {}
    """Where each key that is set stands, for administrators to see (`Sources.origins`)."""
    database_url: str
    """`postgresql://…`, of the embedded server or the external one."""
    control_socket: str
    """HTTP, for everything the gateways relay."""
    snapshot_socket: str
    lease_socket: str
    answer_socket: str
    response_socket: str
    snapshot_file: str
    """Frames of `contract.snapshot.Update`, replayed by gateways that start alone."""
    journal_dir: str
    mail_dir: str
    """Mails that are kept as files; made when there is one."""
    gateway: GatewayAddress | None = None
    """`None`: there is none, and probes say so."""
    password_generated: bool = False
    """The settings' administrator password was made by us, and holds until the administrator chooses one."""
    simulated: Simulated | None = None
    """The simulated provider, where it runs already."""
    offers_simulated: bool = False
    """The supervisor starts it when it is asked to: there is no other host, whose gateways could not reach it."""
    demo: Demo | None = None
    """There is a simulated provider then."""
    log_json: bool = True


def encode_settings(settings: Settings) -> bytes:
    """The settings as JSON, with their secrets in clear."""
    return json.dumps(settings.model_dump(), default=_plain).encode()


def decode_settings(encoded: bytes) -> Settings:
    """The settings again. Raises `pydantic.ValidationError`."""
    return Settings.model_validate_json(encoded)


def _plain(value: object) -> object:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case timedelta():
            return value.total_seconds()
        case Path() | Decimal():
            return str(value)
        case _:
            raise TypeError(f"settings hold a {type(value).__name__}, which cannot be sent")
