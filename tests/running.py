"""A whole Control Layer as a person runs it: `control-layer serve`, in its own directory, on free loopback ports."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import psutil

from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect
from control_layer.store.migrations import migrate

__all__ = ["ADMIN_EMAIL", "ADMIN_PASSWORD", "SPEAKS_ALL", "Instance", "running", "until"]

ADMIN_EMAIL = "admin@example.org"
ADMIN_PASSWORD = "correct horse battery"
SPEAKS_ALL = {"native_apis": ["chat_completions", "messages", "responses"]}
"""Options of an endpoint whose provider speaks whatever a client does: nothing is translated for it."""
SECRET_KEY = "a-secret-key-of-the-tests-that-opens-nothing"
API = "/admin/api/v1"
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_WAIT_SECONDS = 20.0
_POLL_SECONDS = 0.02

T = TypeVar("T")


def until(what: Callable[[], T], *, seconds: float = _WAIT_SECONDS, message: str = "it did not come true") -> T:
    """Asks again and again until the answer is truthy; returns it."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, message
        time.sleep(_POLL_SECONDS)


@dataclass(slots=True)
class Instance:
    """A running one. Every call fails loudly after a deadline."""

    directory: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    address: str = ""
    metrics_address: str = ""
    arguments: tuple[str, ...] = ()
    _admin: httpx.Client | None = field(default=None, repr=False)

    # -- life --------------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def output(self) -> str:
        """What it printed for a person."""
        return (self.directory / "stdout").read_text()

    def log(self) -> str:
        """What it logged."""
        return (self.directory / "stderr").read_text()

    def wait_started(self) -> None:
        """Returns once it says that it runs."""

        def started() -> re.Match[str] | None:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log()[-4000:]}"
            return re.search(r"running at (http\S+)\n", self.output())

        found = until(started, seconds=_START_SECONDS, message="it did not start")
        assert found is not None
        self.address = found.group(1)
        metrics = re.search(r"Metrics +(http\S+)", self.output())
        self.metrics_address = metrics.group(1) if metrics else ""

    def start_again(self) -> None:
        """Another start on the same data directory, after the process has ended."""
        self.process = _launch(self.directory, self.arguments, self.environment)
        self._close_client()
        self.wait_started()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self._close_client()
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(_STOP_SECONDS)

    def _close_client(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def kill(self, name: str) -> int:
        """kill -9 of `gateway`, `control`, `postgres` or `supervisor`; the pid that died.

        Returns once it is dead: until then its connections are open, and what comes in on them breaks.
        """
        process = psutil.Process(self.process.pid if name == "supervisor" else until(lambda: self.pids(name))[0])
        process.kill()
        until(lambda: _is_dead(process))
        return process.pid

    def pids(self, name: str) -> list[int]:
        """Pids of the children of that name."""
        mark = {"postgres": "postgres", "simulator": "control_layer.simulator"}.get(name, f"control_layer.{name}")
        found = []
        for child in psutil.Process(self.process.pid).children():
            try:
                if mark in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child.pid)
            except psutil.Error:
                continue
        return found

    def all_pids(self) -> list[int]:
        """The supervisor's pid and those of all below it."""
        return [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))]

    # -- as a client -------------------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"{self.address}/ai/v1"

    @property
    def admin(self) -> httpx.Client:
        """The administrator, signed in."""
        if self._admin is None:
            self._admin = httpx.Client(base_url=self.address, timeout=30.0)
            login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
            answer = self._admin.post("/authentication/login", json=login)
            assert answer.status_code == 200, answer.text
            # The cookie is Secure; the server takes it over plain HTTP too.
            self._admin.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
        return self._admin

    def api(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        """A call of the management API by the administrator; its JSON."""
        answer = self.admin.request(method, API + path, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make_key(self, name: str, *, user_id: str = "current", **fields: object) -> dict[str, Any]:
        """A new API key, with its secret as `key`."""
        made: dict[str, Any] = self.api("POST", f"/users/{user_id}/api-keys", {"name": name, **fields}, status=201)
        return made

    def connect_provider(self, url: str, models: list[str], *, name: str = "provider", **fields: object) -> str:
        """An endpoint with these models, granted to everyone; its id."""
        body = {"name": name, "url": url, "model_filter": models, "skip_fetch": True, **fields}
        endpoint = self.api("POST", "/endpoints", body, status=201)
        for model in self.api("GET", f"/models?endpoint={endpoint['id']}&limit=100")["data"]:
            self.api("POST", f"/groups/00000000-0000-0000-0000-000000000000/models/{model['id']}", status=204)
        return str(endpoint["id"])

    def wait_callable(self, key: str, model: str) -> None:
        """Returns once the key may call the model at the gateway."""
        headers = {"authorization": f"Bearer {key}"}
        until(lambda: httpx.get(f"{self.base_url}/models/{model}", headers=headers, timeout=10.0).status_code == 200)

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of a metric's series that have these labels; `None` where there is none."""
        page = httpx.get(self.metrics_address, timeout=30.0).text
        series = [line for line in page.splitlines() if re.match(rf"{name}[{{ ]", line)]
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        values = [float(line.rpartition(" ")[2]) for line in series if all(mark in line for mark in wanted)]
        return sum(values) if values else None

    # -- the database ------------------------------------------------------------------------------------------------

    @property
    def database_url(self) -> str:
        """The external server's where one is set, else the embedded one's."""
        if (external := self.environment.get("DATABASE_URL")) is not None:
            return external
        cluster = self.data / "postgres" / "cluster"
        socket = cluster / "run"
        if len(str(socket)) > 90:
            socket = (self.data / "postgres" / "socket").readlink() / "run"
        password = (cluster / "password").read_text().strip()
        return f"postgresql://control_layer:{quote(password)}@/control_layer?host={socket}"

    def sql(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query."""

        async def ask() -> list[dict[str, Any]]:
            connection = await connect(self.database_url)
            try:
                return [dict(row) for row in await connection.fetch(statement, *values)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def requests(self, **expected: object) -> list[dict[str, Any]]:
        """Rows of `requests`, oldest first, whose columns have these values."""
        rows = self.sql("SELECT * FROM requests ORDER BY at, id")
        return [row for row in rows if all(row[name] == value for name, value in expected.items())]

    def under_way(self, **expected: object) -> list[dict[str, Any]]:
        """Rows of `open_requests` whose columns have these values: requests that last longer than it takes to look."""
        rows = self.sql("SELECT * FROM open_requests")
        return [row for row in rows if all(row[name] == value for name, value in expected.items())]


@contextmanager
def running(
    directory: Path, *arguments: str, environment: Mapping[str, str | None] | None = None, workers: int = 1
) -> Iterator[Instance]:
    """A started instance, stopped at the end.

    `environment` adds to a fixed administrator and secret key, or, with `None`, takes away.
    """
    directory.mkdir(parents=True, exist_ok=True)
    wanted = {
        "CONTROL_LAYER_ADMIN_EMAIL": ADMIN_EMAIL,
        "CONTROL_LAYER_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "SECRET_KEY": SECRET_KEY,
        "CONTROL_LAYER_HOST": "127.0.0.1",
        "CONTROL_LAYER_PORT": "0",
        "CONTROL_LAYER_METRICS__PORT": "0",
        "CONTROL_LAYER_DATA_DIR": str(directory / "data"),
        "CONTROL_LAYER_GATEWAY__WORKERS": str(workers),
        **(environment or {}),
    }
    settings = {name: value for name, value in wanted.items() if value is not None}
    _seed(settings, arguments)
    instance = Instance(directory, settings, _launch(directory, arguments, settings), arguments=arguments)
    try:
        instance.wait_started()
        yield instance
    finally:
        try:
            instance.stop()
        except subprocess.TimeoutExpired:
            for pid in instance.all_pids():
                os.kill(pid, signal.SIGKILL)
            raise


def _seed(settings: Mapping[str, str], arguments: tuple[str, ...]) -> None:
    """Gives an instance the database that its first start would make, in a tenth of the time.

    Not where a test has an environment that says more about first starts than ours does.
    """
    asked = {"CONTROL_LAYER_DATABASE__TYPE", "DATABASE_URL", "CONTROL_LAYER_DATABASE__URL"} & settings.keys()
    if asked or arguments or not {"SECRET_KEY", "CONTROL_LAYER_DATA_DIR"} <= settings.keys():
        return
    data = Path(settings["CONTROL_LAYER_DATA_DIR"])
    if not data.exists():
        data.mkdir(mode=0o700)
        subprocess.run(["cp", "-a", str(_migrated() / "postgres"), str(data)], check=True)


@cache
def _migrated() -> Path:
    """The data directory of an instance with an empty database."""
    directory = Path(tempfile.mkdtemp(prefix="migrated-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    database = EmbeddedPostgres(directory / "postgres")
    try:
        asyncio.run(migrate(database.start()))
    finally:
        database.stop()
    return directory


def _is_dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _launch(directory: Path, arguments: tuple[str, ...], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CONTROL_LAYER_") and name not in ("DATABASE_URL", "SECRET_KEY")
    }
    with (directory / "stdout").open("wb") as out, (directory / "stderr").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "control_layer", "serve", *arguments],  # as the console script: -P
            cwd=directory,
            env={**inherited, **settings},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
        )
