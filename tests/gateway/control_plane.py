"""The other end of a worker's snapshot link."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
from tests.gateway.conftest import DEADLINE_SECONDS

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.snapshot import Hello, Update

__all__ = ["ControlPlane"]


class ControlPlane:
    """The control plane's end of the snapshot link, one gateway at a time."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(DEADLINE_SECONDS)
        self._connection: socket.socket | None = None

    def accept(self) -> Hello:
        """The next gateway's greeting."""
        self.hang_up()
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(DEADLINE_SECONDS)
        reader = FrameReader()
        while True:
            data = self._connection.recv(4096)
            assert data
            if payloads := reader.feed(data):
                return msgspec.msgpack.decode(payloads[0], type=Hello)

    def send(self, update: Update) -> None:
        assert self._connection is not None
        self._connection.sendall(frame(msgspec.msgpack.encode(update)))

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.hang_up()
        self._listener.close()
