"""A whole instance as a person starts it, on a database that was filled before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.population import Population
from control_layer.store.engine import connect
from control_layer.store.migrations import migrate

__all__ = ["ADMIN", "fill", "serving", "sign_in"]

ADMIN = {"email": "admin@example.org", "password": "correct horse battery"}
_SECRET_KEY = "a-secret-key-of-the-benchmark-that-opens-nothing"  # noqa: S105
_DEADLINE_SECONDS = 120.0


async def fill(database_url: str, population: Population) -> None:
    """Makes the tables and puts `population` into them."""
    await migrate(database_url)
    connection = await connect(database_url, statement_seconds=None)
    await connection.execute(population.statements())
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


@contextmanager
def serving(directory: Path, database_url: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`control-layer serve` with one worker, and its address; its files and what it says are in `directory`."""
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SECRET_KEY": _SECRET_KEY,
        "CONTROL_LAYER_DATABASE__TYPE": "external",
        "CONTROL_LAYER_ADMIN_EMAIL": ADMIN["email"],
        "CONTROL_LAYER_ADMIN_PASSWORD": ADMIN["password"],
        "CONTROL_LAYER_METRICS__PORT": "0",
    }
    arguments = ["serve", "--host", "127.0.0.1", "--port", "0", "--workers", "1", "--data-dir", str(directory / "data")]
    output = directory / "stdout"
    with output.open("wb") as out, (directory / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "control_layer", *arguments], stdout=out, stderr=err, env=environment
        )
        try:
            yield process, _address(process, output)
        finally:
            process.terminate()
            process.wait(_DEADLINE_SECONDS)


def sign_in(admin: httpx.Client) -> None:
    """From here on `admin` asks as the administrator."""
    answer = admin.post("/authentication/login", json=ADMIN).raise_for_status()
    admin.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        _, found, rest = output.read_text().partition("running at ")
        if found and "\n" in rest:
            return rest.partition("\n")[0]
        time.sleep(0.05)
    raise TimeoutError(f"control-layer did not start; see {output.with_name('stderr')}")
