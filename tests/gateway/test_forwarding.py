"""What reaches a provider and what comes back: every path, no credential across, and the body that was authorised."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import Journal, Provider, chat

CREDENTIAL = hashlib.sha256(b"Bearer provider-credential").hexdigest()[:16]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/completions", chat("sim-small")),
        ("/completions", {"model": "sim-small", "prompt": "x"}),
        ("/embeddings", {"model": "sim-embed", "input": ["a", "b"]}),
        ("/responses", {"model": "sim-small", "input": "x"}),
        ("/moderations", {"model": "sim-small", "input": "x"}),
        ("/rerank", {"model": "sim-rerank", "query": "a", "documents": ["a", "b"]}),
        ("/../v2/rerank", {"model": "sim-rerank", "query": "a", "documents": ["a", "b"]}),
        ("/score", {"model": "sim-rerank", "text_1": "a", "text_2": ["a", "b"]}),
        ("/images/generations", {"model": "sim-image", "prompt": "x"}),
        ("/audio/speech", {"model": "sim-speech", "input": "x", "voice": "v"}),
        ("/messages", chat("sim-small", max_tokens=5)),
        ("/messages/count_tokens", chat("sim-small")),
    ],
)
def test_every_json_path_reaches_its_provider(
    gateway: GatewayProcess, client: httpx.Client, journal: Journal, path: str, body: dict[str, Any]
) -> None:
    url = gateway.base_url.removesuffix("/v1") + path.removeprefix("/..") if "/v2" in path else gateway.base_url + path
    with journal.admitted() as ends:
        answer = client.post(url, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-simulated"] == "true"
    assert (ends[0].status, ends[0].outcome, ends[0].error) == (200, "completed", None)
    assert ends[0].model == body["model"]
    assert ends[0].response_bytes == len(answer.content)


def test_documents_and_texts_come_back_by_likeness(client: httpx.Client) -> None:
    ranked = {"model": "sim-rerank", "query": "a b", "documents": ["c", "a", "a b"], "top_n": 2}
    assert [each["index"] for each in client.post("/rerank", json=ranked).json()["results"]] == [2, 1]
    scored = {"model": "sim-rerank", "text_1": "a b", "text_2": ["c", "a"]}
    assert [each["score"] for each in client.post("/score", json=scored).json()["data"]] == [0.0, 0.5]


def test_the_provider_sees_its_own_credential_and_none_of_the_clients(
    client: httpx.Client, gateway: GatewayProcess
) -> None:
    secrets = {
        "x-api-key": "sk-other", "api-key": "sk-other", "cookie": "session=sk-other", "openai-organization": "org-x",
        "x-forwarded-for": "10.1.2.3", "x-control-layer-peer": "1", "origin": "http://intranet", "x-custom": "passes",
    }  # fmt: skip
    echo = client.post("/new/endpoint", json={"model": "sim-small"}, headers=secrets).json()
    assert echo["credential_sha256"] == CREDENTIAL
    shown = json.dumps(echo)
    assert gateway.secret not in shown
    assert "sk-other" not in shown
    assert "10.1.2.3" not in shown
    assert "intranet" not in shown
    assert echo["headers"]["x-custom"] == "passes"
    assert echo["headers"]["accept-encoding"] == "identity"
    assert set(echo["headers"]) <= {
        "host", "accept", "accept-encoding", "user-agent", "content-type", "content-length", "x-custom", "x-request-id",
    }  # fmt: skip


def test_the_answer_says_what_happened_and_nothing_of_the_provider(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("renamed"))
    assert answer.headers["x-control-layer-model"] == "renamed"
    assert answer.headers["x-control-layer-attempts"] == "1"
    assert answer.headers["x-control-layer-deployment"] == ends[0].deployment_id
    assert "server" not in answer.headers


def test_a_request_that_took_less_than_a_millisecond_took_some_time(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(3) as ends:
        for _ in range(3):
            client.post("/chat/completions", json=chat("sim-small"))
    for end in ends:
        assert end.first_byte is not None
        assert 0 < end.first_byte <= end.duration
        assert end.attempts[0].duration > 0
    assert any(end.duration % 0.001 > 1e-6 for end in ends), "no finer than the loop's clock"


def test_the_model_is_renamed_and_nothing_else_changes(client: httpx.Client) -> None:
    body = b'{"model":"renamed","x":[1.10,"\\u00e9"],"y":{"model":"inner"}}'
    echo = client.post("/new", content=body, headers={"content-type": "application/json"}).json()
    assert echo["body"].encode() == body.replace(b'"renamed"', b'"sim-small-under-another-name"')


def test_a_body_in_which_nothing_must_change_arrives_byte_for_byte(client: httpx.Client) -> None:
    body = b'{ "x" : 1.10,\n "model" : "sim-small" }'
    assert client.post("/new", content=body).json()["body"].encode() == body


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
@pytest.mark.parametrize("how", ["header", "query"])
def test_an_unknown_path_is_forwarded_when_a_header_or_the_query_names_a_model(
    client: httpx.Client, journal: Journal, method: str, how: str
) -> None:
    headers = {"x-model": "renamed"} if how == "header" else {}
    query = "?a=%20+b" + ("&model=renamed" if how == "query" else "")
    with journal.admitted() as ends:
        echo = client.request(method, f"/brand/new/{method}{query}", headers=headers).json()
    assert (echo["method"], echo["path"]) == (method, f"/v1/brand/new/{method}")
    assert echo["query"] == query[1:].replace("renamed", "sim-small-under-another-name")
    assert "x-model" not in echo["headers"]
    assert (ends[0].method, ends[0].tokens.source) == (method, "none")


def test_any_bytes_are_forwarded_to_an_unknown_path_with_a_named_model(client: httpx.Client) -> None:
    body = b"\x00\x01binary" * 1000
    headers = {"x-model": "sim-small", "content-type": "application/octet-stream"}
    assert client.post("/audio/new", content=body, headers=headers).json()["body_bytes"] == len(body)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize("query", ["?model=sim-small", "?model=sim-small&model=secret-model", "?mod%65l=sim-small"])
def test_a_model_that_is_not_granted_cannot_hide_behind_a_named_one(
    client: httpx.Client, content_type: str, query: str
) -> None:
    """What was authorised is what the provider sees."""
    body = b' {"model":"secret-model","input":1}'
    echo = client.post("/new" + query, content=body, headers={"content-type": content_type}).json()
    assert "secret-model" not in json.dumps(echo)


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"\xff\xfe", b""])
def test_json_that_only_some_providers_could_read_is_refused(client: httpx.Client, prefix: bytes) -> None:
    text = '{"model":"secret-model"}'
    body = prefix + (text.encode("utf-16-le") if prefix != b"\xef\xbb\xbf" else text.encode())
    answer = client.post(
        "/new", content=body, headers={"x-model": "sim-small", "content-type": "application/octet-stream"}
    )
    assert answer.status_code == 400


def test_url_encoded_forms_are_refused(client: httpx.Client) -> None:
    answer = client.post("/new?model=sim-small", data={"model": "secret-model"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_an_unknown_path_without_a_model_is_not_found_or_told_what_is_missing(client: httpx.Client) -> None:
    assert client.get("/nothing").json()["error"]["code"] == "unknown_url"
    missing = client.post("/nothing", json={"input": 1})
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "model")


@pytest.mark.parametrize("path", ["/chat/completions/", "/chat%2fcompletions", "/Chat/Completions"])
def test_another_spelling_of_a_known_path_is_counted_alike(client: httpx.Client, journal: Journal, path: str) -> None:
    with journal.admitted() as ends, client.stream("POST", path, json=chat(stream=True)) as answer:
        assert b'"usage"' not in answer.read()
    assert ends[0].tokens.source == "provider"


def test_a_path_that_could_be_read_as_another_is_refused(gateway: GatewayProcess, provider: Provider) -> None:
    from tests.gateway.conftest import raw

    before = provider.stats()["requests"]
    for path in (
        b"/ai/v1/../secret?model=sim-small",
        b"/ai/v1/%2e%2e/secret?model=sim-small",
        b"/ai//x?model=sim-small",
    ):
        head = b"GET %b HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\nconnection: close\r\n\r\n"
        assert raw(gateway.port, head % (path, gateway.secret.encode())).startswith(b"HTTP/1.1 400 ")
    assert provider.stats()["requests"] == before


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings", "/messages"])
def test_a_known_path_takes_post_only(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_query_string_reaches_the_provider_with_its_model_renamed(client: httpx.Client) -> None:
    echo = client.post("/new?api-version=1&model=x", json={"model": "renamed"}, headers={"x-model": "renamed"}).json()
    assert echo["query"] == "api-version=1&model=sim-small-under-another-name"


def test_a_sanitised_answer_names_the_alias(client: httpx.Client) -> None:
    assert client.post("/chat/completions", json=chat("sim-small-sanitised")).json()["model"] == "sim-small-sanitised"
    assert client.post("/chat/completions", json=chat("renamed")).json()["model"] == "sim-small-under-another-name"


def test_a_large_sanitised_answer_passes_without_being_held(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("sim-big-12mb-sanitised"))
    assert len(answer.content) > 12 * 1024 * 1024
    assert ends[0].response_bytes == len(answer.content)
    assert ends[0].tokens.source == "provider"
