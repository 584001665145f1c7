"""The control plane as a process of its own, on the supervision channel that it inherits.

Ends with status 0 when it was told to stop, 3 when it cannot start at all, 1 when a part of it died.
"""

from __future__ import annotations

import socket
import sys

import msgspec
import structlog
import uvloop

from control_layer.contract.logs import configure_logs
from control_layer.control.config import ControlConfig, decode_settings
from control_layer.control.process import ControlPlane
from control_layer.control.supervision import first_frame
from control_layer.settings import Settings
from control_layer.store.migrations import MigrationFailed

__all__ = ["serve"]

_log = structlog.get_logger(__name__)
_CANNOT_START = 3


def serve() -> None:
    """Reads the configuration from the channel, then serves until told to stop."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    config = msgspec.msgpack.decode(first_frame(channel), type=ControlConfig)
    settings = decode_settings(config.settings)
    configure_logs(settings.log_level, json=config.log_json, process="control")
    try:
        uvloop.run(_serve(config, settings, channel))
    except MigrationFailed as error:
        _log.error("migration_failed", reason=str(error))
        sys.exit(_CANNOT_START)


async def _serve(config: ControlConfig, settings: Settings, channel: socket.socket) -> None:
    channel.setblocking(False)
    await ControlPlane(config, settings, channel).run()
