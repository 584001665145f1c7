"""A real `python -m control_layer.control`, with the supervisor's end of its channel."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.supervision import ChildMessage, Collect, Ready, Simulated, Waiting, decode_child, encode
from control_layer.control.config import ControlConfig, Demo, encode_settings
from control_layer.settings import Settings

_START_SECONDS = 30
_END_SECONDS = 10


@dataclass(slots=True)
class ControlProcess:
    """The process and what a supervisor knows of it."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    socket_path: Path
    log_path: Path
    _frames: FrameReader
    _pending: list[ChildMessage]

    @property
    def log(self) -> str:
        """Everything it has said so far."""
        return self.log_path.read_text()

    def next_message(self) -> ChildMessage:
        """What it says next on its channel. Raises `EOFError` where it is gone."""
        while not self._pending:
            data = self.channel.recv(65536)
            if not data:
                raise EOFError(self.log)
            self._pending += [decode_child(payload) for payload in self._frames.feed(data)]
        return self._pending.pop(0)

    def wait_ready(self) -> None:
        """Waits until it serves, whatever it waits for itself."""
        while isinstance(message := self.next_message(), Waiting):
            pass
        assert isinstance(message, Ready)

    def collect(self, number: int) -> ChildMessage:
        """Asks for its metrics."""
        self.channel.sendall(frame(encode(Collect(number))))
        return self.next_message()

    def client(self) -> httpx.Client:
        """A client on its socket."""
        transport = httpx.HTTPTransport(uds=str(self.socket_path))
        return httpx.Client(transport=transport, base_url="http://control.test")

    def end(self) -> int:
        """Waits for its end; its exit status."""
        return self.process.wait(_END_SECONDS)


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits for something to become true; fails after a while."""
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.01)


@contextmanager
def control_process(
    directory: Path, database_url: str, settings: Settings, simulated: Simulated | None = None, demo: Demo | None = None
) -> Iterator[ControlProcess]:
    """Starts it in `directory`; kills it at the end if it still runs."""
    ours, theirs = socket.socketpair()
    log_path = directory / "control.log"
    (directory / "journal").mkdir(exist_ok=True)
    config = ControlConfig(
        settings=encode_settings(settings),
        database_url=database_url,
        control_socket=str(directory / "control.sock"),
        snapshot_socket=str(directory / "snapshot.sock"),
        lease_socket=str(directory / "lease.sock"),
        answer_socket=str(directory / "answer.sock"),
        response_socket=str(directory / "response.sock"),
        snapshot_file=str(directory / "snapshot"),
        journal_dir=str(directory / "journal"),
        mail_dir=str(directory / "mail"),
        simulated=simulated,
        demo=demo,
    )
    with ours, log_path.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "control_layer.control", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        theirs.close()
        ours.settimeout(_START_SECONDS)
        ours.sendall(frame(msgspec.msgpack.encode(config)))
        try:
            yield ControlProcess(process, ours, directory / "control.sock", log_path, FrameReader(), [])
        finally:
            process.kill()
            process.wait()
