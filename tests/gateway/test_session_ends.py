"""Realtime sessions that we end are told why, in an event of the API's, when the provider's message is whole."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import msgspec
import pytest
from bench.processes import EVERYONE, GatewayProcess, World, start_gateway
from tests.gateway.conftest import Journal, chat
from tests.websocket import WebSocket, connect

from control_layer.contract.limits import Limit
from control_layer.contract.snapshot import Deployment, Endpoint, Key, Model, Timeouts, Update

TALKER = "sk-" + "v" * 43
"""A key with half a second of sessions a day."""
_SECONDS = 0.5
_DAWDLING_SECONDS = 1.0


class _Dawdler(threading.Thread):
    """A provider that switches protocols and sends half of a message; the other half later."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/v1"

    def run(self) -> None:
        session, _ = self._door.accept()
        with session, self._door:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += session.recv(65536)
            session.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            session.sendall(b"\x81\x06one")
            threading.Event().wait(_DAWDLING_SECONDS)
            session.sendall(b"two")
            session.recv(1)


def _limit(scope: str, scope_id: str) -> Limit:
    minutes = _SECONDS / 60.0
    row = (f"of {scope}", "Voice", scope, scope_id, "session_minutes", minutes, 86400.0, minutes)
    return msgspec.convert(row, Limit)


@dataclass(slots=True)
class _Company(World):
    """`mix` has `talks` as its only component, which has few minutes left, and so has the talker's key."""

    dawdler: str = ""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        (everyone,) = whole.models
        live = everyone.deployments[0].endpoint_id
        key, talks, mix, dawdles, dawdler = (str(uuid.UUID(int=number)) for number in range(700, 705))

        def model(alias: str, model_id: str, part: str, endpoint: str, timeouts: Timeouts) -> Model:
            deployments = (Deployment(part, endpoint, "sim-small"),)
            return Model(alias, model_id, 1_700_000_000, (EVERYONE,), deployments, timeouts=timeouts)

        return msgspec.structs.replace(
            whole,
            keys=(*whole.keys, Key(hashlib.sha256(TALKER.encode()).digest(), key, whole.users[0].id)),
            models=(
                everyone,
                model("talks", talks, talks, live, Timeouts()),
                model("mix", mix, talks, live, Timeouts()),
                model("dawdles", dawdles, dawdles, dawdler, Timeouts(total=_DAWDLING_SECONDS / 3)),
            ),
            endpoints=(*whole.endpoints, Endpoint(dawdler, "slow", self.dawdler)),
            limits=(_limit("key", key), _limit("model", talks)),
        )


@pytest.fixture(scope="module")
def gateway(simulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    dawdler = _Dawdler()
    dawdler.start()
    process = start_gateway(tmp_path_factory.mktemp("gateway"), _Company(simulator_url, dawdler=dawdler.url))
    try:
        yield process
    finally:
        process.stop()


def _told(session: WebSocket) -> dict[str, str]:
    """The error of the event that comes next but for those of the provider; the frame that closes follows."""
    while (event := json.loads(session.receive()[1]))["type"] != "error":
        pass
    assert re.fullmatch(r"event_\S+", event["event_id"])
    opcode, closing = session.receive()
    assert (opcode, closing[:2]) == (8, (1008).to_bytes(2, "big"))
    assert closing[2:].decode() in event["error"]["message"]
    assert session.closed()
    return dict(event["error"])


@pytest.mark.parametrize(
    ("model", "secret", "whose", "refusal"),
    [
        ("sim-small", TALKER, "this key", "'Voice' of this key"),
        ("mix", None, "this model", "Every deployment of the model is at its own limit"),
    ],
)
def test_a_session_ends_when_its_minutes_are_used_up(
    gateway: GatewayProcess, journal: Journal, model: str, secret: str | None, whose: str, refusal: str
) -> None:
    path, key = f"/ai/v1/realtime?model={model}", f"x-api-key: {secret or gateway.secret}"
    with journal.admitted() as ends, connect(gateway.port, path, key) as (session, _):
        assert b" 101 " in session.read_head()
        error = _told(session)
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert f"the limit 'Voice' of {whose} (0.00833333 session minutes per day)" in error["message"]
    assert (ends[0].outcome, ends[0].status, ends[0].error) == ("completed", 101, "rate_limit_exceeded")
    with connect(gateway.port, path, key) as (session, _):
        head = session.read_head().lower()
        assert head.startswith(b"http/1.1 429 ")
        assert b"\r\nretry-after: " in head
        length = int(re.findall(rb"content-length: (\d+)", head)[0])
        assert refusal in json.loads(session.body(length))["error"]["message"]
    # What is no session knows nothing of it.
    headers = {"x-api-key": secret or gateway.secret}
    assert httpx.post(f"{gateway.base_url}/chat/completions", json=chat(model), headers=headers).status_code == 200


def test_a_session_ends_with_a_whole_message(gateway: GatewayProcess) -> None:
    with connect(gateway.port, "/ai/v1/realtime?model=dawdles", f"x-api-key: {gateway.secret}") as (session, _):
        session.read_head()
        assert session.receive() == (1, b"onetwo")
        assert _told(session)["code"] == "session_expired"
