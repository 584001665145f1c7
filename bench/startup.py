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
    """Of an instance with one gateway worker. Seconds from the command; bytes of memory some seconds later."""

    serving_seconds: list[float]
    """Until AI requests are served, which takes no control plane."""
    seconds: list[float]
    """Until the control plane answers too."""
    our_bytes: int
    """Of all our processes, what they share counted once (proportional set size)."""
    our_processes: int
    postgres_bytes: int


def measure(directory: Path, *, rounds: int) -> Startup | None:
    """Starts it once to initialise the directory, then `rounds` times."""
    if importlib.util.find_spec("control_layer.cli") is None:
        return None
    _start(directory)
    runs = [_start(directory) for _ in range(rounds)]
    return msgspec.structs.replace(
        runs[-1],
        serving_seconds=[run.serving_seconds[0] for run in runs],
        seconds=[run.seconds[0] for run in runs],
    )


def _start(directory: Path) -> Startup:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = ["serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(directory / "data")]
    arguments += ["--workers", "1"]
    environment = {**os.environ, "CONTROL_LAYER_METRICS__PORT": "0"}
    log = (directory / "serve.log").open("ab")
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "control_layer", *arguments], stdout=log, stderr=log, env=environment
    )
    try:
        _await(process, port, "/ready", directory / "serve.log")
        serving = time.monotonic() - begun
        _await(process, port, "/", directory / "serve.log")
        whole = time.monotonic() - begun
        time.sleep(_SETTLE_SECONDS)
        return _weighed(process.pid, serving, whole)
    finally:
        log.close()
        process.terminate()
        process.wait(_DEADLINE_SECONDS)


def _await(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    """Returns when the path is answered with anything but that it is too early."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", path)
            if connection.getresponse().status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.02)
    raise TimeoutError(f"control-layer did not get ready; it said: {log.read_text()[-2000:]}")


def _weighed(pid: int, serving: float, whole: float) -> Startup:
    ours, theirs, count = 0, 0, 0
    top = psutil.Process(pid)
    for process in (top, *top.children(recursive=True)):
        size = process.memory_full_info().pss
        if _POSTGRES in process.name():
            theirs += size
        else:
            ours += size
            count += 1
    return Startup([serving], [whole], ours, count, theirs)
