"""nginx as the yardstick: one worker on one core, with no more than `proxy_pass`. Without it ratios are missing.

It is also the cheapest sink there is (`return 200`), so that what answers is not the bottleneck of what is measured.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Nginx", "available", "proxy", "sink"]

_START_SECONDS = 5.0
_BASE = """
daemon off; master_process on; worker_processes 1; worker_cpu_affinity {mask};
pid {directory}/nginx.pid; error_log {directory}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; server_tokens off; default_type application/json;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  client_body_buffer_size 64k;
  {http}
}}
"""
_BARE = """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
  }}
"""
_KEEPING = """
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
"""
_SINK = """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 '{answer}'; }}
  }}
"""


@dataclass(slots=True, frozen=True)
class Nginx:
    """A running one."""

    port: int
    worker: int
    """The worker's process id."""


def available() -> str | None:
    """The program, where it is installed (Debian has it outside a plain user's PATH)."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def proxy(directory: Path, upstream: int, cpu: int, *, keeping: bool) -> Iterator[Nginx]:
    """One that passes everything on to a port.

    nginx as it comes opens a connection upstream for each request; `keeping` makes it keep them, as we do.
    """
    port = _free_port()
    http = (_KEEPING if keeping else _BARE).format(port=port, upstream=upstream)
    with _running(directory, http, port, cpu) as nginx:
        yield nginx


@contextmanager
def sink(directory: Path, answer: str, cpu: int) -> Iterator[Nginx]:
    """One that answers everything with the same JSON."""
    port = _free_port()
    with _running(directory, _SINK.format(port=port, answer=answer), port, cpu) as nginx:
        yield nginx


@contextmanager
def _running(directory: Path, http: str, port: int, cpu: int) -> Iterator[Nginx]:
    program = available()
    if program is None:
        raise FileNotFoundError("nginx is not installed")
    directory.mkdir()
    config = directory / "nginx.conf"
    config.write_text(_BASE.format(directory=directory, mask=f"{1 << cpu:b}", http=http))
    process = subprocess.Popen([program, "-p", str(directory), "-e", str(directory / "error.log"), "-c", str(config)])
    try:
        yield Nginx(port, _await_worker(process.pid, port))
    finally:
        process.terminate()
        process.wait(10)


def _await_worker(master: int, port: int) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        workers = psutil.Process(master).children()
        with socket.socket() as probe:
            if workers and probe.connect_ex(("127.0.0.1", port)) == 0:
                return workers[0].pid
        time.sleep(0.02)
    raise TimeoutError("nginx did not start; see its error.log")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
