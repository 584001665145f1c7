"""`control-layer serve`: an instance in this terminal, and what its person is told."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import uvloop

from control_layer.contract.logs import configure_logs
from control_layer.data_directory import DataDirectory, default_directory
from control_layer.settings import Settings
from control_layer.settings_sources import Sources
from control_layer.supervisor import Supervisor
from control_layer.supervisor.secrets import new_api_key
from control_layer.supervisor.supervisor import Started

__all__ = ["serve_until_stopped", "start_text"]

_DEMO_MODEL = "sim-small"


def serve_until_stopped(sources: Sources, settings: Settings, *, demo: bool) -> None:
    """Returns when the instance has ended. Raises `CannotStart` and `UnusableDirectory`."""
    log_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    configure_logs(settings.log_level, json=log_json, process="supervisor")
    directory = DataDirectory(settings.data_dir or default_directory())
    try:
        uvloop.run(_serve(sources, settings, directory, demo=demo, log_json=log_json))
    finally:
        directory.close()


async def _serve(sources: Sources, settings: Settings, directory: DataDirectory, *, demo: bool, log_json: bool) -> None:
    demo_key = new_api_key() if demo else None
    await Supervisor(sources, settings, directory, demo_key=demo_key, announce=_announce, log_json=log_json).run()


def _announce(started: Started) -> None:
    # Past Python's buffer: what cannot be written there would be tried again at the end, and fail it.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), start_text(started).encode())


def start_text(started: Started) -> str:
    """What to do next, for whoever started the instance."""
    password = started.completed.new_password
    if password is not None:
        shown = f"{password}   (shown this once)"
    elif started.completed.password_file is not None:
        shown = f"the one you chose, or that in {started.completed.password_file}"
    else:
        shown = "as configured"
    lines = [
        "",
        f"Control Layer is running at {started.address}",
        "",
        f"  Dashboard       {started.address}",
        f"  AI requests     {started.address}/ai/v1",
        f"  Management API  {started.address}/admin/api/v1",
        f"  Administrator   {started.admin_email}",
        f"  Password        {shown}",
    ]
    if started.metrics is not None:
        lines.insert(6, f"  Metrics         {started.metrics}")
    if started.away is not None:
        lines += [
            "",
            f"  The management API is not there yet: {started.away}",
            "  AI requests are served as last known.",
        ]
    if started.demo_key is not None:
        lines += _try_it(started.address, started.demo_key)
    return "\n".join(lines) + "\n\n"


def _try_it(address: str, key: str) -> list[str]:
    body = f'{{"model": "{_DEMO_MODEL}", "stream": true, "messages": [{{"role": "user", "content": "Hello"}}]}}'
    headers = f"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
    return [
        f"  API key         {key}",
        "",
        "Try it (a simulated provider answers):",
        "",
        f"  curl -N {address}/ai/v1/chat/completions {headers} -d '{body}'",
        "",
        "or with the OpenAI SDK:",
        "",
        f'  client = OpenAI(base_url="{address}/ai/v1", api_key="{key}")',
        f'  client.chat.completions.create(model="{_DEMO_MODEL}", messages=[{{"role": "user", "content": "Hello"}}])',
    ]
