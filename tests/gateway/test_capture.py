"""What the request log keeps: bodies, whole or cut and marked; heads without secrets; of some people nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.company import DISCREET, LOGGED_NOT
from tests.gateway.conftest import Journal, chat

from control_layer.contract.usage import Bodies

LIMIT = 4096


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"capture": {"enabled": True, "max_bytes": LIMIT}}


def captured(journal: Journal, ends: list[Any]) -> Bodies:
    (bodies,) = journal.bodies(ends[0].id)
    return bodies


def test_keeps_request_and_answer(client: httpx.Client, journal: Journal) -> None:
    request = client.build_request("POST", "/chat/completions", json=chat())
    with journal.admitted() as ends:
        answer = client.send(request)
    bodies = captured(journal, ends)
    assert (bodies.request, bodies.request_truncated) == (request.content, False)
    assert (bodies.response, bodies.response_truncated) == (answer.content, False)


def test_cuts_what_is_too_long_and_says_so(client: httpx.Client, journal: Journal) -> None:
    with (
        journal.admitted() as ends,
        client.stream("POST", "/chat/completions", json=chat("sim-tokens-200", stream=True, user="x" * 9000)) as answer,
    ):
        seen = answer.read()
    bodies = captured(journal, ends)
    assert (len(bodies.request), bodies.request_truncated) == (LIMIT, True)
    assert (bodies.response, bodies.response_truncated) == (seen[:LIMIT], True)


@pytest.mark.parametrize("chunked", [True, False])
def test_keeps_the_beginning_of_an_upload(client: httpx.Client, journal: Journal, chunked: bool) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nsim-transcribe\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + b"x" * 9000 + b"\r\n--b--\r\n"
    )

    def pieces() -> Iterator[bytes]:
        yield from (body[at : at + 500] for at in range(0, len(body), 500))

    headers = {"content-type": "multipart/form-data; boundary=b"}
    with journal.admitted() as ends:
        client.post("/audio/transcriptions", content=pieces() if chunked else body, headers=headers)
    bodies = captured(journal, ends)
    assert (bodies.request, bodies.request_truncated) == (body[:LIMIT], True)


def test_keeps_what_the_provider_said_where_the_client_is_told_less(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("sim-error-400-sanitised"))
    assert "Simulated" not in answer.text
    assert captured(journal, ends).response.startswith(b'{"error": {"message": "Simulated error 400."')


def test_keeps_our_own_words_where_the_provider_said_nothing(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("dead"))
    assert captured(journal, ends).response == answer.content


@pytest.mark.parametrize("key", [LOGGED_NOT, DISCREET], ids=["account", "key"])
def test_keeps_nothing_where_there_is_zero_data_retention(gateway: GatewayProcess, journal: Journal, key: str) -> None:
    with journal.admitted() as ends:
        httpx.post(gateway.base_url + "/chat/completions", json=chat(), headers={"x-api-key": key})
    assert journal.bodies(ends[0].id) == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_keeps_the_heads_of_request_and_answer(client: httpx.Client, journal: Journal, stream: bool) -> None:
    asking = {"x-team": "search", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(stream=stream), headers=asking)
    bodies = captured(journal, ends)
    asked, answered = dict(bodies.request_headers), dict(bodies.response_headers)
    assert {name: asked[name] for name in asking} == asking
    assert asked["user-agent"] == client.headers["user-agent"]
    assert "content-length" not in asked
    for name in ("content-type", "x-request-id", "x-control-layer-model"):
        assert answered[name] == answer.headers[name]


def test_keeps_the_head_of_an_error_of_ours(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        client.post("/chat/completions", json=chat("dead"))
    assert dict(captured(journal, ends).response_headers)["content-type"] == "application/json"


@pytest.mark.parametrize("carrier", ["authorization", "x-api-key", "api-key"])
def test_no_secret_is_in_the_journal(gateway: GatewayProcess, journal: Journal, carrier: str) -> None:
    secrets = {
        carrier: f"Bearer {gateway.secret}" if carrier == "authorization" else gateway.secret,
        "cookie": "session=cookie-secret",
        "proxy-authorization": "Basic proxy-secret",
        "x-internal-token": "token-secret",
        "x-odd": f"key={gateway.secret}",
        "x-plain": "bearer plain-secret",
        "sec-websocket-protocol": "realtime, openai-insecure-api-key.protocol-secret",
        "referer": "https://example.org/?session=referer-secret",
    }
    with journal.admitted() as ends:
        answer = httpx.post(gateway.base_url + "/chat/completions", json=chat(), headers=secrets)
    assert answer.status_code == 200
    kept = dict(captured(journal, ends).request_headers)
    assert {name: kept[name] for name in secrets} == dict.fromkeys(secrets, "…")
    written = b"".join(path.read_bytes() for path in journal.directory.glob("*.seg"))
    found = [value for value in (*secrets.values(), gateway.secret, "-secret") if value.encode() in written]
    assert found == []


def test_heads_of_a_connection_that_says_the_same_are_kept_each_time(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        for said in ("a", "some more"):
            client.post("/chat/completions", json=chat(user=said))
    first, second = (journal.bodies(end.id)[0].request_headers for end in ends)
    assert first == second
    assert ("content-type", "application/json") in first
