"""Bodies in the request log: whole or cut and marked, of uploads and streams too, of nobody who asked for none."""

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
