"""How long `control-layer serve` takes to be ready on a data directory it has served before, and what it uses idle.

Without the front door's command there is nothing to measure: `measure` then returns `None`.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil

__all__ = ["Startup", "measure"]

_DEADLINE_SECONDS = 60.0
_SETTLE_SECONDS = 3.0
_POSTGRES = "postgres"


class Startup(msgspec.Struct, frozen=True):
    """Seconds from the command to `/ready`; bytes of resident memory a few seconds later."""

    seconds: list[float]
    our_bytes: int
    """Of all our processes, what they share counted once (proportional set size)."""
    our_processes: int
    postgres_bytes: int


def measure(directory: Path, *, rounds: int) -> Startup | None:
    """Starts it once to initialise the directory, then `rounds` times."""
    if importlib.util.find_spec("control_layer.cli") is None:
        return None
    _start(directory)
    seconds = []
    for _ in range(rounds):
        started = _start(directory)
        seconds.append(started.seconds[0])
    return msgspec.structs.replace(started, seconds=seconds)


def _start(directory: Path) -> Startup:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ["serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(directory / "data")]
    environment = {**os.environ, "CONTROL_LAYER_METRICS__PORT": "0"}
    log = (directory / "serve.log").open("ab")
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "control_layer", *arguments], stdout=log, stderr=log, env=environment
    )
    try:
        _await_ready(process, port, directory / "serve.log")
        seconds = time.monotonic() - begun
        time.sleep(_SETTLE_SECONDS)
        return _weighed(process.pid, seconds)
    finally:
        log.close()
        process.terminate()
        process.wait(_DEADLINE_SECONDS)


def _await_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise TimeoutError(f"control-layer did not get ready; it said: {log.read_text()[-2000:]}")


def _weighed(pid: int, seconds: float) -> Startup:
    ours, theirs, count = 0, 0, 0
    top = psutil.Process(pid)
    for process in (top, *top.children(recursive=True)):
        size = process.memory_full_info().pss
        if _POSTGRES in process.name():
            theirs += size
        else:
            ours += size
            count += 1
    return Startup([seconds], ours, count, theirs)
