"""wrk as the generator of closed loops, where it is installed: it needs a fifth of the time that ours does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.load.job import Answers

__all__ = ["available", "run"]

_TOTAL = re.compile(r"(\d+) requests in ([\d.]+)s")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_SOCKET_ERRORS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_GRACE_SECONDS = 30


def available() -> str | None:
    """The program, where it is installed."""
    return shutil.which("wrk")


def run(
    directory: Path, url: str, headers: Mapping[str, str], body: bytes, *, connections: int, seconds: int, cpu: int
) -> Answers:
    """POSTs `body` over and over."""
    lines = ['wrk.method = "POST"', f"wrk.body = {_lua(body.decode())}"]
    lines += [f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in headers.items()]
    script = directory / "post.lua"
    script.write_text("\n".join(lines))
    output = subprocess.run(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + _GRACE_SECONDS,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    ).stdout
    total = _TOTAL.search(output)
    if total is None:
        raise ValueError(f"wrk said something else than expected: {output}")
    bad = sum(map(int, match.groups()[0:1])) if (match := _BAD.search(output)) else 0
    bad += sum(map(int, match.groups())) if (match := _SOCKET_ERRORS.search(output)) else 0
    return Answers(int(total[1]) - bad, bad, float(total[2]))


def _lua(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
