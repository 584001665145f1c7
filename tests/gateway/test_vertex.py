"""Vertex AI: both SDKs on Gemini and Claude there, with the key of a service account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from anthropic import Anthropic
from bench.processes import GatewayProcess
from openai import OpenAI
from tests.gateway.clouds import IN_PROJECT, Clouds, Place, clouds
from tests.gateway.conftest import Journal, Provider, chat

from control_layer.contract.dialects import DialectOptions

_PROMPT: list[Any] = [{"role": "user", "content": "Say something."}]
_WEATHER: list[Any] = [{"role": "user", "content": "Use the tool get_weather, please."}]
_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
_OPENAI_TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": _SCHEMA}}
_ANTHROPIC_TOOL: Any = {"name": "get_weather", "input_schema": _SCHEMA}


_PLACES = {
    "vertex": Place(),
    "elsewhere": Place(options=IN_PROJECT),
    "in-url": Place("/vertex/v1/projects/url-project/locations/us-east5"),
    "token": Place(options=IN_PROJECT, query=None),
    "express": Place(query=None, credential="AIzaSySimulated"),
    "lenient": Place(options=DialectOptions(unsupported_parameters="drop")),
}
_NAMES = (
    "small",
    "image",
    "speech",
    "calls-2-reasoning",
    "embed",
    "error-429",
    "context",
    "error-401",
    "cut",
    "no-usage",
    "reasoning",
)
_MODELS = {
    **{f"gemini-{name}": ("vertex", f"sim-{name}") for name in _NAMES},
    **{f"claude-{name}": ("vertex", f"anthropic/sim-{name}") for name in _NAMES},
    "claude-small": ("vertex", "anthropic/sim-small@20260101"),
    "gemini-elsewhere": ("elsewhere", "google/sim-small"),
    "gemini-in-url": ("in-url", "publishers/google/models/sim-small"),
    "gemini-token": ("token", "sim-small"),
    "gemini-express": ("express", "sim-small"),
    "gemini-embedding-one": ("vertex", "gemini-embedding-001"),
    "gemini-embedding-two": ("vertex", "gemini-embedding-2"),
    "gemini-embedding-one-context": ("vertex", "gemini-embedding-001-context"),
    "gemini-embedding-two-context": ("vertex", "gemini-embedding-2-context"),
    "mistral": ("vertex", "mistralai/mistral-medium"),
    "claude-lenient": ("lenient", "anthropic/sim-small"),
}


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Clouds:
    return clouds(simulator_url, _PLACES, _MODELS)


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


@pytest.mark.parametrize("stream", [False, True])
def test_one_call_at_a_time(client: httpx.Client, stream: bool) -> None:
    """Gemini cannot be told."""
    body = {"tools": [_OPENAI_TOOL], "parallel_tool_calls": False, "messages": _WEATHER, "stream": stream}
    answer = client.post("/chat/completions", json=chat("gemini-calls-2-reasoning") | body)
    assert answer.status_code == 200, answer.text
    assert answer.text.count('"name":"get_weather"') == 1


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


@pytest.mark.parametrize("model", ["gemini-context", "gemini-embedding-one-context", "gemini-embedding-two-context"])
def test_of_a_text_that_is_too_long_nothing_is_left_out(client: httpx.Client, model: str) -> None:
    answer = client.post("/embeddings", json={"model": model, "input": "one"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded"), answer.text


def test_texts_at_once(openai_client: OpenAI, client: httpx.Client) -> None:
    given = openai_client.embeddings.create(model="gemini-embed", input=["one", "two"])
    assert len(given.data) == 2
    for model in ("gemini-embedding-one", "gemini-embedding-two"):
        answer = client.post("/embeddings", json={"model": model, "input": ["one", "two"]})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")


def test_pictures_and_speech(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        made = client.post("/images/generations", json={"model": "gemini-image", "prompt": "A boat."})
        spoken = client.post(
            "/audio/speech",
            json={"model": "gemini-speech", "input": "Hello.", "voice": "Kore", "instructions": "Sadly."},
        )
    assert made.json()["data"][0]["b64_json"], made.text
    assert (spoken.status_code, spoken.headers["content-type"]) == (200, "audio/wav"), spoken.text
    assert (ends[0].tokens.image_output, ends[1].tokens.audio_output) == (1120, ends[1].tokens.output)
    files = [("image[]", ("a.png", b"\x89PNG\r\n\x1a\n")), ("image[]", ("b.jpg", b"\xff\xd8\xff"))]
    for model, status in (("gemini-image", 200), ("claude-small", 400)):
        answer = client.post("/images/edits", data={"model": model, "prompt": "Make it blue."}, files=files)
        assert answer.status_code == status, answer.text
        if status == 200:
            assert answer.json()["usage"]["input_tokens_details"]["image_tokens"] == 2 * 258
        else:
            assert answer.json()["error"]["code"] == "unsupported_api"
    for path in ("/images/generations", "/audio/speech"):
        answer = client.post(path, json={"model": "claude-small", "prompt": "x", "input": "x", "voice": "Kore"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_api")


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


@pytest.mark.parametrize("path", ["/v1/publishers/google/models/sim-large:generateContent", "/v1/endpoints/7"])
def test_what_is_not_translated_stays_here(client: httpx.Client, provider: Provider, path: str) -> None:
    """There it would name a model that nobody has granted, or change what is in the project."""
    before = sum(provider.stats()["requests"].values())
    url = str(client.base_url).removesuffix("/v1/") + path
    contents = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    for method, body in (("POST", contents), ("DELETE", None)):
        answer = client.request(method, url, headers={"x-model": "gemini-small"}, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_api"), answer.text
    assert sum(provider.stats()["requests"].values()) == before


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


# -- other credentials -------------------------------------------------------------------------------------------------


def test_an_access_token_is_sent_as_it_is(client: httpx.Client) -> None:
    assert client.post("/chat/completions", json=chat("gemini-token")).status_code == 200


def test_an_api_key_has_a_header_of_its_own_and_no_project(client: httpx.Client, journal: Journal) -> None:
    """The simulated provider knows another key; without one it is a 403."""
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("gemini-express"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_authentication"), answer.text
    assert [attempt.status for attempt in ends[0].attempts] == [401]
