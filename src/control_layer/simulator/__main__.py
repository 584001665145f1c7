"""`python -m control_layer.simulator`: the simulated provider on its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys

import uvloop

from control_layer.simulator.script import describe
from control_layer.simulator.server import Simulator

__all__ = ["main", "run"]

_BACKLOG = 4096


async def _serve(
    address: tuple[str, int] | socket.socket, api_key: str | None, *, until_stdin_closes: bool = False
) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    if until_stdin_closes:
        await loop.connect_read_pipe(lambda: _Ending(stopping), sys.stdin.buffer)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    simulator = Simulator(loop, api_key)
    if isinstance(address, socket.socket):
        host = address.getsockname()[0]
        listener = await loop.create_server(simulator.server.protocol, sock=address, backlog=_BACKLOG)
    else:
        host, port = address
        listener = await loop.create_server(simulator.server.protocol, host, port, backlog=_BACKLOG)
    bound = listener.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://{host}:{bound}/v1", "port": bound}) + "\n")
    sys.stdout.flush()
    await stopping.wait()
    listener.close()
    await simulator.server.drain(1.0)


class _Ending(asyncio.Protocol):
    """Whoever started us holds the other end of standard input: when it closes, nobody needs us any more."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._stopping.set()


def run(host: str, port: int, api_key: str | None = None) -> None:
    """Serves until SIGTERM or SIGINT; prints its address as one JSON line. Raises OSError where the port is taken."""
    uvloop.run(_serve((host, port), api_key))


def main() -> None:
    """The command line of `python -m control_layer.simulator`."""
    parser = argparse.ArgumentParser(
        prog="python -m control_layer.simulator",
        description=__doc__,
        epilog=describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--listen-fd", type=int, help="an inherited socket to listen on, in place of host and port")
    parser.add_argument("--api-key", default=None, help="refuse requests without this key; - reads it from stdin")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input does")
    options = parser.parse_args()
    api_key = sys.stdin.buffer.readline().decode().strip() if options.api_key == "-" else options.api_key
    inherited = options.listen_fd is not None
    address = socket.socket(fileno=options.listen_fd) if inherited else (options.host, options.port)
    uvloop.run(_serve(address, api_key, until_stdin_closes=options.until_stdin_closes))


if __name__ == "__main__":
    main()
