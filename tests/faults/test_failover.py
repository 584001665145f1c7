"""Two deployments, one of them killed under load: no request fails, traffic moves at once, and comes back by itself.

A killed provider refuses connections; its place is taken again at the same address. What was streaming from it is the
only thing that may end with an error.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest
from bench.processes import simulator
from tests.faults.books import Books
from tests.faults.connection import Broken
from tests.faults.kinds import Kind, blocking
from tests.faults.load import Load
from tests.faults.target import Provider, Target, chat, ours_only
from tests.running import Instance, running, until

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(240)]

_MODEL, _SLOW = "both", "both, slowly"
_COOLDOWN_SECONDS = 1.0
_MIX = ((Kind("chat", blocking(_MODEL), "completed"), 1),)


@dataclass(slots=True)
class _Mortal:
    """A simulated provider on a port of its own, that can be killed and come back."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def live(self) -> None:
        arguments = ["--api-key", "provider-credential", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "control_layer.simulator", *arguments], stdout=subprocess.DEVNULL
        )
        until(self._answers)

    def die(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def asked(self) -> int:
        return sum(Provider(self.url).stats()["requests"].values())

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url.removesuffix("/v1") + "/sim/stats", timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def mortal() -> Iterator[_Mortal]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mortal = _Mortal(port)
    mortal.live()
    try:
        yield mortal
    finally:
        if mortal.process is not None:
            mortal.die()


@pytest.fixture(scope="module")
def target(mortal: _Mortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with (
        simulator("--api-key", "provider-credential") as steady,
        running(tmp_path_factory.mktemp("failover"), workers=1) as instance,
    ):
        for alias, name in ((_MODEL, "sim-small"), (_SLOW, "sim-slow-chunks-20ms-tokens-60")):
            _composite(instance, alias, name, mortal.url, steady)
        key = str(instance.make_key("failover")["key"])
        for alias in (_MODEL, _SLOW):
            instance.wait_callable(key, alias)
        yield Target(instance.base_url, key, Provider(steady), instance)


def _composite(instance: Instance, alias: str, name: str, *urls: str) -> None:
    """A model with a deployment at each of the providers."""
    policy = {"failures": 3, "cooldown_seconds": _COOLDOWN_SECONDS, "longest_cooldown_seconds": _COOLDOWN_SECONDS}
    body = {"type": "composite", "model_name": alias, "alias": alias, "fallback_enabled": True}
    composite = instance.api("POST", "/models", body)["id"]
    for number, url in enumerate(urls):
        endpoint = instance.connect_provider(
            url, [f"{name}-{number}"], name=f"{alias} {number}", api_key="provider-credential"
        )
        (model,) = instance.api("GET", f"/models?endpoint={endpoint}")["data"]
        instance.api("PUT", f"/models/{model['id']}/traffic-policy", {"breaker": policy})
        instance.api("POST", f"/models/{composite}/components/{model['id']}")
    instance.api("POST", f"/groups/00000000-0000-0000-0000-000000000000/models/{composite}", status=204)


def test_one_of_two_deployments_is_killed_under_load_and_comes_back(target: Target, mortal: _Mortal) -> None:
    books = target.books
    assert books is not None
    with Load(target, _MIX, "killed", callers=12) as load:
        load.advance(400)
        shares = mortal.asked() / load.right
        assert 0.3 < shares < 0.7, "both share the load"
        mortal.die()
        killed = time.time()
        load.advance(1000)
        gone = time.time()
        mortal.live()
        until(lambda: mortal.asked() > 100, message="it gets no share again")
    assert load.wrong == []
    books.settle(workers=1)
    rows = books.rows()
    assert {row["outcome"] for row in rows} == {"completed"}
    assert {row["status"] for row in rows} == {200}
    _check_traffic_moved(books, killed, gone)


def _check_traffic_moved(books: Books, killed: float, gone: float) -> None:
    """From a second after the kill on, only trials went to the dead provider: one in each cooldown."""
    late = [row for row in books.rows() if killed + 1.0 <= row["at"].timestamp() < gone]
    trials = [row for row in late if len(json.loads(row["attempts"])) > 1]
    assert len(trials) <= (gone - killed) / _COOLDOWN_SECONDS + 1


def test_a_stream_that_the_killed_provider_was_saying_ends_with_an_error(target: Target, mortal: _Mortal) -> None:
    streams = [_Stream(target) for _ in range(8)]
    mortal.die()
    ended = [stream.rest() for stream in streams]
    mortal.live()
    whole = [answer for answer in ended if answer.endswith(b"data: [DONE]\n\n")]
    broken = [answer for answer in ended if answer not in whole]
    assert whole, "some came from the other provider"
    assert broken, "and some from this one"
    assert all(b'"error"' in answer for answer in broken)
    assert not any(b'"finish_reason":"stop"' in answer for answer in broken)


class _Stream:
    """One whose first piece has come."""

    def __init__(self, target: Target) -> None:
        self._connection = target.connect()
        body = json.dumps(chat(_SLOW, stream=True)).encode()
        self._connection.send("/chat/completions", body, target.headers())
        assert self._connection.status() == 200
        self._pieces = self._connection.pieces()
        self._begun = next(self._pieces)

    def rest(self) -> bytes:
        """Everything, at its end."""
        answer = self._begun
        with suppress(Broken):
            for piece in self._pieces:
                answer += piece
        self._connection.leave()
        return answer
