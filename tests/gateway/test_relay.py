"""Everything that is not AI traffic goes to the control plane as it is; without one, AI traffic does not notice."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uvloop
from bench.processes import GatewayProcess, start_gateway
from tests.gateway.company import Company

from control_layer.wire import Request, Responder, Server


class Echo:
    """Stands for the control plane: says what reached it; `/slow` reads nothing of a body until it is told to."""

    def __init__(self, request: Request, responder: Responder) -> None:
        self._request = request
        self._responder = responder
        self._size = 0
        if request.path == b"/slow":
            responder.pause_body()
            asyncio.get_running_loop().call_later(1.0, responder.resume_body)

    def on_body(self, data: bytes) -> None:
        self._size += len(data)

    def on_end(self) -> None:
        request = self._request
        shown = {
            "method": request.method.decode(),
            "target": request.target.decode(),
            "headers": [[name.decode(), value.decode("latin-1")] for name, value in request.headers],
            "body_bytes": self._size,
        }
        headers = [(b"content-type", b"application/json"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        if request.path == b"/stream":
            self._responder.start(200, headers, None)
            for _ in range(3):
                self._responder.write(b"x" * 100_000)
            self._responder.end()
        elif request.path == b"/break":
            self._responder.start(200, headers, 100)
            self._responder.abort()
        else:
            self._responder.respond(201, headers, json.dumps(shown).encode())

    def on_disconnect(self) -> None: ...

    def pause_writing(self) -> None: ...

    def resume_writing(self) -> None: ...


@pytest.fixture(scope="module")
def control_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("control") / "c.sock"
    serving = threading.Event()
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        server = Server(Echo, loop=loop)
        listener = await loop.create_unix_server(server.protocol, str(path))
        stop.append(lambda: loop.call_soon_threadsafe(stopping.set))
        serving.set()
        await stopping.wait()
        listener.close()
        await server.drain(0)

    thread = threading.Thread(target=lambda: uvloop.run(serve()), daemon=True)
    thread.start()
    assert serving.wait(10)
    yield path
    stop[0]()
    thread.join(10)


@pytest.fixture(scope="module")
def settings(control_socket: Path) -> dict[str, Any]:
    return {"control_socket": str(control_socket)}


@pytest.fixture
def site(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{gateway.port}", timeout=15) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["/", "/admin/api/v1/users?skip=1", "/authentication/login", "/ai/v1/files", "/ai/v1/files/f/content",
     "/ai/v1/batches/b", "/ai/v1/responses/resp_1", "/ai/openapi.json", "/assets/a.js", "/ai"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_requests_pass_as_they_are(site: httpx.Client, gateway: GatewayProcess, path: str, method: str) -> None:
    headers = {"cookie": "session=1", "authorization": f"Bearer {gateway.secret}", "x-custom": "y"}
    answer = site.request(method, path, headers=headers, content=b"12345" if method != "GET" else None)
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["method"], shown["target"], shown["body_bytes"]) == (method, path, 0 if method == "GET" else 5)
    passed = dict(shown["headers"])
    assert passed["host"] == f"127.0.0.1:{gateway.port}"
    assert [name for name, _ in shown["headers"]].count("host") == 1
    assert headers.items() <= passed.items()
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_the_peer_is_ours_to_say_and_hop_by_hop_fields_stay(site: httpx.Client) -> None:
    headers = {"x-control-layer-peer": "10.0.0.1", "connection": "x-hop", "x-hop": "1", "te": "trailers"}
    passed = site.get("/x", headers=headers).json()["headers"]
    assert [value for name, value in passed if name == "x-control-layer-peer"] == ["127.0.0.1"]
    assert not {"x-hop", "te"} & {name for name, _ in passed}


_IDENTITY = {"x-control-layer-user": "jo", "X-Control-Layer-Groups": "admins", "x-control-layer-other": "1"}


def test_a_client_says_nothing_in_our_name(site: httpx.Client) -> None:
    passed = site.get("/x", headers=_IDENTITY).json()["headers"]
    assert [name for name, _ in passed if name.startswith("x-control-layer-")] == ["x-control-layer-peer"]


def test_a_trusted_proxy_says_who_is_calling_and_nothing_else_in_our_name(
    control_socket: Path, tmp_path: Path, company: Company
) -> None:
    fields = frozenset((b"x-control-layer-user", b"x-control-layer-groups"))
    gateway = start_gateway(tmp_path, company, control_socket=str(control_socket), identity_fields=fields)
    try:
        url = f"http://127.0.0.1:{gateway.port}/x"
        passed = dict(httpx.get(url, headers=_IDENTITY | {"x-control-layer-peer": "10.0.0.1"}).json()["headers"])
    finally:
        gateway.stop()
    ours = {name: value for name, value in passed.items() if name.startswith("x-control-layer-")}
    assert ours == {
        "x-control-layer-user": "jo",
        "x-control-layer-groups": "admins",
        "x-control-layer-peer": "127.0.0.1",
    }


def test_answers_stream_back_and_breaks_are_breaks(site: httpx.Client) -> None:
    assert site.get("/stream").content == b"x" * 300_000
    with pytest.raises(httpx.RemoteProtocolError):
        site.get("/break")
    assert site.get("/next").status_code == 201
    assert site.head("/stream").content == b""


def test_an_upload_waits_for_a_control_plane_that_does_not_read(site: httpx.Client, gateway: GatewayProcess) -> None:
    worker = psutil.Process(gateway.process.pid)
    before = worker.memory_info().rss
    seen = [before]

    def pieces() -> Iterator[bytes]:
        for _ in range(60):
            yield b"x" * (1024 * 1024)
            seen.append(worker.memory_info().rss)

    answer = site.post("/slow", content=pieces())
    assert answer.json()["body_bytes"] == 60 * 1024 * 1024
    assert max(seen) - before < 20 * 1024 * 1024


def test_health_and_ready_are_the_workers_own(site: httpx.Client) -> None:
    assert (site.get("/health").text, site.get("/ready").text) == ("OK", "OK")
