"""`python -m control_layer.gateway FD`: a gateway worker on the supervision channel that it inherits as FD."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys

import msgspec
import uvloop

from control_layer.contract.frames import FrameReader
from control_layer.contract.logs import configure_logs
from control_layer.gateway.config import GatewayConfig
from control_layer.gateway.worker import Worker

__all__ = ["main"]


def main() -> None:
    """Reads the configuration, then serves until told to stop."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    config = msgspec.msgpack.decode(_first_frame(channel), type=GatewayConfig)
    configure_logs(config.log_level, json=config.log_json, process="gateway")
    # What is loaded now lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    uvloop.run(_serve(config, channel))


async def _serve(config: GatewayConfig, channel: socket.socket) -> None:
    channel.setblocking(False)
    await Worker(config, channel, asyncio.get_running_loop()).run()


def _first_frame(channel: socket.socket) -> bytes:
    frames = FrameReader()
    while data := channel.recv(1):  # no more than the frame: what follows is read by the loop
        if payloads := frames.feed(data):
            return payloads[0]
    raise SystemExit("the supervisor closed the channel before it sent a configuration")


if __name__ == "__main__":
    main()
