"""Providers that fail in every way: alone, the client is told in its dialect what happened; beside a good one it hears
nothing, or, where the answer had begun, that it broke off. Either way there is one row, with each attempt in it.
"""

from __future__ import annotations

import json
import ssl
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
import trustme
from bench.processes import simulator
from openai.types.chat.chat_completion_chunk import Choice
from tests.faults.connection import Answer, Broken
from tests.faults.scripted_provider import COMPLETION, STALLED_STREAM, scripted_provider, spoken
from tests.faults.target import Provider, Target, chat, events, ours_only
from tests.running import SPEAKS_ALL, Instance, running

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(240)]

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_PATIENT = {"failures": 1_000_000, "min_requests": 1_000_000_000}
_IMPATIENT = {"first_byte": 0.5, "idle": 0.5}
_GOOD = "sim-small"
_BESIDE = " and a good one"
"""Behind a bad provider's name: a model with a good one in second place."""
_HALF = spoken(b'{"id": "s", "choices": [', "application/json", length=1000)
_FAILED = "model_unavailable"


@dataclass(frozen=True, slots=True)
class _Bad:
    """A provider that fails before it has said anything, and what is heard of it where it is alone."""

    name: str
    status: int
    code: str
    openai_type: str
    anthropic_type: str
    attempts: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    """Fields that the client is told."""
    model: str = ""
    """The simulator's, where that plays it."""

    def __str__(self) -> str:
        return self.name


_UPSTREAM = ("upstream_error", "api_error")
_CONNECTING = (502, _FAILED, *_UPSTREAM, ("connect_failed",) * 2)
_SIMULATED = ("simulated_error", "simulated_error", "simulated_error", ("simulated_error",))
_LIMITED = ("upstream_rate_limited", "rate_limit_error", "rate_limit_error", ("upstream_rate_limited",))
_RESET = ("reset_before_response",) * 2
_SOON = {"retry-after": "7"}
_SILENT = (
    _Bad("resets", 502, _FAILED, *_UPSTREAM, _RESET, model="sim-reset-before"),
    _Bad("hangs", 504, "upstream_timeout", *_UPSTREAM, ("first_byte_timeout",), model="sim-hang"),
    _Bad("limits us", 429, *_LIMITED, _SOON, model="sim-error-429"),
    _Bad("fails", 500, *_SIMULATED, model="sim-error-500"),
    _Bad("is busy", 503, *_SIMULATED, _SOON, model="sim-error-503"),
    _Bad("is overloaded", 529, *_SIMULATED, model="sim-error-529"),
    _Bad("has an expired certificate", *_CONNECTING),
    _Bad("has a certificate of nobody we know", *_CONNECTING),
    _Bad("speaks no TLS", *_CONNECTING),
    _Bad("has no address", *_CONNECTING),
)
_BROKEN = {"reset after the head": "sim-reset-after", "reset in the middle": "sim-reset-middle-tokens-200",
           "announces more than it sends": "sim-wrong-content-length"}  # fmt: skip
_WELL = ("has an expired certificate, which is not looked at", "has a good certificate")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {"CONTROL_LAYER_GATEWAY__RETRIES__RESERVE": "10000"}
    with running(tmp_path_factory.mktemp("providers"), environment=environment) as instance:
        yield instance


@pytest.fixture(scope="module")
def target(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with simulator("--api-key", "provider-credential") as url, ExitStack() as stack:
        good = _standard(instance, "good", url, _GOOD)
        places = {bad.name: (url, bad.model) for bad in _SILENT if bad.model}
        places |= {name: (url, model) for name, model in _BROKEN.items()}
        places |= {"drips": (url, "sim-drip-slow-chunks-2ms-tokens-2"), "says half": (url, "sim-truncated")}
        for name, pieces in (("stalls", (STALLED_STREAM,)), ("stalls in its message", (_HALF,))):
            port = stack.enter_context(scripted_provider(*pieces))
            places[name] = (f"http://127.0.0.1:{port}/v1", "scripted")
        for name, (address, model) in places.items():
            _composite(instance, name, _standard(instance, name, address, model), good)
        for name, (address, settings) in _unreachable(stack, tmp_path_factory.mktemp("tls")).items():
            _composite(instance, name, _standard(instance, name, address, "scripted", **settings), good)
        key = str(instance.make_key("providers")["key"])
        # What was granted last is known last.
        instance.wait_callable(key, "has no address" + _BESIDE)
        yield Target(instance.base_url, key, Provider(url), instance)


def _unreachable(stack: ExitStack, directory: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Addresses of providers that speak TLS, or should, with the fields of their endpoints."""
    authority, stranger = trustme.CA(), trustme.CA()
    now = datetime.now(UTC)
    begun, over = now - timedelta(days=2), now - timedelta(days=1)
    certificates = {
        "valid": authority.issue_cert("127.0.0.1"),
        "expired": authority.issue_cert("127.0.0.1", not_before=begun, not_after=over),
        "strange": stranger.issue_cert("127.0.0.1"),
    }
    ports = {
        name: stack.enter_context(scripted_provider(COMPLETION, tls=_speaking(certificate)))
        for name, certificate in certificates.items()
    }
    trusted = {"ca_bundle": authority.cert_pem.bytes().decode()}
    plain = stack.enter_context(scripted_provider(b"220 This is no TLS.\r\n", listens=False))
    at = "https://127.0.0.1:{}/v1"
    return {
        "has an expired certificate": (at.format(ports["expired"]), trusted),
        "has an expired certificate, which is not looked at": (at.format(ports["expired"]), {"verify_tls": False}),
        "has a good certificate": (at.format(ports["valid"]), trusted),
        "has a certificate of nobody we know": (at.format(ports["strange"]), trusted),
        "speaks no TLS": (at.format(plain), {}),
        "has no address": ("http://no-such-host.invalid/v1", {}),
    }


def _speaking(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _standard(instance: Instance, name: str, url: str, model: str, **fields: object) -> str:
    """A model at an endpoint of its own, called `name`; its id."""
    credential = {"api_key": "provider-credential"}
    endpoint = instance.connect_provider(url, [model], name=name, options=SPEAKS_ALL, **credential, **fields)
    (made,) = instance.api("GET", f"/models?endpoint={endpoint}")["data"]
    instance.api("PATCH", f"/models/{made['id']}", {"alias": name})
    policy = {"breaker": _PATIENT, "timeouts": _IMPATIENT}
    instance.api("PUT", f"/models/{made['id']}/traffic-policy", policy)
    return str(made["id"])


def _composite(instance: Instance, name: str, *components: str) -> None:
    """A model that goes to the first of them while it can."""
    alias = name + _BESIDE
    body = {"type": "composite", "model_name": alias, "alias": alias, "fallback_enabled": True}
    made = instance.api("POST", "/models", body)["id"]
    for component in components:
        instance.api("POST", f"/models/{made}/components/{component}")
    instance.api("PATCH", f"/models/{made}", {"lb_strategy": "priority"})
    instance.api("PUT", f"/models/{made}/traffic-policy", {"timeouts": _IMPATIENT})
    instance.api("POST", f"/groups/{_EVERYONE}/models/{made}", status=204)


# -- before it has said anything -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("bad", _SILENT, ids=str)
def test_a_lone_provider_that_fails_is_told_of_in_the_clients_dialect(
    target: Target, bad: _Bad, path: str, stream: bool
) -> None:
    request_id, answer = _ask(target, path, bad.name, stream=stream)
    assert answer.status == bad.status, answer.body
    error = answer.json()["error"]
    assert isinstance(error, dict)
    if path == "/messages":
        assert answer.json()["type"] == "error"
        assert error["type"] == bad.anthropic_type
    else:
        assert (error["code"], error["type"]) == (bad.code, bad.openai_type)
    assert "127.0.0.1" not in answer.body.decode()
    assert ".invalid" not in answer.body.decode()
    assert answer.headers | bad.headers == answer.headers
    row = _row(target, request_id)
    assert (row["status"], row["token_source"], row["finish_reason"]) == (bad.status, "none", None)
    assert row["error"] == bad.code
    if bad.code == "simulated_error":
        # The provider's own words are an answer, which is passed on whole.
        assert row["outcome"] == "completed"
        assert [attempt["status"] for attempt in json.loads(row["attempts"])] == [bad.status]
    else:
        assert row["outcome"] == "failed"
        assert _attempts(row) == list(bad.attempts)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("bad", _SILENT, ids=str)
def test_beside_a_good_one_its_client_hears_nothing_of_it(target: Target, bad: _Bad, path: str, stream: bool) -> None:
    request_id, answer = _ask(target, path, bad.name + _BESIDE, stream=stream)
    assert answer.status == 200, answer.body
    assert b"error" not in answer.body
    if stream:
        assert (b"[DONE]" in answer.body) == (path == "/chat/completions")
    row = _row(target, request_id)
    assert (row["outcome"], row["status"], row["token_source"]) == ("completed", 200, "provider")
    attempts = _attempts(row)
    assert attempts.pop() is None
    # Who has said when to come back is asked again only then.
    assert attempts == [bad.attempts[0]] or (bad.headers and not attempts)


@pytest.mark.parametrize("name", _WELL)
def test_a_certificate_is_looked_at_as_the_endpoint_says(target: Target, name: str) -> None:
    request_id, answer = _ask(target, "/chat/completions", name)
    assert answer.status == 200
    assert _attempts(_row(target, request_id)) == [None]


# -- when it has said something --------------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", ["", _BESIDE])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_a_stream_that_is_reset_in_its_middle_ends_in_an_error(target: Target, path: str, beside: str) -> None:
    request_id, received = _broken_stream(target, path, "reset in the middle" + beside)
    assert b"error" in received.rpartition(b"data: ")[2]
    _check_broken(target, request_id, received, "upstream_broken", ["reset_during_response"])


@pytest.mark.parametrize("beside", ["", _BESIDE])
def test_a_stream_that_says_nothing_more_ends_in_an_error(target: Target, beside: str) -> None:
    request_id, received = _broken_stream(target, "/chat/completions", "stalls" + beside)
    said, last = events(received)[:-1], json.loads(events(received)[-1])
    assert [json.loads(event)["choices"][0]["delta"]["content"] for event in said] == ["Once ", "upon"]
    assert last["error"]["code"] == "upstream_timeout"
    _check_broken(target, request_id, received, "upstream_timeout", ["idle_timeout"])


@pytest.mark.parametrize(
    ("name", "error", "attempt"),
    [
        *((name, "upstream_broken", "reset_during_response") for name in _BROKEN),
        ("stalls in its message", "upstream_timeout", "idle_timeout"),
    ],
)
def test_a_message_that_is_not_whole_never_looks_whole(target: Target, name: str, error: str, attempt: str) -> None:
    request_id = _id()
    try:
        answer = target.post("/chat/completions", chat(name), request_id)
    except Broken:
        pass
    else:
        assert answer.status in (502, 504)
        assert "error" in answer.json()
    row = _row(target, request_id)
    assert (row["outcome"], row["error"], row["finish_reason"]) == ("failed", error, None)
    assert _attempts(row) == [attempt]


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_reset_behind_its_head_is_begun_elsewhere(target: Target, stream: bool) -> None:
    request_id, answer = _ask(target, "/chat/completions", "reset after the head" + _BESIDE, stream=stream)
    assert (answer.status, b"error" in answer.body) == (200, False)
    row = _row(target, request_id)
    assert row["outcome"] == "completed"
    assert _attempts(row) == ["reset_during_response", None]


@pytest.mark.parametrize("beside", ["", _BESIDE])
def test_a_slow_drip_is_a_stream_like_any_other(target: Target, beside: str) -> None:
    """It takes longer than the idle timeout, but never pauses for as long."""
    request_id, answer = _ask(target, "/chat/completions", "drips" + beside, stream=True)
    assert events(answer.body)[-1] == "[DONE]"
    row = _row(target, request_id)
    assert (row["outcome"], row["finish_reason"], row["token_source"]) == ("completed", "stop", "provider")
    assert row["duration_seconds"] > _IMPATIENT["idle"]
    assert _attempts(row) == [None]


@pytest.mark.parametrize("beside", ["", _BESIDE])
def test_half_of_a_json_is_passed_on_as_it_came_and_estimated(target: Target, beside: str) -> None:
    """Its framing is whole, and an answer is not ours to judge."""
    request_id, answer = _ask(target, "/chat/completions", "says half" + beside)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(answer.body)
    row = _row(target, request_id)
    assert (row["outcome"], row["status"], row["token_source"]) == ("completed", 200, "estimate")
    assert row["finish_reason"] is None


# -- the official libraries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("limits us", openai.RateLimitError),
        ("hangs", openai.InternalServerError),
        ("has an expired certificate", openai.InternalServerError),
        ("resets", openai.InternalServerError),
    ],
)
def test_openais_library_raises_what_it_should(target: Target, name: str, kind: type[openai.APIStatusError]) -> None:
    with openai.OpenAI(base_url=target.base_url, api_key=target.key, max_retries=0) as client:
        with pytest.raises(kind) as raised:
            client.chat.completions.create(model=name, messages=[{"role": "user", "content": "Hello"}])
        answer = client.chat.completions.create(model=name + _BESIDE, messages=[{"role": "user", "content": "Hello"}])
    assert raised.value.code == next(bad.code for bad in _SILENT if bad.name == name)
    assert answer.choices[0].finish_reason == "stop"


def test_openais_library_sees_a_stream_break_off(target: Target) -> None:
    seen: list[Choice] = []
    with (
        openai.OpenAI(base_url=target.base_url, api_key=target.key, max_retries=0) as client,
        client.chat.completions.create(
            model="stalls", messages=[{"role": "user", "content": "Hello"}], stream=True
        ) as stream,
        pytest.raises(openai.APIError),
    ):
        seen.extend(chunk.choices[0] for chunk in stream)
    assert [choice.delta.content for choice in seen] == ["Once ", "upon"]
    assert {choice.finish_reason for choice in seen} == {None}


def test_anthropics_library_raises_what_it_should(target: Target) -> None:
    question: anthropic.types.MessageParam = {"role": "user", "content": "Hello"}
    address = target.base_url.removesuffix("/v1")
    with anthropic.Anthropic(base_url=address, api_key=target.key, max_retries=0) as client:
        with pytest.raises(anthropic.RateLimitError):
            client.messages.create(model="limits us", max_tokens=100, messages=[question])
        answer = client.messages.create(model="limits us" + _BESIDE, max_tokens=100, messages=[question])
    assert (answer.role, answer.stop_reason) == ("assistant", "end_turn")


# -- asking, and what is recorded ------------------------------------------------------------------------------------


def _id() -> str:
    return f"provider-{uuid.uuid4()}"


def _body(path: str, model: str, *, stream: bool) -> dict[str, object]:
    body = chat(model, stream=stream)
    return {**body, "max_tokens": 1000} if path == "/messages" else body


def _ask(target: Target, path: str, model: str, *, stream: bool = False) -> tuple[str, Answer]:
    request_id = _id()
    return request_id, target.post(path, _body(path, model, stream=stream), request_id)


def _broken_stream(target: Target, path: str, model: str) -> tuple[str, bytes]:
    """A stream that begins well; everything that came of it."""
    request_id, received = _id(), b""
    with target.connect() as connection:
        body = json.dumps(_body(path, model, stream=True)).encode()
        connection.send(path, body, target.headers(request_id))
        assert connection.status() == 200
        try:
            for piece in connection.pieces():
                received += piece
        except Broken:
            pass
    return request_id, received


def _check_broken(target: Target, request_id: str, received: bytes, error: str, attempts: Sequence[str]) -> None:
    """No end was invented, and the one row says what happened."""
    assert b"[DONE]" not in received
    assert b'"stop"' not in received
    assert b"message_stop" not in received
    row = _row(target, request_id)
    assert (row["outcome"], row["status"], row["error"]) == ("failed", 200, error)
    assert (row["finish_reason"], row["token_source"]) == (None, "estimate")
    assert _attempts(row) == list(attempts)


def _row(target: Target, request_id: str) -> dict[str, Any]:
    row = target.row(request_id)
    assert row is not None
    return row


def _attempts(row: dict[str, Any]) -> list[str | None]:
    """How each went; `None` for well."""
    return [attempt["error"] for attempt in json.loads(row["attempts"])]
