"""Realtime sessions: a WebSocket authenticated here and spliced to the provider, one accounting row each."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import DEADLINE_SECONDS, Journal, Provider, until

from control_layer.simulator.realtime import accept_key


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

    def closed(self) -> bool:
        return self._connection.recv(1) == b""

    def _need(self, size: int) -> None:
        while len(self.buffer) < size:
            piece = self._connection.recv(4096)
            assert piece, "the connection closed"
            self.buffer += piece


@contextmanager
def connect(gateway: GatewayProcess, path: str, *lines: str) -> Iterator[tuple[WebSocket, bytes]]:
    key = base64.b64encode(os.urandom(16))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
        head = [
            f"GET {path} HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key.decode()}", *lines,
        ]  # fmt: skip
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        yield WebSocket(connection), key


def test_a_session_is_spliced_both_ways_and_accounted_for_once(
    gateway: GatewayProcess, journal: Journal, provider: Provider
) -> None:
    bearer = f"Authorization: Bearer {gateway.secret}"
    with journal.admitted() as ends, connect(gateway, "/ai/v1/realtime?model=renamed", bearer) as (ws, key):
        head = ws.read_head().lower()
        assert head.startswith(b"http/1.1 101 ")
        assert b"\r\nupgrade: websocket" in head
        assert b"\r\nconnection: upgrade" in head
        assert accept_key(key).lower() in head
        assert b"sim-small-under-another-name" in ws.receive()[1]
        for text in (b"hello", b"x" * 5000):
            ws.send(1, text)
            assert text in ws.receive()[1]
        ws.send(8, b"\x03\xe8")
        assert ws.receive()[0] == 8
        assert ws.closed()
    end = ends[0]
    assert (end.outcome, end.status, end.model, end.stream) == ("completed", 101, "renamed", True)
    assert end.tokens.source == "none"
    assert end.request_bytes > 5000


def test_hanging_up_is_the_normal_end_of_a_session(
    gateway: GatewayProcess, journal: Journal, provider: Provider
) -> None:
    before = provider.stats()["open"]
    key = f"x-api-key: {gateway.secret}"
    with journal.admitted() as ends, connect(gateway, "/ai/v1/realtime?model=sim-small", key) as (ws, _):
        ws.read_head()
        ws.receive()
    assert (ends[0].outcome, ends[0].status, ends[0].attempts[0].error) == ("completed", 101, None)
    until(lambda: provider.stats()["open"] == before, "the provider's session ends")


def test_a_browser_carries_its_key_as_a_subprotocol_which_stays_here(gateway: GatewayProcess) -> None:
    line = f"Sec-WebSocket-Protocol: openai-insecure-api-key.{gateway.secret}, realtime"
    with connect(gateway, "/ai/v1/realtime?model=sim-small", line) as (ws, _):
        head = ws.read_head().lower()
        assert b"sec-websocket-protocol: realtime" in head
        assert b"insecure" not in head


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/ai/v1/realtime?model=sim-small", "sk-wrong", 401),
        ("/ai/v1/realtime?model=secret-model", None, 403),
        ("/ai/v1/realtime?model=no-such", None, 404),
        ("/ai/v1/realtime", None, 400),
        ("/ai/v1/realtime?model=dead", None, 502),
        ("/ai/v1/realtime?model=sim-error-500", None, 500),
    ],
)
def test_a_session_that_is_refused_gets_an_http_answer(
    gateway: GatewayProcess, path: str, key: str | None, status: int
) -> None:
    with connect(gateway, path, f"x-api-key: {key or gateway.secret}") as (ws, _):
        assert ws.read_head().startswith(b"HTTP/1.1 %d " % status)


def test_anything_but_a_websocket_is_told_so(client: httpx.Client) -> None:
    answer = client.get("/realtime?model=sim-small")
    assert (answer.status_code, answer.json()["error"]["code"]) == (426, "upgrade_required")
