"""Clients of one dialect, providers of another: the real SDKs, each on a provider that does not speak its language."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx
import msgspec
import openai
import psutil
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam, ToolParam
from bench.processes import GatewayProcess, World
from openai import OpenAI
from tests.gateway.conftest import Journal, Provider, chat

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.guardrails import Guardrail
from control_layer.contract.routing import Backoff, Balancing, Breaker, Fallback, ResponseCaching
from control_layer.contract.snapshot import Deployment, Endpoint, Update

_LENIENT = DialectOptions(unsupported_parameters="drop")
_PLACES = {
    "claude": ("/anthropic", "anthropic", DialectOptions()),
    "lenient": ("/anthropic", "anthropic", _LENIENT),
    "gpt": ("/v1", "openai", DialectOptions()),
    "older": ("/v1", "openai", DialectOptions(quirks=("max_tokens_only", "no_developer_role"))),
    "azure": ("/azure", "azure", DialectOptions()),
    "bedrock": ("/bedrock", "bedrock", DialectOptions()),
    "gemini": ("/gemini", "gemini", DialectOptions()),
    "stranger": ("/gemini", "gemini", DialectOptions()),
    "ollama": ("/ollama", "ollama", DialectOptions()),
    "cohere": ("/cohere", "cohere", DialectOptions()),
    "chat-only": ("/v1", "openai", DialectOptions(native_apis=("chat_completions",))),
}
_FAULTS = ("cut", "error-in-stream", "error-first", "reset-middle", "truncated", "error-429", "error-503", "context",
           "error-401", "error-400", "no-usage", "unframed-done", "unstreamed", "unstreamed-truncated", "filtered",
           "calls-2", "reasoning", "guarded", "kept", "calls-2-reasoning")  # fmt: skip
_ON = Fallback(enabled=True, on_status=(500,), backoff=Backoff(initial=0.001, maximum=0.01))
_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_SPEAKERS = {
    "claude": "/v1/chat/completions",
    "gpt": "/v1/messages",
    "azure": "/v1/messages",
    "bedrock": "/v1/chat/completions",
    "gemini": "/v1/chat/completions",
    "ollama": "/v1/messages",
    "cohere": "/v1/messages",
}
"""Models whose provider does not speak what is asked at this path."""


@dataclass(slots=True)
class Places(World):
    """An alias `<place>` or `<place>-<fault>` is served at that place by `sim-<fault>`."""

    mixed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Aliases that several aliases' deployments serve in order."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        root = self.url.removesuffix("/v1")
        places = {name: str(uuid.UUID(int=900 + number)) for number, name in enumerate(_PLACES)}
        endpoints = []
        for name, (path, dialect, options) in _PLACES.items():
            header, place = DIALECTS[dialect].header, places[name]
            self.credential = "refused" if name == "stranger" else "provider-credential"
            sealed = self.sealed(place)
            endpoints.append(Endpoint(place, name, root + path, *header, sealed, dialect=dialect, options=options))
        models = []
        for model in whole.models:
            deployments = [
                Deployment(
                    str(uuid.uuid5(uuid.NAMESPACE_URL, f"{model.alias} {part}")),
                    *_served(part, places),
                    breaker=_PATIENT,
                )
                for part in self.mixed.get(model.alias, (model.alias,))
            ]
            rules = {"fallback": _ON, "balancing": Balancing("priority")} if len(deployments) > 1 else {}
            if model.alias.endswith("kept"):
                rules["caching"] = ResponseCaching(60.0, "user", 100_000)
            models.append(msgspec.structs.replace(model, deployments=tuple(deployments), **rules))
        guarded = tuple(model.id for model in models if model.alias.endswith("guarded"))
        rail = Guardrail("g", "no simulation", 0, "both", "redact", guarded, pattern="simulated", replacement="real")
        return msgspec.structs.replace(whole, endpoints=tuple(endpoints), models=tuple(models), guardrails=(rail,))


def _served(alias: str, places: dict[str, str]) -> tuple[str, str]:
    place = next(name for name in sorted(places, key=len, reverse=True) if alias.startswith(name))
    return places[place], "sim" + (alias.removeprefix(place) or "-small")


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Places:
    faulty = [f"{speaker}-{fault}" for speaker in _SPEAKERS for fault in _FAULTS]
    mixed: dict[str, tuple[str, ...]] = {
        "mixed": ("claude-error-500", "gpt"),
        "mixed-back": ("gpt-error-500", "claude"),
        "mixed-malformed": ("gemini-malformed", "claude"),
        "mixed-stranger": ("stranger", "claude"),
        "gemini-malformed": ("gemini-malformed",),
        "bedrock-malformed": ("bedrock-malformed",),
    }
    long = [f"{speaker}-tokens-{count}" for speaker in ("claude", "gpt") for count in (2000, 90000)]
    aliases = (*_PLACES, *faulty, *mixed, *long, "older-error-429")
    return Places(simulator_url, aliases=aliases, sanitized=("gpt-error-400",), mixed=mixed)


@pytest.fixture
def openai_client(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: GatewayProcess) -> Iterator[Anthropic]:
    base_url = gateway.base_url.removesuffix("/v1")
    with Anthropic(base_url=f"{base_url}/anthropic", api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


_LONG_AGO = 1_600_000_000
PROMPT: list[Any] = [{"role": "user", "content": "Say something."}]
WEATHER: list[Any] = [{"role": "user", "content": "Use the tool get_weather, please."}]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI_TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
ANTHROPIC_TOOL: ToolParam = {"name": "get_weather", "input_schema": SCHEMA}


# -- OpenAI's SDK on Anthropic's API -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("claude", "/v1/messages sim-small"),
        ("gemini", "/v1beta/models/sim-small:generateContent sim-small"),
        ("ollama", "/api/chat sim-small"),
    ],
)
def test_a_chat_completion_of_other_providers(
    openai_client: OpenAI, provider: Provider, journal: Journal, model: str, asked: str
) -> None:
    with journal.admitted(2) as ends:
        whole = openai_client.chat.completions.create(model=model, messages=PROMPT)
        chunks = list(openai_client.chat.completions.create(model=model, messages=PROMPT, stream=True))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == whole.choices[0].message.content
    assert "simulated" in said
    assert {whole.model, *(chunk.model for chunk in chunks)} == {model}
    assert len({chunk.created for chunk in chunks}) == 1
    assert min(whole.created, chunks[0].created) > _LONG_AGO, "also where the provider tells no time"
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert not any(chunk.usage for chunk in chunks)
    assert whole.usage is not None
    for end in ends:
        assert (end.tokens.source, end.outcome, end.finish_reason) == ("provider", "completed", "stop")
        assert (end.tokens.input, end.tokens.output) == (whole.usage.prompt_tokens, whole.usage.completion_tokens)
        assert end.path == "/ai/v1/chat/completions"
    assert asked in provider.stats()["requests"]


@pytest.mark.parametrize("model", ["claude", "gemini", "ollama"])
def test_usage_of_a_stream_is_told_to_those_who_ask(openai_client: OpenAI, model: str) -> None:
    options: Any = {"include_usage": True}
    whole = openai_client.chat.completions.create(model=model, messages=PROMPT)
    chunks = list(
        openai_client.chat.completions.create(model=model, messages=PROMPT, stream=True, stream_options=options)
    )
    assert [chunk.usage for chunk in chunks if chunk.usage] == [whole.usage]


@pytest.mark.parametrize(
    ("model", "goes_on"),
    [("claude-calls-2", "claude"), ("ollama-calls-2", "ollama"), *[("gemini-calls-2-reasoning",) * 2]],
)
def test_tools_of_openai_go_around(openai_client: OpenAI, model: str, goes_on: str) -> None:
    """Gemini wants what it thought back with its calls."""
    first = openai_client.chat.completions.create(model=model, messages=WEATHER, tools=[OPENAI_TOOL])
    with openai_client.chat.completions.stream(model=model, messages=WEATHER, tools=[OPENAI_TOOL]) as stream:
        streamed = stream.get_final_completion()
    calls = first.choices[0].message.tool_calls or []
    assert [call.type for call in calls] == ["function", "function"]
    same: Any = streamed.choices[0].message.tool_calls
    assert [_arguments(call) for call in same] == [_arguments(call) for call in calls]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in calls]
    turns: list[Any] = [*WEATHER, first.choices[0].message.model_dump(exclude_none=True), *results]
    last = openai_client.chat.completions.create(model=goes_on, messages=turns, tools=[OPENAI_TOOL])
    assert last.choices[0].message.content


def _arguments(call: Any) -> Any:
    return json.loads(call.function.arguments)


@pytest.mark.parametrize("model", ["gemini-calls-2", "ollama-calls-2"])
def test_one_call_at_a_time_where_the_provider_cannot_be_told(
    openai_client: OpenAI, anthropic_client: Anthropic, model: str
) -> None:
    """LlamaIndex asks for it unless it is told not to, and other libraries where an answer has a form."""
    asked: dict[str, Any] = {"model": model, "messages": WEATHER, "tools": [OPENAI_TOOL], "parallel_tool_calls": False}
    whole = openai_client.chat.completions.create(**asked).choices[0]
    with openai_client.chat.completions.stream(**asked) as stream:
        streamed = stream.get_final_completion().choices[0]
    choice: Any = {"type": "auto", "disable_parallel_tool_use": True}
    message = anthropic_client.messages.create(
        model=model, max_tokens=500, messages=WEATHER, tools=[ANTHROPIC_TOOL], tool_choice=choice
    )
    for each in (whole, streamed):
        assert each.finish_reason == "tool_calls"
        assert [_arguments(call) for call in each.message.tool_calls or []] == [{"city": "simulated"}]
    assert [block.type for block in message.content] == ["tool_use"]


@pytest.mark.parametrize("model", ["claude", "gemini", "ollama"])
def test_the_responses_api_of_other_providers(openai_client: OpenAI, journal: Journal, model: str) -> None:
    with journal.admitted(2) as ends:
        whole = openai_client.responses.create(model=model, input="Say something.", store=False)
        with openai_client.responses.stream(model=model, input="Say something.", store=False) as stream:
            events = list(stream)
            streamed = stream.get_final_response()
    assert whole.output_text == streamed.output_text != ""
    assert [event.sequence_number for event in events if event.type.startswith("response.")][:3] == [0, 1, 2]
    assert {(end.tokens.input, end.tokens.output) for end in ends} == {
        (whole.usage.input_tokens, whole.usage.output_tokens) if whole.usage else None
    }


# -- Anthropic's SDK on OpenAI's API -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt", "azure", "gemini", "ollama", "cohere"])
def test_a_message_of_other_providers(anthropic_client: Anthropic, journal: Journal, model: str) -> None:
    with journal.admitted(2) as ends:
        whole = anthropic_client.messages.create(model=model, max_tokens=500, messages=PROMPT)
        with anthropic_client.messages.stream(model=model, max_tokens=500, messages=PROMPT) as stream:
            streamed = stream.get_final_message()
    assert [block.to_dict() for block in whole.content] == [block.to_dict() for block in streamed.content]
    assert (whole.stop_reason, streamed.stop_reason, whole.model, streamed.model) == ("end_turn",) * 2 + (model,) * 2
    assert streamed.usage.output_tokens == whole.usage.output_tokens > 0
    for end in ends:
        assert (end.tokens.input, end.tokens.output) == (whole.usage.input_tokens, whole.usage.output_tokens)
        assert end.path == "/ai/anthropic/v1/messages"


@pytest.mark.parametrize(
    ("model", "goes_on"), [("gpt-calls-2", "gpt"), ("ollama-calls-2", "ollama"), *[("gemini-calls-2-reasoning",) * 2]]
)
def test_tools_of_anthropic_go_around(anthropic_client: Anthropic, model: str, goes_on: str) -> None:
    first = anthropic_client.messages.create(
        model=model, max_tokens=500, messages=WEATHER, tools=[ANTHROPIC_TOOL], system="Be brief."
    )
    with anthropic_client.messages.stream(
        model=model, max_tokens=500, messages=WEATHER, tools=[ANTHROPIC_TOOL]
    ) as stream:
        streamed = stream.get_final_message()
    assert (first.stop_reason, streamed.stop_reason) == ("tool_use", "tool_use")
    calls: Any = [block for block in first.content if block.type == "tool_use"]
    same: Any = [block for block in streamed.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [call.input for call in same]
    results: list[Any] = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"} for call in calls]
    turns: list[MessageParam] = [
        *WEATHER, {"role": "assistant", "content": first.content}, {"role": "user", "content": results},
    ]  # fmt: skip
    last = anthropic_client.messages.create(model=goes_on, max_tokens=500, messages=turns, tools=[ANTHROPIC_TOOL])
    assert last.content[-1].type == "text"


def test_what_gemini_signs_its_calls_with_goes_around_with_thoughts(anthropic_client: Anthropic) -> None:
    more: Any = {
        "model": "gemini-calls-2-reasoning", "max_tokens": 4000, "tools": [ANTHROPIC_TOOL],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }  # fmt: skip
    whole = anthropic_client.messages.create(messages=WEATHER, **more).content
    with anthropic_client.messages.stream(messages=WEATHER, **more) as stream:
        streamed = stream.get_final_message().content
    thought: Any = streamed[0]
    assert (thought.type, [block.type for block in streamed[1:]]) == ("thinking", ["tool_use", "tool_use"])
    assert thought.thinking
    assert thought.signature.startswith("gemini.call.")
    assert thought.to_dict() == whole[0].to_dict()
    results: list[Any] = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "rain"}
        for block in streamed
        if block.type == "tool_use"
    ]
    turns: list[Any] = [*WEATHER, {"role": "assistant", "content": streamed}, {"role": "user", "content": results}]
    assert anthropic_client.messages.create(messages=turns, **more).content[-1].type == "text"


def test_tokens_are_counted_here_where_the_provider_does_not(anthropic_client: Anthropic, provider: Provider) -> None:
    before = sum(provider.stats()["requests"].values())
    short = anthropic_client.messages.count_tokens(model="gpt", messages=PROMPT)
    long = anthropic_client.messages.count_tokens(model="gpt", messages=[{"role": "user", "content": "word " * 4000}])
    assert 0 < short.input_tokens < 40
    assert 4000 <= long.input_tokens <= 8000
    assert sum(provider.stats()["requests"].values()) == before
    counted = anthropic_client.messages.with_raw_response.count_tokens(model="claude", messages=PROMPT)
    assert "x-control-layer-token-count" not in counted.headers
    counted = anthropic_client.messages.with_raw_response.count_tokens(model="gemini", messages=PROMPT)
    assert "x-control-layer-token-count" not in counted.headers
    assert counted.parse().input_tokens > 0
    counted = anthropic_client.messages.with_raw_response.count_tokens(model="azure", messages=PROMPT)
    assert counted.headers["x-control-layer-token-count"] == "estimate"


def test_models_of_the_anthropic_address_are_in_its_shape(anthropic_client: Anthropic, gateway: GatewayProcess) -> None:
    listed = {model.id: model for model in anthropic_client.models.list()}
    assert {"claude", "gpt"} <= listed.keys()
    url = gateway.base_url.replace("/v1", "/anthropic/v1/models/")
    bare = httpx.get(f"{url}claude", headers={"x-api-key": gateway.secret})
    assert bare.json()["type"] == "model"
    unknown = httpx.get(f"{url}unknown", headers={"x-api-key": gateway.secret})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "error")
    assert anthropic_client.models.retrieve("claude").id == "claude"


# -- what cannot be said -----------------------------------------------------------------------------------------------


def test_a_parameter_that_the_provider_cannot_be_told(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("claude", seed=7))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", "seed")
    assert (ends[0].outcome, ends[0].error, ends[0].attempts) == ("failed", "unsupported_parameter", ())


@pytest.mark.parametrize("stream", [False, True])
def test_an_operator_may_have_it_left_out(client: httpx.Client, stream: bool) -> None:
    answer = client.post("/chat/completions", json=chat("lenient", seed=7, logit_bias={"1": 2}, stream=stream))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-control-layer-dropped-parameters"] == "seed, logit_bias"
    assert "x-control-layer-dropped-parameters" not in client.post("/chat/completions", json=chat("lenient")).headers


def test_such_a_parameter_is_named_as_the_client_names_it(client: httpx.Client) -> None:
    asked = {"input": "x", "instructions": "Be brief.", "model": "claude", "top_logprobs": 1}
    assert client.post("/responses", json=asked).json()["error"]["param"] == "top_logprobs"
    source = {"type": "url", "url": "https://example.org/a.pdf"}
    turns = [{"role": "user", "content": [{"type": "document", "source": source}]}]
    asked = {"model": "gpt", "max_tokens": 9, "system": "Be brief.", "messages": turns}
    error = client.post("/messages", json=asked).json()["error"]
    assert "'messages[0].content[0]'" in error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_may_have_a_longer_name_than_the_provider_takes(anthropic_client: Anthropic, stream: bool) -> None:
    tool: Any = ANTHROPIC_TOOL | {"name": "mcp__weather__" + "get_weather" * 8}
    asked: dict[str, Any] = {"model": "gpt", "max_tokens": 99, "messages": WEATHER, "tools": [tool]}
    asked["tool_choice"] = {"type": "any"}
    if stream:
        with anthropic_client.messages.stream(**asked) as told:
            answer = told.get_final_message()
    else:
        answer = anthropic_client.messages.create(**asked)
    assert [block.name for block in answer.content if block.type == "tool_use"] == [tool["name"]]


def test_tools_that_the_clients_own_provider_runs_are_such_parameters(client: httpx.Client) -> None:
    """Coding agents offer them with every request."""
    own = {"type": "function", "name": "get_weather", "parameters": SCHEMA}
    asked = {"input": "Say something.", "tools": [{"type": "web_search"}, own]}
    error = client.post("/responses", json={"model": "claude", **asked}).json()["error"]
    assert (error["code"], error["param"]) == ("unsupported_parameter", "tools[0].type")
    answer = client.post("/responses", json={"model": "lenient", **asked})
    assert (answer.status_code, [tool["name"] for tool in answer.json()["tools"]]) == (200, ["get_weather"])
    assert answer.headers["x-control-layer-dropped-parameters"] == "tools[0].type"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"temperature": "hot"}, "temperature"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ],
)
def test_what_is_no_request_of_the_clients_dialect(client: httpx.Client, change: Any, param: str) -> None:
    answer = client.post("/chat/completions", json=chat("claude") | change)
    error = answer.json()["error"]
    code = "missing_required_parameter" if "tools" in change else "invalid_type"
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param), error


def test_what_a_provider_has_nothing_of(client: httpx.Client, provider: Provider) -> None:
    before = sum(provider.stats()["requests"].values())
    answer = client.post("/embeddings", json={"model": "claude", "input": "hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_api")
    assert sum(provider.stats()["requests"].values()) == before


@pytest.mark.parametrize("model", ["gemini", "ollama", "cohere"])
def test_embeddings_of_other_providers(openai_client: OpenAI, journal: Journal, model: str) -> None:
    with journal.admitted() as ends:
        given = openai_client.embeddings.create(model=model, input=["one", "two"])
    assert [len(each.embedding) > 1 for each in given.data] == [True, True]
    assert (ends[0].outcome, ends[0].status) == ("completed", 200)
    with pytest.raises(openai.BadRequestError):
        openai_client.embeddings.create(model="gemini", input=[[1, 2]])


@pytest.mark.parametrize("path", ["/rerank", "/v2/rerank"])
def test_cohere_reranks_at_its_own_path(client: httpx.Client, provider: Provider, path: str) -> None:
    url = str(client.base_url).removesuffix("/v1/") + path if path.startswith("/v2") else path
    body = {"model": "cohere", "query": "rain", "documents": ["sun", "rain"]}
    answer = client.post(url, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["index"] == 1
    assert provider.stats()["requests"][("/v1" if path == "/rerank" else "") + path + " sim-small"]


def test_a_servers_quirks_are_seen_to(client: httpx.Client) -> None:
    turns = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    answer = client.post("/chat/completions", json=chat("older", messages=turns, max_completion_tokens=5))
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["completion_tokens"] == 5


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_server_with_quirks_knows_beyond_openai_reaches_it(
    client: httpx.Client, journal: Journal, stream: bool
) -> None:
    shown = {"type": "video_url", "video_url": {"url": "https://example.org/film.mp4"}}
    turns = [{"role": "user", "content": [shown]}, {"role": "assistant", "content": "It", "prefix": True}]
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("older", messages=turns, min_p=0.1, stream=stream))
    assert answer.status_code == 200, answer.text
    assert stream or answer.json()["system_fingerprint"]
    assert ('"usage":{' in answer.text.replace(" ", "")) is not stream
    tokens = ends[0].tokens
    assert (tokens.source, (tokens.output or 0) > 0) == ("provider", True)


def test_errors_of_a_server_with_quirks_are_as_any(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("older-error-429"))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "upstream_rate_limited")


def test_responses_of_a_server_that_has_only_chat_completions(openai_client: OpenAI, provider: Provider) -> None:
    answer = openai_client.responses.create(model="chat-only", input="Say something.", store=False)
    assert "simulated" in answer.output_text
    assert "/v1/chat/completions sim-small" in provider.stats()["requests"]


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini", "/v1beta/models/sim-large:generateContent"),
        ("gemini", "/v1beta/models"),
        ("ollama", "/api/chat"),
        ("ollama", "/api/delete"),
    ],
)
def test_what_is_not_translated_does_not_reach_a_provider_that_speaks_nothing_of_clients(
    client: httpx.Client, provider: Provider, model: str, path: str
) -> None:
    """There it would name a model that nobody has granted."""
    before = sum(provider.stats()["requests"].values())
    url = str(client.base_url).removesuffix("/v1/") + path
    contents = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    bodies: list[dict[str, Any]] = [{"json": contents}, {"content": b"[]"}, {"files": {"file": ("a", b"x")}}]
    for body in bodies:
        answer = client.post(url, headers={"x-model": model}, **body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_api"), answer.text
    assert sum(provider.stats()["requests"].values()) == before


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("error-429", openai.RateLimitError),
        ("error-503", openai.InternalServerError),
        ("error-400", openai.BadRequestError),
        ("error-401", openai.InternalServerError),
        ("context", openai.BadRequestError),
        ("truncated", openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("speaker", ["claude", "gemini"])
def test_errors_in_openais_shape(openai_client: OpenAI, speaker: str, fault: str, raised: type[Exception]) -> None:
    with pytest.raises(raised) as told:
        openai_client.chat.completions.create(model=f"{speaker}-{fault}", messages=PROMPT)
    assert isinstance(told.value, openai.APIStatusError)
    assert isinstance(told.value.body, dict)
    assert told.value.body["message"]
    if fault == "context":
        assert told.value.code == "context_length_exceeded"
    if fault == "truncated":
        assert told.value.status_code == 502


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("error-429", anthropic.RateLimitError),
        ("error-503", anthropic.InternalServerError),
        ("error-400", anthropic.BadRequestError),
        ("error-401", anthropic.InternalServerError),
        ("context", anthropic.BadRequestError),
        ("truncated", anthropic.InternalServerError),
    ],
)
def test_errors_of_openai_in_anthropics_shape(anthropic_client: Anthropic, fault: str, raised: type[Exception]) -> None:
    with pytest.raises(raised) as told:
        anthropic_client.messages.create(model=f"gpt-{fault}", max_tokens=99, messages=PROMPT)
    assert isinstance(told.value, anthropic.APIStatusError)
    assert isinstance(told.value.body, dict)
    assert told.value.body["type"] == "error"
    assert told.value.body["error"]["message"]
    assert told.value.body["request_id"] == told.value.response.headers["x-request-id"]


@pytest.mark.parametrize("fault", ["cut", "reset-middle", "error-in-stream", "error-first"])
@pytest.mark.parametrize("speaker", _SPEAKERS)
def test_a_stream_that_broke_never_looks_whole(
    client: httpx.Client, journal: Journal, speaker: str, fault: str
) -> None:
    body = chat(f"{speaker}-{fault}", stream=True) | {"max_tokens": 500}
    with journal.admitted() as ends:
        answer = client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=body)
    text = answer.text
    assert "[DONE]" not in text
    assert "message_stop" not in text
    assert '"finish_reason":"' not in text
    assert '"stop_reason":"' not in text
    if fault != "error-first":
        assert '"error"' in text
    if fault == "error-in-stream" and _SPEAKERS[speaker] == "/v1/messages":
        assert f'"request_id":"{answer.headers["x-request-id"]}"' in text
    assert (ends[0].outcome, ends[0].tokens.source) != ("completed", "provider")
    assert ends[0].outcome == "failed"


def test_a_credential_that_google_refuses_is_not_the_clients(client: httpx.Client, journal: Journal) -> None:
    """To Google it is a 400."""
    with journal.admitted(2) as ends:
        answer = client.post("/chat/completions", json=chat("stranger"))
        elsewhere = client.post("/chat/completions", json=chat("mixed-stranger"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_authentication")
    assert elsewhere.status_code == 200
    assert [attempt.status for end in ends for attempt in end.attempts] == [401, 401, 200]


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_when_to_ask_again_is_told_wherever_the_provider_says_it(client: httpx.Client, path: str, stream: bool) -> None:
    """Google says it in the body."""
    answer = client.post(path, json=chat("gemini-error-429", stream=stream) | {"max_tokens": 9})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("path", ["/chat/completions", "/messages", "/responses"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gemini-malformed", "bedrock-malformed"])
def test_an_answer_that_the_model_did_not_bring_to_its_end_is_an_error(
    client: httpx.Client, journal: Journal, model: str, stream: bool, path: str
) -> None:
    asked = {"input": "hello"} if path == "/responses" else {"messages": PROMPT, "max_tokens": 500}
    with journal.admitted() as ends:
        answer = client.post(path, json={"model": model, "stream": stream, **asked})
    assert answer.status_code == (200 if stream else 502), answer.text
    assert '"error"' in answer.text
    assert (ends[0].outcome, ends[0].error, ends[0].tokens.source) == ("failed", "upstream_broken", "provider")


@pytest.mark.parametrize("stream", [False, True])
def test_another_provider_is_asked_for_it(client: httpx.Client, journal: Journal, stream: bool) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("mixed-malformed", stream=stream))
    assert '"finish_reason":"stop"' in answer.text
    assert [attempt.error for attempt in ends[0].attempts] == ["upstream_broken", None]


@pytest.mark.parametrize("speaker", _SPEAKERS)
def test_a_stream_that_was_whole_before_its_connection_broke(
    client: httpx.Client, journal: Journal, speaker: str
) -> None:
    """Gemini's streams have no last word: there it is why they ended that says it."""
    body = chat(f"{speaker}-unframed-done", stream=True) | {"max_tokens": 500}
    with journal.admitted() as ends:
        text = client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=body).text
    assert ("[DONE]" in text) or ("message_stop" in text)
    assert (ends[0].outcome, ends[0].tokens.source) == ("completed", "provider")


@pytest.mark.parametrize("speaker", _SPEAKERS)
def test_a_whole_answer_to_a_request_for_a_stream_is_told_as_one(
    client: httpx.Client, journal: Journal, speaker: str
) -> None:
    body = chat(f"{speaker}-unstreamed", stream=True) | {"max_tokens": 500, "stream_options": {"include_usage": True}}
    body = body if _SPEAKERS[speaker].startswith("/v1/chat") else body | {"stream_options": None}
    with journal.admitted(2) as ends:
        answer = client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=body)
        client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=chat(speaker) | {"max_tokens": 500})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert ("data: [DONE]" in answer.text) or ("event: message_stop" in answer.text)
    assert "This is a simulated answer" in answer.text
    told, whole = ends
    assert (told.outcome, told.finish_reason, told.tokens) == ("completed", whole.finish_reason, whole.tokens)


@pytest.mark.parametrize("speaker", ["claude", "gpt"])
def test_half_an_answer_to_a_request_for_a_stream_is_a_bad_reply(
    client: httpx.Client, journal: Journal, speaker: str
) -> None:
    with journal.admitted() as ends:
        body = chat(f"{speaker}-unstreamed-truncated", stream=True) | {"max_tokens": 500}
        answer = client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=body)
    assert answer.status_code == 502
    assert ends[0].outcome == "failed"


def test_where_nothing_is_translated_the_client_is_given_what_came(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("gpt-unstreamed", stream=True))
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("speaker", _SPEAKERS)
@pytest.mark.parametrize("stream", [False, True])
def test_what_no_provider_counts_is_estimated(
    client: httpx.Client, journal: Journal, speaker: str, stream: bool
) -> None:
    body = chat(f"{speaker}-no-usage", stream=stream) | {"max_tokens": 500}
    with journal.admitted() as ends:
        assert client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=body).status_code == 200
    assert ends[0].tokens.source == "estimate"
    assert ends[0].tokens.output


@pytest.mark.parametrize(("model", "path"), [("mixed", "/chat/completions"), ("mixed-back", "/messages")])
@pytest.mark.parametrize("stream", [False, True])
def test_another_dialects_deployment_takes_over(
    client: httpx.Client, journal: Journal, model: str, path: str, stream: bool
) -> None:
    """The first deployment speaks one dialect, the second the other one."""
    with journal.admitted() as ends:
        body, version = chat(model, stream=stream) | {"max_tokens": 500}, {"anthropic-version": "2023-06-01"}
        answer = client.post(path, json=body, headers=version)
    assert answer.status_code == 200, answer.text
    assert "simulated" in answer.text
    assert [attempt.status for attempt in ends[0].attempts] == [500, 200]


@pytest.mark.parametrize("speaker", ["claude", "gpt", "gemini"])
def test_thoughts_arrive(client: httpx.Client, speaker: str) -> None:
    body = chat(f"{speaker}-reasoning") | {"max_tokens": 4000}
    if speaker != "gpt":
        message = client.post("/chat/completions", json=body | {"reasoning_effort": "low"}).json()["choices"][0]
        assert message["message"]["reasoning_content"]
    else:
        thinking = {"type": "enabled", "budget_tokens": 1024}
        content = client.post("/messages", json=body | {"thinking": thinking}).json()["content"]
        assert [block["type"] for block in content] == ["thinking", "text"]


@pytest.mark.parametrize("speaker", _SPEAKERS)
@pytest.mark.parametrize("stream", [False, True])
def test_guardrails_look_at_what_the_client_gets(client: httpx.Client, speaker: str, stream: bool) -> None:
    body = chat(f"{speaker}-guarded", stream=stream) | {"max_tokens": 500}
    answer = client.post(_SPEAKERS[speaker].removeprefix("/v1"), json=body)
    assert answer.status_code == 200, answer.text
    assert "real" in answer.text
    assert "simulated" not in answer.text


@pytest.mark.parametrize("speaker", _SPEAKERS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_translated_answer_is_kept(client: httpx.Client, journal: Journal, speaker: str, stream: bool) -> None:
    body = chat(f"{speaker}-kept", stream=stream) | {"max_tokens": 500}
    path = _SPEAKERS[speaker].removeprefix("/v1")
    with journal.admitted(2) as ends:
        first, second = client.post(path, json=body), client.post(path, json=body)
    assert first.text == second.text
    assert second.headers["x-control-layer-cache"] == "hit"
    assert ends[1].saved == ends[0].tokens


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_memory_does_not_grow_with_a_translated_stream(
    client: httpx.Client, gateway: GatewayProcess, path: str
) -> None:
    model = "claude-tokens-90000" if path == "/chat/completions" else "gpt-tokens-90000"
    body = chat(model, stream=True) | {"max_tokens": 100_000}
    process = psutil.Process(gateway.process.pid)
    client.post(path, json=body | {"model": model.replace("90000", "2000")})
    before = process.memory_info().rss
    with client.stream("POST", path, json=body) as answer:
        size = sum(len(piece) for piece in answer.iter_raw())
    assert size > 7_000_000
    assert process.memory_info().rss - before < 4_000_000
