"""Forms: files stream through, the model in them is the one that was authorised, whatever else they say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import psutil
import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import DEADLINE_SECONDS, Journal, Provider, until

BOUNDARY = b"boundary-of-the-test"
CONTENT_TYPE = "multipart/form-data; boundary=" + BOUNDARY.decode()


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"max_body_bytes": 64 * 1024 * 1024}


def field(name: str, value: bytes, filename: str | None = None) -> bytes:
    more = f'; filename="{filename}"' if filename else ""
    return b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
        BOUNDARY, name.encode(), more.encode(), value,
    )  # fmt: skip


END = b"--%b--\r\n" % BOUNDARY
LATE = field("file", b"x" * (9 * 1024 * 1024), "a") + field("model", b"sim-small") + END


@pytest.mark.parametrize(
    "path", ["/audio/transcriptions", "/audio/translations", "/images/edits", "/images/variations"]
)
@pytest.mark.parametrize("model_first", [True, False])
def test_a_form_reaches_its_provider_whichever_field_comes_first(
    client: httpx.Client, journal: Journal, path: str, model_first: bool
) -> None:
    model, file = field("model", b"renamed"), field("file", b"\x00" * 300_000, "a.bin")
    body = b"".join([model, file] if model_first else [file, model]) + END
    with journal.admitted() as ends:
        answer = client.post(path, content=body, headers={"content-type": CONTENT_TYPE})
    assert answer.status_code == 200, answer.text
    assert "sim-small-under-another-name" in answer.text
    assert (ends[0].model, ends[0].request_bytes, ends[0].outcome) == ("renamed", len(body), "completed")


def test_a_form_that_comes_in_chunks_of_any_size_arrives_whole(client: httpx.Client) -> None:
    body = field("file", bytes(range(256)) * 40, "a.bin") + field("model", b"sim-transcribe") + END

    def pieces(size: int) -> Iterator[bytes]:
        yield from (body[at : at + size] for at in range(0, len(body), size))

    for size in (7, 100, 4096):
        answer = client.post("/audio/transcriptions", content=pieces(size), headers={"content-type": CONTENT_TYPE})
        assert answer.json()["text"] == f"Simulated transcript of {len(body)} bytes for sim-transcribe."


def test_a_transcription_can_be_streamed_and_its_tokens_are_the_providers(
    client: httpx.Client, journal: Journal
) -> None:
    body = field("model", b"sim-transcribe") + field("stream", b"true") + field("file", b"x" * 5000, "a") + END
    with journal.admitted() as ends:
        answer = client.post("/audio/transcriptions", content=body, headers={"content-type": CONTENT_TYPE})
    assert answer.text.count("event: transcript.text.delta") > 3
    assert (ends[0].tokens.source, ends[0].tokens.output) == ("provider", 9)


@pytest.mark.parametrize("named", ["header", "query"])
def test_a_model_named_outside_the_form_is_the_one_the_provider_sees(client: httpx.Client, named: str) -> None:
    body = field("file", b"x" * 100, "a.bin") + field("model", b"secret-model") + END
    headers = {"content-type": CONTENT_TYPE} | ({"x-model": "renamed"} if named == "header" else {})
    path = "/audio/transcriptions" + ("?model=renamed" if named == "query" else "")
    text = client.post(path, content=body, headers=headers).text
    assert "secret-model" not in text
    assert "sim-small-under-another-name" in text


def test_a_second_model_in_a_form_is_renamed_or_refused(client: httpx.Client, provider: Provider) -> None:
    body = field("model", b"sim-transcribe") + field("file", b"x", "a") + field("model", b"sim-transcribe") + END
    assert client.post("/audio/transcriptions", content=body, headers={"content-type": CONTENT_TYPE}).status_code == 200
    body = body.replace(b"sim-transcribe", b"secret-model", 2).replace(b"secret-model", b"sim-transcribe", 1)
    answer = client.post("/audio/transcriptions", content=body, headers={"content-type": CONTENT_TYPE})
    assert answer.status_code in (200, 400)
    assert not any("secret" in name for name in provider.stats()["requests"])


def test_json_is_taken_where_forms_are(client: httpx.Client) -> None:
    assert client.post("/images/edits", json={"model": "sim-image", "prompt": "x"}).json()["path"] == "/v1/images/edits"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        (CONTENT_TYPE, field("file", b"x", "a") + END, 400, "missing_required_parameter"),
        (CONTENT_TYPE, field("model", b" ") + END, 400, "missing_required_parameter"),
        (CONTENT_TYPE, field("model", b"secret-model") + END, 403, "model_access_denied"),
        (CONTENT_TYPE, field("model", b"no-such-model") + END, 404, "model_not_found"),
        (CONTENT_TYPE, LATE, 400, "model_field_too_late"),
        ("multipart/form-data", b"x", 400, "invalid_form"),
        ("text/plain", b"model=sim-small", 400, "invalid_form"),
        (CONTENT_TYPE, b"", 400, "missing_required_parameter"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_form(
    client: httpx.Client, journal: Journal, content_type: str, body: bytes, status: int, code: str
) -> None:
    before = len(journal.records())
    answer = client.post("/audio/transcriptions", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert len(journal.records()) == before


def test_a_form_over_the_limit_is_refused_however_it_comes(client: httpx.Client, journal: Journal) -> None:
    file = field("file", b"x" * (65 * 1024 * 1024), "a")
    body = field("model", b"sim-transcribe") + file + END
    headers = {"content-type": CONTENT_TYPE}
    assert client.post("/audio/transcriptions", content=body, headers=headers).status_code == 413
    pieces = (body[at : at + 1024 * 1024] for at in range(0, len(body), 1024 * 1024))
    # The gateway answers early and closes; not every client reads while it writes.
    with journal.admitted() as ends, suppress(httpx.WriteError):
        assert client.post("/audio/transcriptions", content=pieces, headers=headers).status_code == 413
    assert (ends[0].outcome, ends[0].error, ends[0].tokens.source) == ("failed", "request_too_large", "none")


def test_a_large_file_is_never_held_whole(client: httpx.Client, gateway: GatewayProcess) -> None:
    worker = psutil.Process(gateway.process.pid)
    body = field("model", b"sim-transcribe") + field("file", b"x" * (60 * 1024 * 1024), "a") + END
    seen = [worker.memory_info().rss]

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(body), 1024 * 1024):
            seen.append(worker.memory_info().rss)
            yield body[at : at + 1024 * 1024]

    answer = client.post("/audio/transcriptions", content=pieces(), headers={"content-type": CONTENT_TYPE})
    assert answer.status_code == 200
    assert max(seen) - seen[0] < 20 * 1024 * 1024


@pytest.mark.parametrize("leaves", ["before the model", "in the file"])
def test_an_uploader_that_leaves_cancels_the_provider(
    gateway: GatewayProcess, journal: Journal, provider: Provider, leaves: str
) -> None:
    before, open_before = len(journal.records()), provider.stats()["open"]
    admitted = leaves == "in the file"
    start = (
        field("model", b"sim-transcribe")
        + b'--%b\r\nContent-Disposition: form-data; name="file"\r\n\r\nxxxx' % BOUNDARY
    )
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(
            b"POST /ai/v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\nx-api-key: %b\r\ncontent-type: %b\r\n"
            b"content-length: 1000000\r\n\r\n"
            % (gateway.secret.encode(), CONTENT_TYPE.encode())
            + (start if admitted else start[:20])
        )
        if admitted:
            until(lambda: provider.stats()["open"] == open_before + 1, "the provider has the request")
    if admitted:
        ends = journal.settled(before, 1)
        assert (ends[0].outcome, ends[0].status) == ("cancelled", 499)
        until(lambda: provider.stats()["open"] == open_before, "the provider is cancelled")
    else:
        assert len(journal.records()) == before


def test_a_provider_that_cannot_be_reached_ends_an_upload(client: httpx.Client, journal: Journal) -> None:
    body = field("model", b"dead") + field("file", b"x" * 100_000, "a") + END
    with journal.admitted() as ends:
        answer = client.post("/audio/transcriptions", content=body, headers={"content-type": CONTENT_TYPE})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_unavailable")
    assert [attempt.error for attempt in ends[0].attempts] == ["connect_failed"]
