"""Credentials change while traffic runs: a provider's, a caller's, and the key that seals them. No request is lost."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests.faults.target import ours_only
from tests.running import SECRET_KEY, Instance, running, until

from control_layer.contract.sealing import Seal

pytestmark = [pytest.mark.server, ours_only]

_CALLERS = 4
_ENOUGH = 60
"""Requests that must have gone well before something is believed."""
_MODEL = "model"
_CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": _MODEL}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        credential = self.headers["authorization"].removeprefix("Bearer ")
        accepted = self.server.hear(credential)
        choice = {"index": 0, "finish_reason": "stop"}
        if not accepted:
            self._answer(401, "application/json", b'{"error": {"message": "no", "type": "invalid_request_error"}}')
        elif body.get("stream"):
            chunk = _CHUNK | {"choices": [choice | {"delta": {"content": "hi"}}], "usage": _USAGE}
            self._answer(200, "text/event-stream", b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(chunk).encode())
        else:
            message = {"role": "assistant", "content": "hi"}
            answer = _CHUNK | {"choices": [choice | {"message": message}], "usage": _USAGE}
            self._answer(200, "application/json", json.dumps(answer).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        del format, args


class Provider(ThreadingHTTPServer):
    """Takes the credentials of `accepted`, and remembers which it heard, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.accepted = {"first", "second"}
        self.heard: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def hear(self, credential: str) -> bool:
        """Whether it is accepted."""
        self.heard.append(credential)
        return credential in self.accepted


@contextmanager
def _serving() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        thread.join()
        provider.server_close()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with _serving() as provider:
        yield provider


@pytest.fixture(scope="module")
def instance(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with running(tmp_path_factory.mktemp("rotations"), workers=2) as instance:
        instance.connect_provider(provider.url, [_MODEL], api_key="first")
        yield instance


def _ask(client: httpx.Client, secret: str, *, stream: bool = False) -> int:
    body = {"model": _MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
    answer = client.post("/chat/completions", json=body, headers={"authorization": f"Bearer {secret}"})
    if answer.status_code == 200:
        assert (b"[DONE]" if stream else b"hi") in answer.content
    return answer.status_code


def _status(instance: Instance, secret: str) -> int:
    """On a connection of its own, so that both workers are asked sooner or later."""
    with httpx.Client(base_url=instance.base_url, timeout=30) as client:
        return _ask(client, secret)


def _wait_everywhere(instance: Instance, secret: str, status: int) -> None:
    """Returns once every worker answers so."""
    until(lambda: all(_status(instance, secret) == status for _ in range(12)))


@dataclass(slots=True)
class Traffic:
    """How the requests of some callers have ended."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[BaseException] = field(default_factory=list)

    def more(self, count: int = _ENOUGH) -> None:
        """Returns when that many more have ended."""
        goal = self.statuses.total() + count
        until(lambda: self.failures or self.statuses.total() >= goal, seconds=60)


@contextmanager
def _traffic(instance: Instance, secret: str) -> Iterator[Traffic]:
    """Callers that ask, blocking and streaming in turn, on kept and on new connections, until the block ends."""
    traffic, stop, lock = Traffic(), threading.Event(), threading.Lock()

    def call() -> None:
        try:
            while not stop.is_set():
                with httpx.Client(base_url=instance.base_url, timeout=30) as client:
                    for stream in (False, True):
                        status = _ask(client, secret, stream=stream)
                        with lock:
                            traffic.statuses[status] += 1
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            traffic.failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(_CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not traffic.failures, traffic.failures


def test_a_providers_credential_is_rotated_in_place_without_losing_a_request(
    instance: Instance, provider: Provider
) -> None:
    (endpoint,) = instance.api("GET", "/endpoints")
    key = instance.make_key("credential")["key"]
    _wait_everywhere(instance, key, 200)
    with _traffic(instance, key) as traffic:
        traffic.more()
        assert set(provider.heard) == {"first"}
        # With a mapping the provider is not asked for its list, which this one does not have.
        instance.api("PATCH", f"/endpoints/{endpoint['id']}", {"api_key": "second", "alias_mapping": {}})
        until(lambda: set(provider.heard[-_ENOUGH:]) == {"second"}, seconds=60)
        provider.accepted = {"second"}
        traffic.more()
    assert set(traffic.statuses) == {200}, traffic.statuses


def test_a_key_is_rotated_with_grace_without_a_refusal(instance: Instance) -> None:
    made = instance.make_key("grace")
    keys, old = f"/users/current/api-keys/{made['id']}", made["key"]
    _wait_everywhere(instance, old, 200)
    with _traffic(instance, old) as traffic:
        traffic.more()
        new = instance.api("POST", f"{keys}/rotate", {"grace_seconds": 3600})["key"]
        _wait_everywhere(instance, new, 200)
        traffic.more()
    assert set(traffic.statuses) == {200}, traffic.statuses
    until(lambda: len(instance.requests(outcome="completed")) >= traffic.statuses.total())
    used = instance.sql("SELECT count(*) AS n FROM requests WHERE key_id = $1::uuid", made["id"])[0]["n"]
    assert used >= traffic.statuses.total()
    # Without grace everything before the new secret dies, an earlier grace included.
    latest = instance.api("POST", f"{keys}/rotate")["key"]
    for dead in (old, new):
        _wait_everywhere(instance, dead, 401)
    _wait_everywhere(instance, latest, 200)


def test_gateways_end_the_grace_themselves(instance: Instance) -> None:
    made = instance.make_key("short grace")
    _wait_everywhere(instance, made["key"], 200)
    new = instance.api("POST", f"/users/current/api-keys/{made['id']}/rotate", {"grace_seconds": 2})["key"]
    _wait_everywhere(instance, made["key"], 401)
    _wait_everywhere(instance, new, 200)


def test_last_used_is_noted_for_both_kinds_of_keys(instance: Instance) -> None:
    inference, platform = instance.make_key("used"), instance.make_key("used too", purpose="platform")
    _wait_everywhere(instance, inference["key"], 200)
    site = instance.address + "/admin/api/v1/users/current"
    headers = {"authorization": f"Bearer {platform['key']}"}
    assert httpx.get(site, headers=headers, timeout=30).status_code == 200
    for key in (inference, platform):
        until(lambda key=key: instance.api("GET", f"/users/current/api-keys/{key['id']}")["last_used"])  # type: ignore[misc]


def test_a_new_secret_key_takes_over_what_the_old_one_sealed(tmp_path: Path) -> None:
    new_key = "another-secret-key-of-the-tests"
    with _serving() as provider, running(tmp_path) as instance:
        provider.accepted = {"first"}
        endpoint = instance.connect_provider(provider.url, [_MODEL], api_key="first")
        key = instance.make_key("k")["key"]
        instance.wait_callable(key, _MODEL)
        assert _status(instance, key) == 200

        def sealed() -> bytes:
            return bytes(instance.sql("SELECT sealed_credential AS value FROM endpoints")[0]["value"])

        instance.stop()
        instance.environment["SECRET_KEY"] = new_key
        instance.environment["CONTROL_LAYER_PREVIOUS_SECRET_KEYS"] = json.dumps([SECRET_KEY])
        instance.start_again()
        assert _status(instance, key) == 200
        until(lambda: sealed().startswith(Seal(new_key, "provider-credential").mark))
        assert Seal(new_key, "provider-credential").open(sealed(), endpoint) == "first"
        until(lambda: _status(instance, key) == 200)

        instance.stop()
        del instance.environment["CONTROL_LAYER_PREVIOUS_SECRET_KEYS"]
        instance.start_again()
        assert _status(instance, key) == 200
        assert SECRET_KEY not in instance.log()
        assert new_key not in instance.log()
