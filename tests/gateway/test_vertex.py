"""Vertex AI and Azure with credentials that buy access tokens: both SDKs, and what happens to the tokens meanwhile."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import httpx
import msgspec
import openai
import pytest
from anthropic import Anthropic
from bench.processes import GatewayProcess, World, simulator, start_gateway
from openai import OpenAI
from tests.gateway.conftest import Journal, Provider, chat, until

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.routing import Breaker
from control_layer.contract.snapshot import Deployment, Endpoint, Timeouts, Update

_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_NONE = DialectOptions()
_IN_PROJECT = DialectOptions(project="other-project", location="europe-west4")
_PROMPT: list[Any] = [{"role": "user", "content": "Say something."}]
_WEATHER: list[Any] = [{"role": "user", "content": "Use the tool get_weather, please."}]
_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
_OPENAI_TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": _SCHEMA}}
_ANTHROPIC_TOOL: Any = {"name": "get_weather", "input_schema": _SCHEMA}


@dataclass(slots=True)
class Place:
    """An endpoint. `query` of the simulated cloud's credentials, or `None` for a credential that is sent as it is."""

    path: str = "/vertex"
    dialect: str = "vertex"
    options: DialectOptions = _NONE
    query: str | None = ""
    credential: str = "provider-credential"
    change: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Clouds(World):
    """`models` are aliases, each with its endpoint and the provider's model."""

    places: dict[str, Place] = field(default_factory=dict)
    models: dict[str, tuple[str, str]] = field(default_factory=dict)

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        ids = {name: str(uuid.UUID(int=900 + number)) for number, name in enumerate(self.places)}
        endpoints = [self._endpoint(ids[name], name, place) for name, place in self.places.items()]
        models = []
        for model in whole.models:
            place, name = self.models[model.alias]
            deployment = Deployment(model.id, ids[place], name, breaker=_PATIENT)
            models.append(msgspec.structs.replace(model, deployments=(deployment,)))
        return msgspec.structs.replace(whole, endpoints=tuple(endpoints), models=tuple(models))

    def _endpoint(self, endpoint_id: str, name: str, place: Place) -> Endpoint:
        root = self.url.removesuffix("/v1")
        self.credential = place.credential
        if place.query is not None:
            kind = "entra-client" if place.dialect == "azure" else "service-account"
            found = httpx.get(f"{root}/sim/{kind}?{place.query}").json()
            self.credential = json.dumps({**found, **place.change})
        header = DIALECTS[place.dialect].header
        sealed = self.sealed(endpoint_id)
        return Endpoint(
            endpoint_id, name, root + place.path, *header, sealed, dialect=place.dialect, options=place.options
        )


def _clouds(url: str, places: dict[str, Place], models: dict[str, tuple[str, str]], **more: Any) -> Clouds:
    return Clouds(url, aliases=tuple(models), places=places, models=models, **more)


_PLACES = {
    "vertex": Place(),
    "elsewhere": Place(options=_IN_PROJECT),
    "in-url": Place("/vertex/v1/projects/url-project/locations/us-east5"),
    "token": Place(options=_IN_PROJECT, query=None),
    "brief": Place(query="seconds=2"),
    "refused": Place(change={"client_email": "nobody@sim-project.iam.gserviceaccount.com"}),
    "wrong-key": Place(change={"private_key": "no key"}),
    "azure": Place("/azure", "azure"),
    "azure-refused": Place("/azure", "azure", change={"client_secret": "another"}),
    "lenient": Place(options=DialectOptions(unsupported_parameters="drop")),
}
_NAMES = ("small", "calls-2-reasoning", "embed", "error-429", "context", "error-401", "cut", "no-usage", "reasoning")
_MODELS = {
    **{f"gemini-{name}": ("vertex", f"sim-{name}") for name in _NAMES},
    **{f"claude-{name}": ("vertex", f"anthropic/sim-{name}") for name in _NAMES},
    "claude-small": ("vertex", "anthropic/sim-small@20260101"),
    "gemini-elsewhere": ("elsewhere", "google/sim-small"),
    "gemini-in-url": ("in-url", "publishers/google/models/sim-small"),
    "gemini-token": ("token", "sim-small"),
    "gemini-embedding-one": ("vertex", "gemini-embedding-001"),
    "gemini-embedding-two": ("vertex", "gemini-embedding-2"),
    "mistral": ("vertex", "mistralai/mistral-medium"),
    "brief": ("brief", "sim-small"),
    "refused": ("refused", "sim-small"),
    "wrong-key": ("wrong-key", "sim-small"),
    "azure": ("azure", "sim-small"),
    "azure-transcribe": ("azure", "sim-transcribe"),
    "azure-refused": ("azure-refused", "sim-small"),
    "claude-lenient": ("lenient", "anthropic/sim-small"),
}


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Clouds:
    return _clouds(simulator_url, _PLACES, _MODELS)


@pytest.fixture
def openai_client(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: GatewayProcess) -> Iterator[Anthropic]:
    base_url = gateway.base_url.removesuffix("/v1")
    with Anthropic(base_url=f"{base_url}/anthropic", api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


# -- both SDKs ---------------------------------------------------------------------------------------------------------

_GOOGLES = "/v1/projects/sim-project/locations/global/publishers/google/models"
_GOOGLES_ELSEWHERE = "/v1/projects/other-project/locations/europe-west4/publishers/google/models"
_GOOGLES_IN_URL = "/v1/projects/url-project/locations/us-east5/publishers/google/models"
_ANTHROPICS = "/v1/projects/sim-project/locations/global/publishers/anthropic/models"


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("gemini-small", f"{_GOOGLES}/sim-small:generateContent sim-small"),
        ("gemini-small", f"{_GOOGLES}/sim-small:streamGenerateContent sim-small"),
        ("claude-small", f"{_ANTHROPICS}/sim-small@20260101:rawPredict sim-small@20260101"),
        ("claude-small", f"{_ANTHROPICS}/sim-small@20260101:streamRawPredict sim-small@20260101"),
        ("gemini-elsewhere", f"{_GOOGLES_ELSEWHERE}/sim-small:generateContent sim-small"),
        ("gemini-in-url", f"{_GOOGLES_IN_URL}/sim-small:generateContent sim-small"),
    ],
)
def test_a_chat_completion(openai_client: OpenAI, provider: Provider, journal: Journal, model: str, asked: str) -> None:
    with journal.admitted(2) as ends:
        whole = openai_client.chat.completions.create(model=model, messages=_PROMPT)
        chunks = list(openai_client.chat.completions.create(model=model, messages=_PROMPT, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == whole.choices[0].message.content
    assert "simulated" in said
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    for end in ends:
        assert (end.tokens.input, end.tokens.output) == (whole.usage.prompt_tokens, whole.usage.completion_tokens)
        assert (end.tokens.source, end.outcome, end.finish_reason) == ("provider", "completed", "stop")
    assert asked in provider.stats()["requests"]


@pytest.mark.parametrize("model", ["gemini-small", "claude-small"])
def test_a_message(anthropic_client: Anthropic, journal: Journal, model: str) -> None:
    with journal.admitted(2) as ends:
        whole = anthropic_client.messages.create(model=model, max_tokens=500, messages=_PROMPT)
        with anthropic_client.messages.stream(model=model, max_tokens=500, messages=_PROMPT) as stream:
            streamed = stream.get_final_message()
    assert [block.to_dict() for block in whole.content] == [block.to_dict() for block in streamed.content]
    assert (whole.stop_reason, streamed.stop_reason) == ("end_turn", "end_turn")
    assert streamed.usage.output_tokens == whole.usage.output_tokens > 0
    for end in ends:
        assert (end.tokens.input, end.tokens.output) == (whole.usage.input_tokens, whole.usage.output_tokens)


@pytest.mark.parametrize("model", ["gemini-small", "claude-small"])
def test_a_response(openai_client: OpenAI, model: str) -> None:
    whole = openai_client.responses.create(model=model, input="Say something.", store=False)
    with openai_client.responses.stream(model=model, input="Say something.", store=False) as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_response()
    assert whole.output_text == streamed.output_text != ""


@pytest.mark.parametrize("model", ["gemini-calls-2-reasoning", "claude-calls-2-reasoning"])
def test_tools_of_openai_go_around(openai_client: OpenAI, model: str) -> None:
    """Calls have no ids at Gemini: results are told by their order."""
    first = openai_client.chat.completions.create(model=model, messages=_WEATHER, tools=[_OPENAI_TOOL])
    calls = first.choices[0].message.tool_calls or []
    assert len({call.id for call in calls}) == len(calls) == 2
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in reversed(calls)]
    turns: list[Any] = [*_WEATHER, first.choices[0].message.model_dump(exclude_none=True), *results]
    last = openai_client.chat.completions.create(model=model, messages=turns, tools=[_OPENAI_TOOL])
    assert last.choices[0].message.content


@pytest.mark.parametrize("model", ["gemini-calls-2-reasoning", "claude-calls-2-reasoning"])
def test_tools_of_anthropic_go_around(anthropic_client: Anthropic, model: str) -> None:
    first = anthropic_client.messages.create(model=model, max_tokens=500, messages=_WEATHER, tools=[_ANTHROPIC_TOOL])
    calls = [block for block in first.content if block.type == "tool_use"]
    assert (first.stop_reason, len(calls)) == ("tool_use", 2)
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"} for call in calls]
    turns: list[Any] = [
        *_WEATHER, {"role": "assistant", "content": first.content}, {"role": "user", "content": results},
    ]  # fmt: skip
    last = anthropic_client.messages.create(model=model, max_tokens=500, messages=turns, tools=[_ANTHROPIC_TOOL])
    assert last.content[-1].type == "text"


def test_what_only_claude_knows_reaches_it(anthropic_client: Anthropic) -> None:
    """A translation would have no words for these."""
    document: Any = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "It rains."},
        "citations": {"enabled": True},
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }
    messages: list[Any] = [{"role": "user", "content": [document, {"type": "text", "text": "Say something."}]}]
    answer = anthropic_client.messages.create(
        model="claude-small", max_tokens=500, messages=messages, extra_headers={"anthropic-beta": "something-new"}
    )
    assert answer.content[0].type == "text"


@pytest.mark.parametrize("model", ["gemini-small", "claude-small"])
def test_tokens_are_counted_by_the_provider(anthropic_client: Anthropic, model: str) -> None:
    tools = [_ANTHROPIC_TOOL]
    counted = anthropic_client.messages.with_raw_response.count_tokens(
        model=model, messages=_PROMPT, tools=tools, tool_choice={"type": "any"}, system="Be brief."
    )
    assert "x-control-layer-token-count" not in counted.headers
    assert counted.parse().input_tokens > 0


@pytest.mark.parametrize("model", ["gemini-embed", "gemini-embedding-one", "gemini-embedding-two"])
def test_embeddings(openai_client: OpenAI, journal: Journal, model: str) -> None:
    with journal.admitted() as ends:
        given = openai_client.embeddings.create(model=model, input="one", dimensions=12)
    assert [len(each.embedding) for each in given.data] == [12]
    assert (ends[0].outcome, ends[0].tokens.source) == ("completed", "provider")
    assert given.usage.prompt_tokens == (ends[0].tokens.input or 0) > 0


def test_texts_at_once(openai_client: OpenAI, client: httpx.Client) -> None:
    given = openai_client.embeddings.create(model="gemini-embed", input=["one", "two"])
    assert len(given.data) == 2
    for model in ("gemini-embedding-one", "gemini-embedding-two"):
        answer = client.post("/embeddings", json={"model": model, "input": ["one", "two"]})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")


@pytest.mark.parametrize("tier", ["flex", "priority"])
def test_a_tier_of_gemini_is_said_in_the_head(client: httpx.Client, tier: str) -> None:
    assert client.post("/chat/completions", json=chat("gemini-small", service_tier=tier)).status_code == 200


def test_what_cannot_be_said(client: httpx.Client) -> None:
    for body, param in ((chat("mistral"), "model"), (chat("claude-small", service_tier="flex"), "service_tier")):
        answer = client.post("/chat/completions", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["code"] == "unsupported_parameter"
        assert answer.json()["error"]["param"] == param
    answer = client.post("/chat/completions", json=chat("claude-lenient", service_tier="flex", seed=3))
    assert answer.headers["x-control-layer-dropped-parameters"] == "seed, service_tier"
    answer = client.post("/embeddings", json={"model": "claude-small", "input": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_api")


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaker", ["gemini", "claude"])
@pytest.mark.parametrize(
    ("fault", "raised", "anthropics"),
    [
        ("error-429", openai.RateLimitError, anthropic.RateLimitError),
        ("context", openai.BadRequestError, anthropic.BadRequestError),
        ("error-401", openai.InternalServerError, anthropic.InternalServerError),
    ],
)
def test_errors_in_both_shapes(
    openai_client: OpenAI,
    anthropic_client: Anthropic,
    speaker: str,
    fault: str,
    raised: type[openai.APIStatusError],
    anthropics: type[anthropic.APIStatusError],
) -> None:
    with pytest.raises(raised) as told:
        openai_client.chat.completions.create(model=f"{speaker}-{fault}", messages=_PROMPT)
    assert isinstance(told.value.body, dict)
    assert told.value.body["message"]
    with pytest.raises(anthropics) as said:
        anthropic_client.messages.create(model=f"{speaker}-{fault}", max_tokens=99, messages=_PROMPT)
    assert isinstance(said.value.body, dict)
    assert said.value.body["type"] == "error"
    assert said.value.body["error"]["message"]


@pytest.mark.parametrize("speaker", ["gemini", "claude"])
@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_a_stream_that_broke_never_looks_whole(client: httpx.Client, journal: Journal, speaker: str, path: str) -> None:
    with journal.admitted() as ends:
        text = client.post(path, json=chat(f"{speaker}-cut", stream=True) | {"max_tokens": 500}).text
    assert "[DONE]" not in text
    assert "message_stop" not in text
    assert ends[0].outcome == "failed"


# -- access tokens -----------------------------------------------------------------------------------------------------


def test_a_plain_token_is_sent_as_it_is(client: httpx.Client) -> None:
    assert client.post("/chat/completions", json=chat("gemini-token")).status_code == 200


def test_a_token_that_expires_is_renewed_before(client: httpx.Client, provider: Provider) -> None:
    """Each is good for two seconds; no request meets one that is not."""
    counted = "/sim-small/2/token sim-small"

    def renewed() -> bool:
        answer = client.post("/chat/completions", json=chat("brief"))
        assert answer.status_code == 200, answer.text
        return bool(provider.stats()["requests"][counted] >= 3)

    until(renewed, "a third token")


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("refused", "upstream_authentication"),
        ("azure-refused", "upstream_authentication"),
        ("wrong-key", "model_unavailable"),
    ],
)
def test_a_credential_that_buys_nothing(client: httpx.Client, journal: Journal, model: str, code: str) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(model))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, code), answer.text
    assert "nobody@" not in answer.text
    assert ends[0].outcome == "failed"
    if code == "upstream_authentication":
        assert [attempt.error for attempt in ends[0].attempts] == ["token_refused"]


def test_azure_with_a_client_of_entra(openai_client: OpenAI, anthropic_client: Anthropic, provider: Provider) -> None:
    whole = openai_client.chat.completions.create(model="azure", messages=_PROMPT)
    assert "simulated" in (whole.choices[0].message.content or "")
    message = anthropic_client.messages.create(model="azure", max_tokens=500, messages=_PROMPT)
    assert message.content[0].type == "text"
    assert provider.stats()["requests"]["/sim-tenant/oauth2/v2.0/token sim-tenant"] == 1


def test_tokens_are_asked_for_before_a_request_needs_them(simulator_url: str, tmp_path: Path) -> None:
    with simulator("--api-key", "provider-credential") as url:
        company = _clouds(url, {"vertex": Place()}, {"gemini": ("vertex", "sim-small")})
        process = start_gateway(tmp_path, company)
        try:
            provider = Provider(url)
            until(lambda: provider.stats()["requests"], "a token without a request")
            assert provider.stats()["requests"] == {"/token sim-small": 1}
        finally:
            process.stop()


def _ask(gateway: GatewayProcess, model: str, patience: float = 20.0, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {gateway.secret}"}
    url = f"{gateway.base_url}/chat/completions"
    return httpx.post(url, json=chat(model, **more), headers=headers, timeout=patience)


def test_first_requests_wait_for_the_first_token_and_nobody_else_does(simulator_url: str, tmp_path: Path) -> None:
    places = {"slow": Place(query="script=sim-slow-first-1500ms"), "plain": Place(query=None, options=_IN_PROJECT)}
    company = _clouds(simulator_url, places, {"slow": ("slow", "sim-small"), "plain": ("plain", "sim-small")})
    process = start_gateway(tmp_path, company)
    try:
        with ThreadPoolExecutor(8) as threads:
            waiting = [threads.submit(_ask, process, "slow", stream=number % 2 == 0) for number in range(8)]
            assert _ask(process, "plain").status_code == 200
            assert not any(each.done() for each in waiting)
            assert [each.result().status_code for each in waiting] == [200] * 8
        assert (
            Provider(simulator_url).stats()["requests"]["/sim-slow-first-1500ms/3599/token sim-slow-first-1500ms"] == 1
        )
    finally:
        process.stop()


def test_a_client_that_leaves_while_it_waits(simulator_url: str, tmp_path: Path) -> None:
    places = {"hanging": Place(query="script=sim-hang")}
    process = start_gateway(tmp_path, _clouds(simulator_url, places, {"gemini": ("hanging", "sim-small")}))
    journal = Journal(process.journal)
    try:
        with journal.admitted() as ends, pytest.raises(httpx.ReadTimeout):
            _ask(process, "gemini", patience=0.5)
        assert (ends[0].outcome, ends[0].status) == ("cancelled", 499)
    finally:
        process.stop()


def test_a_token_endpoint_that_fails_for_a_while(simulator_url: str, tmp_path: Path) -> None:
    """The request that came meanwhile is answered when it is back."""
    places = {"flaky": Place(query="script=sim-flaky-2")}
    process = start_gateway(tmp_path, _clouds(simulator_url, places, {"gemini": ("flaky", "sim-small")}))
    try:
        answer = _ask(process, "gemini")
        assert answer.status_code == 200, answer.text
        assert Provider(simulator_url).stats()["requests"]["/sim-flaky-2/3599/token sim-flaky-2"] == 3
    finally:
        process.stop()


def test_a_token_endpoint_that_cannot_be_reached(simulator_url: str, dead_port: int, tmp_path: Path) -> None:
    down = Place(change={"token_uri": f"http://127.0.0.1:{dead_port}/token"})
    company = _clouds(simulator_url, {"down": down}, {"gemini": ("down", "sim-small")}, timeouts=Timeouts(connect=0.5))
    process = start_gateway(tmp_path, company)
    journal = Journal(process.journal)
    try:
        with journal.admitted() as ends:
            answer = _ask(process, "gemini")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_unavailable")
        assert "access token" in answer.json()["error"]["message"]
        assert [attempt.error for attempt in ends[0].attempts] == ["token_unavailable"]
    finally:
        process.stop()
