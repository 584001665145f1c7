"""Bad input of every kind: a status and never a 5xx of ours, the worker alive, no connection left behind."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import DEADLINE_SECONDS, Provider, chat, raw, until


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"max_body_bytes": 8 * 1024 * 1024, "timeouts": {"head": 1.0, "body": 1.0, "keep_alive": 5.0}}


@pytest.fixture(autouse=True)
def _alive_and_without_leaks(gateway: GatewayProcess, provider: Provider) -> Iterator[None]:
    yield
    worker = psutil.Process(gateway.process.pid)

    def gauges() -> dict[str, float]:
        return {sample.name: sample.value for sample in gateway.stats().samples if sample.kind == "gauge"}

    until(lambda: gauges()["control_layer_open_connections"] == 0, "no client connection is left")
    assert gauges()["control_layer_active_requests"] == 0
    until(lambda: provider.stats()["open"] == 0, "no request is left at the provider")
    assert worker.is_running()
    headers = {"x-api-key": gateway.secret}
    assert httpx.post(gateway.base_url + "/chat/completions", json=chat(), headers=headers).status_code == 200
    until(lambda: gauges()["control_layer_open_connections"] == 0, "that one's connection is closed too")


def request(
    gateway: GatewayProcess, *lines: bytes, body: bytes = b"", path: bytes = b"/ai/v1/chat/completions"
) -> bytes:
    head = [b"POST %b HTTP/1.1" % path, b"host: x", b"x-api-key: " + gateway.secret.encode(), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


BODY = json.dumps(chat()).encode()
LENGTH = b"content-length: %d" % len(BODY)


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ([LENGTH, b"transfer-encoding: chunked"], b"0\r\n\r\n", 400),
        ([LENGTH, LENGTH], BODY, 400),
        ([b"content-length: 5, 5"], BODY, 400),
        ([b"content-length: -1"], BODY, 400),
        ([b"content-length: +5"], BODY, 400),
        ([b"content-length: 0x10"], BODY, 400),
        ([b"content-length: 99999999999999999999999"], BODY, 400),
        ([b"content-length: 99999999999"], b"", 413),
        ([b"transfer-encoding: chunked"], b"zz\r\n", 400),
        ([b"transfer-encoding: chunked"], b"-1\r\n", 400),
        ([b"transfer-encoding: chunked"], b"fffffffffffffffff\r\n", 400),
        ([b"transfer-encoding: chunked"], b"5\r\nabcdefgh\r\n", 400),
        ([b"transfer-encoding: gzip, chunked"], b"0\r\n\r\n", 400),
        ([b"transfer-encoding: xchunked"], b"0\r\n\r\n", 400),
        ([LENGTH, b"host: y"], BODY, 400),
        ([LENGTH, b"x: a\r\n folded"], BODY, 400),
        ([LENGTH, b"x : a"], BODY, 400),
        ([LENGTH, b"x\x00: a"], BODY, 400),
        ([LENGTH, b"x: a\x00b"], BODY, 400),
        ([LENGTH, b"x: a\rb: c"], BODY, 400),
        ([LENGTH, b"expect: a-miracle"], BODY, 417),
        ([LENGTH, b"x: " + b"a" * 200_000], BODY, 431),
        ([LENGTH, *[b"x%d: a" % number for number in range(500)]], BODY, 431),
        ([LENGTH, b"content-encoding: gzip"], BODY, 415),
        ([LENGTH, b"content-encoding: br"], BODY, 415),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("path", [b"/ai/v1/chat/completions", b"/ai/v1/messages"])
def test_a_head_that_is_wrong_or_could_be_read_in_two_ways_is_refused_in_the_callers_dialect(
    gateway: GatewayProcess, lines: list[bytes], body: bytes, status: int | tuple[int, ...], path: bytes
) -> None:
    answer = raw(gateway.port, request(gateway, *lines, b"connection: close", body=body, path=path))
    allowed = status if isinstance(status, tuple) else (status,)
    head, _, text = answer.partition(b"\r\n\r\n")
    assert int(head.split(b" ", 2)[1]) in allowed, answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nx-request-id: " in head.lower()
    told = json.loads(text)
    if path.endswith(b"messages"):
        assert told["type"] == "error"
        assert told["request_id"]
    else:
        assert told["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /ai/v1/models\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET /ai/v1/models HTTP/1.1\r\n\r\n",
        b"GET ai/v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_an_error_and_a_closed_connection(gateway: GatewayProcess, data: bytes) -> None:
    answer = raw(gateway.port, data)
    assert answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"\xff\xfe\x00",
        b'{"model":"sim-small","messages":' + b"[" * 300_000,
        b'{"model":"sim-small","messages":' + b"[" * 300_000 + b"]" * 300_000 + b"}",
        b'{"model":"sim-small","n":NaN}',
        b'{"model":{}}',
        b'{"model":"sim-small","stream":"yes"}',
        b'{"messages":[]}',
    ],
)
@pytest.mark.parametrize("path", ["/chat/completions", "/messages", "/brand/new"])
def test_a_body_that_cannot_be_read_is_a_400(gateway: GatewayProcess, body: bytes, path: str) -> None:
    headers = {"x-api-key": gateway.secret, "content-type": "application/json"}
    answer = httpx.post(gateway.base_url + path, content=body, headers=headers)
    assert answer.status_code == (404 if path == "/brand/new" and not body else 400)
    assert "error" in answer.json()


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"sim-small","messages":[],"x":' + b"9" * 100_000 + b"}",
        b'{"model":"sim-small","messages":[],"x":1e999999}',
        b'{"model":"sim-small","messages":[],"messages":[]}',
        b'{"model":"sim-small","messages":[{"content":"\xff\xfe"}]}',
        b'{"model":"sim-small","messages":"x","x":"\\ud800"}',
        b'{"model":"sim-small","messages":' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"model":"sim-small","messages":7}',
    ],
)
def test_what_only_a_model_can_judge_is_left_to_its_provider(gateway: GatewayProcess, body: bytes) -> None:
    headers = {"x-api-key": gateway.secret}
    assert httpx.post(gateway.base_url + "/chat/completions", content=body, headers=headers).status_code in (
        200,
        400,
        500,
    )


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_over_the_limit_is_a_413(gateway: GatewayProcess, chunked: bool) -> None:
    if chunked:
        body = b"%x\r\n" % 1_000_000 + b"x" * 1_000_000 + b"\r\n"
        data = request(gateway, b"transfer-encoding: chunked", body=body * 9)
    else:
        data = request(gateway, b"content-length: 9000000")
    answer = raw(gateway.port, data)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"request_too_large"' in answer


@pytest.mark.parametrize("path", [b"/ai/v1/chat/completions", b"/ai/v1/messages"])
def test_a_slow_head_and_a_slow_body_are_a_408(gateway: GatewayProcess, path: bytes) -> None:
    assert raw(gateway.port, b"POST %b HTTP/1.1\r\nhost:" % path).startswith(b"HTTP/1.1 408 ")
    answer = raw(gateway.port, request(gateway, LENGTH, body=BODY[:10], path=path))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert (b'"type":"error"' in answer) == path.endswith(b"messages")


def test_an_idle_connection_and_a_half_open_one_are_closed(gateway: GatewayProcess) -> None:
    assert raw(gateway.port, b"") == b""
    raw(gateway.port, request(gateway, LENGTH, body=BODY), half_close=True)


def test_a_client_that_resets_in_every_state_leaves_nothing(gateway: GatewayProcess) -> None:
    whole = request(gateway, LENGTH, body=json.dumps(chat("sim-drip")).encode()[: len(BODY)])
    for size in (1, 30, len(whole) - 20, len(whole)):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.sendall(whole[:size])


def test_pipelined_requests_are_answered_in_order(gateway: GatewayProcess) -> None:
    first = request(gateway, LENGTH, body=BODY)
    second = request(gateway, b"content-length: 2", b"connection: close", body=b"{}")
    answer = raw(gateway.port, first + second)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


def test_a_smuggled_request_is_never_answered(gateway: GatewayProcess) -> None:
    hidden = b"GET /ai/v1/models HTTP/1.1\r\nhost: x\r\nx-api-key: %b\r\n\r\n" % gateway.secret.encode()
    answer = raw(
        gateway.port, request(gateway, b"content-length: 3", b"transfer-encoding: chunked", body=b"0\r\n\r\n" + hidden)
    )
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b'"object":"list"' not in answer
