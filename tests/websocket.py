"""A client's side of a WebSocket (RFC 6455), as much of it as tests need."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["WebSocket", "connect"]

_DEADLINE_SECONDS = 15.0


class WebSocket:
    """As much of RFC 6455 as these tests need."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.buffer = b""
        self.head = b""

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            piece = self._connection.recv(4096)
            assert piece, self.buffer
            self.buffer += piece
        self.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return self.head

    def send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        length = bytes((0x80 | len(payload),)) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._connection.sendall(bytes((0x80 | opcode,)) + length + mask + masked)

    def receive(self) -> tuple[int, bytes]:
        self._need(2)
        length, at = self.buffer[1], 2
        if length == 126:
            self._need(4)
            length, at = int.from_bytes(self.buffer[2:4], "big"), 4
        self._need(at + length)
        opcode, payload = self.buffer[0] & 0x0F, self.buffer[at : at + length]
        self.buffer = self.buffer[at + length :]
        return opcode, payload

    def body(self, length: int) -> bytes:
        """Of an answer that is no WebSocket."""
        self._need(length)
        return self.buffer[:length]

    def closed(self) -> bool:
        return self._connection.recv(1) == b""

    def _need(self, size: int) -> None:
        while len(self.buffer) < size:
            piece = self._connection.recv(4096)
            assert piece, "the connection closed"
            self.buffer += piece


@contextmanager
def connect(port: int, path: str, *lines: str) -> Iterator[tuple[WebSocket, bytes]]:
    """A connection whose upgrade was asked for with these further lines, and the key that it was asked with."""
    key = base64.b64encode(os.urandom(16))
    with socket.create_connection(("127.0.0.1", port), timeout=_DEADLINE_SECONDS) as connection:
        head = [
            f"GET {path} HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key.decode()}", *lines,
        ]  # fmt: skip
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        yield WebSocket(connection), key
