"""Real processes on loopback: the simulated provider, and a gateway worker fed with a snapshot made here.

A gateway that is started this way has no control plane, no database and no supervisor: what it serves is the hot path
alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.sealing import Seal
from control_layer.contract.snapshot import Deployment, Endpoint, Key, Model, Timeouts, Update, User
from control_layer.contract.supervision import Ready, Stats, decode_child
from control_layer.gateway.config import GatewayConfig

__all__ = ["EVERYONE", "GatewayProcess", "World", "simulator", "start_gateway"]

EVERYONE = str(uuid.UUID(int=0))
_SECRET_KEY = "a-secret-key-that-is-only-for-tests-and-benchmarks"  # noqa: S105 - opens nothing outside a test run
_START_SECONDS = 20


@contextmanager
def simulator(*arguments: str, cpu: int | None = None) -> Iterator[str]:
    """A simulated provider; yields its base URL (with `/v1`)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "control_layer.simulator", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_pin(cpu),
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def _pin(cpu: int | None):  # type: ignore[no-untyped-def]
    return (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None


@dataclass(slots=True)
class World:
    """A snapshot to be: what one user with one key may call at one endpoint."""

    url: str
    aliases: Sequence[str] = ("sim-small",)
    """Granted models; each stands for the provider's model of the same name, unless `names` says otherwise."""
    names: dict[str, str] = field(default_factory=dict)
    not_granted: Sequence[str] = ()
    sanitized: Sequence[str] = ()
    credential: str | None = "provider-credential"
    secret: str = "sk-" + "t" * 43
    timeouts: Timeouts = field(default_factory=Timeouts)
    extra_keys: Sequence[Key] = ()

    @property
    def key(self) -> Key:
        digest = hashlib.sha256(self.secret.encode()).digest()
        return Key(digest, str(uuid.UUID(int=1)), str(uuid.UUID(int=2)))

    def sealed(self, endpoint_id: str) -> bytes | None:
        """The credential as the endpoint of that id has it."""
        if not self.credential:
            return None
        return Seal(_SECRET_KEY, "provider-credential").seal(self.credential, endpoint_id)

    def update(self, version: int = 1) -> Update:
        """All of it in one piece."""
        endpoint_id = str(uuid.UUID(int=3))
        sealed = self.sealed(endpoint_id)
        models = []
        for number, alias in enumerate([*self.aliases, *self.not_granted]):
            model_id = str(uuid.UUID(int=100 + number))
            deployment = Deployment(model_id, endpoint_id, self.names.get(alias, alias))
            groups = (EVERYONE,) if alias in self.aliases else ()
            sanitize = alias in self.sanitized
            models.append(
                Model(alias, model_id, 1_700_000_000, groups, (deployment,), sanitize=sanitize, timeouts=self.timeouts)
            )
        return Update(
            version=version,
            base=0,
            final=True,
            keys=(self.key, *self.extra_keys),
            users=(User(str(uuid.UUID(int=2)), (EVERYONE,)),),
            models=tuple(models),
            endpoints=(Endpoint(endpoint_id, "simulated", self.url, sealed_credential=sealed, options=_SPEAKS_ALL),),
        )


@dataclass(slots=True)
class GatewayProcess:
    """A running worker."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    port: int
    directory: Path
    worker_id: str
    secret: str

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ai/v1"

    @property
    def journal(self) -> Path:
        return self.directory / "journal" / self.worker_id

    def stats(self) -> Stats:
        """The worker's metrics."""
        from control_layer.contract.supervision import Collect, encode

        self.channel.sendall(frame(encode(Collect(1))))
        message = _next_message(self.channel)
        assert isinstance(message, Stats)
        return message

    def stop(self) -> None:
        """Drains and ends it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.channel.close()


_SPEAKS_ALL = DialectOptions(native_apis=("chat_completions", "messages", "responses"))
"""The simulated provider does: nothing is translated for it."""


def start_gateway(directory: Path, world: World, *, cpu: int | None = None, **settings: object) -> GatewayProcess:
    """Starts a worker that knows `world`; returns when it serves. `settings` are fields of GatewayConfig."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    ours, theirs = socket.socketpair()
    snapshot = directory / "snapshot"
    snapshot.write_bytes(frame(msgspec.msgpack.encode(world.update())))
    worker_id = str(uuid.uuid4())
    values: dict[str, object] = {
        "listen_fds": [listener.fileno()],
        "worker_id": worker_id,
        "journal_dir": str(directory / "journal"),
        "snapshot_file": str(snapshot),
        "snapshot_socket": str(directory / "no-snapshot.sock"),
        "lease_socket": str(directory / "no-lease.sock"),
        "answer_socket": str(directory / "no-answer.sock"),
        "response_socket": str(directory / "no-response.sock"),
        "control_socket": str(directory / "no-control.sock"),
        "secret_key": _SECRET_KEY,
        "drain_seconds": 2.0,
        **settings,
    }
    config = msgspec.convert(values, GatewayConfig)
    process = subprocess.Popen(
        [sys.executable, "-m", "control_layer.gateway", str(theirs.fileno())],
        pass_fds=(theirs.fileno(), listener.fileno()),
        preexec_fn=_pin(cpu),
    )
    port = listener.getsockname()[1]
    listener.close()
    theirs.close()
    ours.settimeout(_START_SECONDS)
    ours.sendall(frame(msgspec.msgpack.encode(config)))
    message = _next_message(ours)
    assert isinstance(message, Ready)
    return GatewayProcess(process, ours, port, directory, worker_id, world.secret)


def _next_message(channel: socket.socket) -> object:
    reader = FrameReader()
    while data := channel.recv(65536):
        for payload in reader.feed(data):
            return decode_child(payload)
    raise ConnectionError("the gateway closed its channel: it did not start")
