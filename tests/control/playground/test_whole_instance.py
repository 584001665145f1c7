"""The playground on a whole instance: a browser's session on one side, providers on the other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, SECRET_KEY, Instance, running, until

from control_layer.contract.sealing import Seal

pytestmark = pytest.mark.server

_PLAYGROUND = "/admin/api/v1/ai/v1"
_CHAT = f"{_PLAYGROUND}/chat/completions"
_SLOW, _SILENT = "sim-slow-chunks-50ms-tokens-200", "sim-slow-first-30000ms"
_MODELS = ["sim-small", "sim-transcribe", "sim-reset-middle", "sim-small-messages", _SLOW, _SILENT]
_MAX_BODY_BYTES = 100_000
_PROXYS_FIELD = "x-signed-in-user"


class _Recording(BaseHTTPRequestHandler):
    """Remembers the header fields of each request."""

    server: _Recorder

    def do_POST(self) -> None:
        self.server.heard.append({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        for name, value in (("content-type", "application/json"), ("content-length", "2"), ("set-cookie", "a=b")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        del format, args


class _Recorder(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Recording)
        self.heard: list[dict[str, str]] = []


@contextmanager
def _recorder() -> Iterator[_Recorder]:
    with _Recorder() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def recorder() -> Iterator[_Recorder]:
    with _recorder() as server:
        yield server


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with simulator() as url:
        yield url


@pytest.fixture(scope="module")
def instance(provider: str, recorder: _Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {
        "CONTROL_LAYER_GATEWAY__LIMITS__MAX_BODY_BYTES": str(_MAX_BODY_BYTES),
        "CONTROL_LAYER_AUTH__PROXY_HEADER__ENABLED": "true",
        "CONTROL_LAYER_AUTH__PROXY_HEADER__HEADER_NAME": _PROXYS_FIELD,
    }
    with running(tmp_path_factory.mktemp("playground"), workers=2, environment=environment) as instance:
        instance.connect_provider(provider, _MODELS)
        url = f"http://127.0.0.1:{recorder.server_address[1]}/v1"
        instance.connect_provider(url, ["recorded"], name="recorder", api_key="the-providers")
        until(lambda: instance.admin.post(_CHAT, json=_chat("recorded")).status_code == 200)
        yield instance


@pytest.fixture
def browser(instance: Instance) -> httpx.Client:
    """The administrator's, signed in."""
    return instance.admin


def _chat(model: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello"}], **fields}


def _stats(provider: str) -> dict[str, Any]:
    return dict(httpx.get(provider.removesuffix("/v1") + "/sim/stats").json())


def test_what_is_asked_is_counted_under_the_person_at_the_playgrounds_tariff(instance: Instance) -> None:
    [model] = instance.api("GET", "/models?search=sim-small-messages")["data"]
    tariffs = [
        {
            "name": purpose,
            "input_price_per_token": price,
            "output_price_per_token": price,
            "api_key_purpose": purpose,
        }
        for purpose, price in (("realtime", "1"), ("playground", "0.25"))
    ]
    body = {"type": "standard", "model_name": "sim-small", "alias": "priced", "tariffs": tariffs}
    made = instance.api("POST", "/models", {**body, "hosted_on": model["hosted_on"]})
    instance.api("POST", f"/groups/00000000-0000-0000-0000-000000000000/models/{made['id']}", status=204)
    me = instance.api("GET", "/users/current")["id"]
    gift = {"user_id": me, "transaction_type": "admin_grant", "amount": "1000", "source_id": "gift"}
    instance.api("POST", "/transactions", gift, status=201)
    fields = {"x-request-id": "from-a-page"}

    def answered() -> list[httpx.Response]:
        """Once the model and the gift are in force; what is refused before that is not asked of the provider."""
        answer = instance.admin.post(_CHAT, json=_chat("priced"), headers=fields)
        return [] if answer.status_code in (402, 404) else [answer]

    [answer] = until(answered)
    assert answer.status_code == 200
    assert answer.headers["x-request-id"] == "from-a-page"
    [row] = until(lambda: [row for row in instance.requests(model="priced") if row["status"] == 200])
    assert (str(row["user_id"]), row["client_request_id"]) == (me, "from-a-page")
    [key] = instance.sql("SELECT purpose, hidden FROM api_keys WHERE id = $1", row["key_id"])
    assert (key["purpose"], key["hidden"]) == ("playground", True)
    assert row["cost"] * 4 == answer.json()["usage"]["total_tokens"]


@contextmanager
def _signed_in(instance: Instance) -> Iterator[httpx.Client]:
    """The administrator in another browser."""
    with httpx.Client(base_url=instance.address, timeout=30.0) as client:
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        answer = client.post("/authentication/login", json=login)
        client.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
        yield client


def test_a_sessions_secret_is_in_force_before_it_is_used_and_ends_with_it(instance: Instance) -> None:
    seal, url = Seal(SECRET_KEY, "api-key"), f"{instance.base_url}/models"
    for _ in range(5):
        with _signed_in(instance) as browser:
            assert browser.post(_CHAT, json=_chat("sim-small")).status_code == 200
            [lent] = instance.sql("SELECT id, sealed_secret FROM lent_secrets ORDER BY created_at DESC LIMIT 1")
            secret = {"authorization": f"Bearer {seal.open(lent['sealed_secret'], str(lent['id']))}"}
            assert httpx.get(url, headers=secret).status_code == 200
            assert browser.post("/authentication/logout").status_code == 200
        until(lambda secret=secret: httpx.get(url, headers=secret).status_code == 401)  # type: ignore[misc]


def test_pieces_come_as_the_provider_says_them_and_leaving_ends_it(browser: httpx.Client, provider: str) -> None:
    before = _stats(provider)["cancelled"]
    with browser.stream("POST", _CHAT, json=_chat(_SLOW, stream=True)) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        pieces = answer.iter_bytes()
        first = next(pieces)
        assert (first.endswith(b"\n\n"), first.count(b"data: ") <= 2) == (True, True)
        next(pieces)
    until(lambda: _stats(provider)["cancelled"] == before + 1, seconds=1.0, message="the provider goes on")


def test_leaving_before_the_answer_begins_ends_it_too(browser: httpx.Client, provider: str) -> None:
    before = _stats(provider)
    with pytest.raises(httpx.ReadTimeout):
        browser.post(_CHAT, json=_chat(_SILENT), timeout=0.3)
    until(lambda: _stats(provider)["cancelled"] == before["cancelled"] + 1, seconds=1.0, message="it goes on")


def test_leaving_in_the_middle_of_the_question_asks_nobody(instance: Instance, provider: str) -> None:
    before = _stats(provider)["requests"]
    cookie = instance.admin.headers["cookie"]
    head = (
        f"POST {_CHAT} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\ncontent-type: application/json\r\n"
        "content-length: 1000\r\n\r\n"
    )
    host, _, port = instance.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(head.encode() + b'{"model":')
    assert instance.admin.post(_CHAT, json=_chat("sim-small")).status_code == 200
    assert sum(_stats(provider)["requests"].values()) == sum(before.values()) + 1


def _ask_recorder(instance: Instance, fields: dict[str, str]) -> httpx.Response:
    """The answer, once the gateway knows the person: whom a proxy brings has an account from the first request on."""
    url, body = instance.address + _CHAT, _chat("recorded")
    until(lambda: httpx.post(url, json=body, headers=fields).status_code != 503)
    return httpx.post(url, json=body, headers=fields)


def test_nothing_of_the_persons_credentials_goes_on(instance: Instance, recorder: _Recorder) -> None:
    platform = instance.make_key("page", purpose="platform")["key"]
    fields = {
        "cookie": "control_layer_session=theirs; other=cookie",
        "x-api-key": "sk-theirs",
        "api-key": "theirs",
        _PROXYS_FIELD: "jo",
        "x-control-layer-email": "jo@example.org",
        "referer": "http://page.test/",
        "anthropic-beta": "kept",
    }
    for credential in ({"authorization": f"Bearer {platform}"}, {"cookie": instance.admin.headers["cookie"]}, {}):
        answer = _ask_recorder(instance, fields | credential)
        assert (answer.status_code, answer.content) == (200, b"{}")
        assert "set-cookie" not in answer.headers
        heard = recorder.heard[-1]
        assert heard["authorization"] == "Bearer the-providers"
        assert heard["anthropic-beta"] == "kept"
        assert heard.keys().isdisjoint({"cookie", "x-api-key", "api-key", _PROXYS_FIELD, "referer"})
        assert not any(name.startswith(("x-control-layer-", "sec-")) for name in heard)
        assert "theirs" not in str(heard)


def test_forms_pass_however_they_come(browser: httpx.Client) -> None:
    form = {"files": {"file": ("a.wav", b"RIFF" * 2000)}, "data": {"model": "sim-transcribe"}}
    request = browser.build_request("POST", f"{_PLAYGROUND}/audio/transcriptions", **form)  # type: ignore[arg-type]
    content = request.read()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    kind = {"content-type": request.headers["content-type"]}
    for body in (content, pieces()):
        answer = browser.post(f"{_PLAYGROUND}/audio/transcriptions", content=body, headers=kind)
        assert (answer.status_code, "text" in answer.json()) == (200, True)


def test_a_body_over_the_gateways_limit_is_refused_however_it_comes(browser: httpx.Client) -> None:
    large = b'{"model": "sim-small", "messages": [{"role": "user", "content": "' + b"x" * 40 * _MAX_BODY_BYTES

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    for body in (large, pieces()):
        answer = browser.post(_CHAT, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_everything_else_under_ai_is_there_too(browser: httpx.Client) -> None:
    listed = browser.get(f"{_PLAYGROUND}/models").json()["data"]
    assert {*_MODELS, "recorded"} <= {model["id"] for model in listed}
    assert browser.head(f"{_PLAYGROUND}/models").content == b""
    assert browser.get(f"{_PLAYGROUND}/models/sim-small").json()["id"] == "sim-small"
    assert browser.get(f"{_PLAYGROUND}/files?limit=1").json()["object"] == "list"
    assert browser.get("/admin/api/v1/ai/openapi.json").json()["openapi"] == "3.1.0"
    message = {**_chat("sim-small-messages"), "max_tokens": 5}
    assert browser.post(f"{_PLAYGROUND}/messages", json=message).json()["type"] == "message"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"messages": []}', 400, "Could not extract model from request"),
        (b'{"model": null}', 400, "Could not extract model from request"),
        (b'{"model": 5}', 400, "invalid_type"),
        (b"{", 400, "invalid_json"),
        (b'{"model": "no-such"}', 404, "model_not_found"),
    ],
)
def test_refusals_are_the_gateways_but_for_a_missing_model(
    browser: httpx.Client, body: bytes, status: int, said: str
) -> None:
    answer = browser.post(_CHAT, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, said in answer.text) == (status, True), answer.text


def test_a_missing_model_is_problem_details_for_whoever_wants_them(browser: httpx.Client) -> None:
    answer = browser.post(_CHAT, json={}, headers={"accept": "application/problem+json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "model_missing")


@pytest.mark.parametrize(
    "path", ["/admin/api/v1/%61i/v1/models", "/admin/api/v1/ai/../users", "/admin/api/v1/ai/v1/%2e%2e/%2e%2e/users"]
)
def test_a_path_that_could_be_read_as_another_leads_nowhere(instance: Instance, path: str) -> None:
    host, _, port = instance.address.removeprefix("http://").partition(":")
    cookie = instance.admin.headers["cookie"]
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in {b"404", b"400"}, answer
    assert b"data" not in answer


def test_other_sites_pages_ask_nothing_in_a_persons_name(browser: httpx.Client) -> None:
    answer = browser.post(_CHAT, json=_chat("sim-small"), headers={"origin": "https://evil.test"})
    assert (answer.status_code, "another site" in answer.text) == (403, True)


def test_strangers_and_keys_for_inference_are_not_signed_in(instance: Instance) -> None:
    key = instance.make_key("inference")["key"]
    for fields in ({}, {"authorization": f"Bearer {key}"}):
        answer = httpx.post(instance.address + _CHAT, json=_chat("sim-small"), headers=fields)
        assert (answer.status_code, answer.text) == (401, "Authentication required")


def test_a_stream_that_broke_does_not_look_whole(browser: httpx.Client) -> None:
    with (
        pytest.raises(httpx.RemoteProtocolError),
        browser.stream("POST", _CHAT, json=_chat("sim-reset-middle")) as answer,
    ):
        answer.read()
    text = browser.post(_CHAT, json=_chat("sim-reset-middle", stream=True)).text
    assert ("[DONE]" in text, '"error"' in text) == (False, True)
