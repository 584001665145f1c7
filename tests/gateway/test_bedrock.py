"""Clients of OpenAI's and Anthropic's SDKs on Amazon Bedrock, which checks the signature of every request."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
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

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.snapshot import Deployment, Endpoint, Update
from control_layer.simulator.bedrock.signature import KEY_ID, SECRET

_REGION = DialectOptions(region="eu-central-1")
_CREDENTIALS = {
    "bedrock": (f"{KEY_ID}:{SECRET}", _REGION),
    "temporary": (f"{KEY_ID}:{SECRET}:session/token+/=", _REGION),
    "forged": (f"{KEY_ID}:{SECRET[:-1]}1", _REGION),
    "nowhere": (f"{KEY_ID}:{SECRET}", DialectOptions()),
    "broken": (KEY_ID, _REGION),
    "bearer": ("provider-credential", DialectOptions()),
}
_CLAUDE = "eu.anthropic.claude-sonnet-4-5-sim"
_VECTORS = {"titan": "amazon.titan-embed-text-v2:0", "cohere": "cohere.embed-multilingual-v3"}
_FAULTS = ("calls-2", "reasoning", "error-429", "error-503", "error-400", "error-424", "error-408", "context",
           "truncated", "cut", "reset-middle", "error-in-stream", "error-first", "error-early", "no-done", "drip",
           "tokens-90000", "tokens-2000", "filtered")  # fmt: skip
PROMPT: list[Any] = [{"role": "user", "content": "Say something."}]
WEATHER: list[Any] = [{"role": "user", "content": "Use the tool get_weather, please."}]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI_TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
ANTHROPIC_TOOL: ToolParam = {"name": "get_weather", "input_schema": SCHEMA}


@dataclass(slots=True)
class Amazon(World):
    """An alias `<credential>` or `<credential>-<fault>` is a Claude of Bedrock's that is asked with that credential;
    those of `_VECTORS` make vectors."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        root, places, endpoints = self.url.removesuffix("/v1"), {}, []
        for number, (name, (credential, options)) in enumerate(_CREDENTIALS.items()):
            place = places[name] = str(uuid.UUID(int=900 + number))
            self.credential = credential
            sealed = self.sealed(place)
            endpoints.append(
                Endpoint(place, name, f"{root}/bedrock", sealed_credential=sealed, dialect="bedrock", options=options)
            )
        models = []
        for model in whole.models:
            name, _, fault = model.alias.partition("-")
            known = _VECTORS.get(name, _CLAUDE) + f"-{fault}"
            place = places.get(name, places["bedrock"])
            served = Deployment(str(uuid.uuid5(uuid.NAMESPACE_URL, model.alias)), place, known)
            models.append(msgspec.structs.replace(model, deployments=(served,)))
        return msgspec.structs.replace(whole, endpoints=tuple(endpoints), models=tuple(models))


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Amazon:
    faulty = [f"bedrock-{fault}" for fault in _FAULTS]
    return Amazon(simulator_url, aliases=(*_CREDENTIALS, *_VECTORS, "titan-context", *faulty))


@pytest.fixture
def openai_client(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
def anthropic_client(gateway: GatewayProcess) -> Iterator[Anthropic]:
    base_url = gateway.base_url.replace("/v1", "/anthropic")
    with Anthropic(base_url=base_url, api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


# -- who asks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["bedrock", "temporary", "bearer"])
def test_requests_are_signed_or_carry_an_api_key(client: httpx.Client, provider: Provider, model: str) -> None:
    answer = client.post("/chat/completions", json=chat(model))
    assert answer.status_code == 200, answer.text
    assert "simulated" in answer.json()["choices"][0]["message"]["content"]
    assert any(path.startswith(f"/model/{_CLAUDE}-/converse ") for path in provider.stats()["requests"])


def test_what_is_not_rightly_signed_is_refused_by_amazon(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("forged"))
    assert answer.status_code == 502
    assert [attempt.status for attempt in ends[0].attempts] == [403]


@pytest.mark.parametrize("model", ["nowhere", "broken"])
def test_keys_that_cannot_sign_never_leave(
    client: httpx.Client, gateway: GatewayProcess, provider: Provider, model: str
) -> None:
    before = sum(provider.stats()["requests"].values())
    answer = client.post("/chat/completions", json=chat(model))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_unavailable")
    assert SECRET not in answer.text
    assert sum(provider.stats()["requests"].values()) == before


# -- OpenAI's SDK ------------------------------------------------------------------------------------------------------


def test_a_chat_completion(openai_client: OpenAI, journal: Journal) -> None:
    options: Any = {"include_usage": True}
    with journal.admitted(2) as ends:
        whole = openai_client.chat.completions.create(model="bedrock", messages=PROMPT)
        chunks = list(
            openai_client.chat.completions.create(model="bedrock", messages=PROMPT, stream=True, stream_options=options)
        )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert whole.usage is not None
    assert [chunk.usage for chunk in chunks if chunk.usage] == [whole.usage]
    assert whole.choices[0].finish_reason == "stop"
    for end in ends:
        assert (end.tokens.source, end.outcome, end.finish_reason) == ("provider", "completed", "stop")
        assert (end.tokens.input, end.tokens.output) == (whole.usage.prompt_tokens, whole.usage.completion_tokens)
        assert end.upstream_request_id


def test_an_answer_has_the_id_of_its_request(client: httpx.Client) -> None:
    """Bedrock's answers have none."""
    whole = client.post("/chat/completions", json=chat("bedrock"))
    streamed = client.post("/chat/completions", json=chat("bedrock", stream=True))
    first = json.loads(streamed.text.partition("data: ")[2].partition("\n")[0])
    assert whole.json()["id"] == whole.headers["x-request-id"]
    assert first["id"] == streamed.headers["x-request-id"] != whole.json()["id"]


def test_tools_of_openai_go_around(openai_client: OpenAI) -> None:
    first = openai_client.chat.completions.create(model="bedrock-calls-2", messages=WEATHER, tools=[OPENAI_TOOL])
    with openai_client.chat.completions.stream(
        model="bedrock-calls-2", messages=WEATHER, tools=[OPENAI_TOOL]
    ) as stream:
        streamed: Any = stream.get_final_completion()
    calls: Any = first.choices[0].message.tool_calls
    assert len(calls) == 2
    assert [json.loads(call.function.arguments) for call in calls] == [
        json.loads(call.function.arguments) for call in streamed.choices[0].message.tool_calls
    ]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in calls]
    turns: list[Any] = [*WEATHER, first.choices[0].message.model_dump(exclude_none=True), *results]
    for tools in ([OPENAI_TOOL], openai.omit):
        last = openai_client.chat.completions.create(model="bedrock", messages=turns, tools=tools)
        assert last.choices[0].message.content


@pytest.mark.parametrize("choice", ["none", "required", {"type": "function", "function": {"name": "get_weather"}}])
@pytest.mark.parametrize("parallel", [False, True])
def test_which_tool_may_be_called(openai_client: OpenAI, choice: Any, parallel: bool) -> None:
    message = openai_client.chat.completions.create(
        model="bedrock", messages=PROMPT, tools=[OPENAI_TOOL], tool_choice=choice, parallel_tool_calls=parallel
    ).choices[0].message  # fmt: skip
    assert bool(message.tool_calls) == (choice != "none")


def test_the_responses_api(openai_client: OpenAI) -> None:
    whole = openai_client.responses.create(model="bedrock", input="Say something.", store=False)
    with openai_client.responses.stream(model="bedrock", input="Say something.", store=False) as stream:
        assert stream.get_final_response().output_text == whole.output_text != ""


def test_structured_output(openai_client: OpenAI) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    answer = openai_client.chat.completions.create(model="bedrock", messages=PROMPT, response_format=wanted)
    assert json.loads(answer.choices[0].message.content or "") == {"city": "simulated"}


# -- Anthropic's SDK ---------------------------------------------------------------------------------------------------


def test_a_message(anthropic_client: Anthropic, journal: Journal) -> None:
    system: Any = [{"type": "text", "text": "Be brief. " * 40, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    with journal.admitted(2) as ends:
        whole = anthropic_client.messages.create(model="bedrock", max_tokens=500, messages=PROMPT, system=system)
        with anthropic_client.messages.stream(
            model="bedrock", max_tokens=500, messages=PROMPT, system=system
        ) as stream:
            streamed = stream.get_final_message()
    assert [block.to_dict() for block in whole.content] == [block.to_dict() for block in streamed.content]
    assert (whole.stop_reason, streamed.stop_reason) == ("end_turn", "end_turn")
    assert whole.usage.cache_read_input_tokens
    for end in ends:
        tokens = end.tokens
        assert (tokens.cached_input, tokens.cache_write, tokens.cache_write_1h) == (
            whole.usage.cache_read_input_tokens,
            whole.usage.cache_creation_input_tokens,
            whole.usage.cache_creation_input_tokens,
        )
        assert tokens.input == whole.usage.input_tokens + (tokens.cached_input or 0) + (tokens.cache_write or 0)
        assert tokens.output == whole.usage.output_tokens == streamed.usage.output_tokens


def test_thoughts_and_tools_of_anthropic_go_around(anthropic_client: Anthropic) -> None:
    more: Any = {
        "model": "bedrock", "max_tokens": 4000, "tools": [ANTHROPIC_TOOL],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }  # fmt: skip
    first = anthropic_client.messages.create(messages=WEATHER, **more)
    with anthropic_client.messages.stream(messages=WEATHER, **more) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert [block.to_dict() | {"id": ""} for block in first.content] == [
        block.to_dict() | {"id": ""} for block in streamed.content
    ]
    results: Any = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "rain"}
        for block in first.content
        if block.type == "tool_use"
    ]
    turns: list[MessageParam] = [
        *WEATHER, {"role": "assistant", "content": first.content}, {"role": "user", "content": results},
    ]  # fmt: skip
    assert anthropic_client.messages.create(messages=turns, **more).content[-1].type == "text"


def test_documents_are_cited_and_citations_go_around(anthropic_client: Anthropic) -> None:
    grass: Any = {"type": "text", "media_type": "text/plain", "data": "The grass is green."}
    sky: Any = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    documents: list[Any] = [
        {"type": "document", "source": source, "title": title, "citations": {"enabled": True}}
        for title, source in (("Grass", grass), ("Sky", sky))
    ]
    turns: list[Any] = [{"role": "user", "content": [*documents, {"type": "text", "text": "Which colours?"}]}]
    whole = anthropic_client.messages.create(model="bedrock", max_tokens=500, messages=turns)
    with anthropic_client.messages.stream(model="bedrock", max_tokens=500, messages=turns) as stream:
        streamed = stream.get_final_message()
    (block,) = whole.content
    assert block.type == "text"
    assert [each.to_dict(exclude_none=True) for each in block.citations or ()] == [
        {"type": "char_location", "cited_text": "The grass is green.", "document_index": 0, "document_title": "Grass",
         "start_char_index": 0, "end_char_index": 19},
        {"type": "page_location", "cited_text": "Simulated page.", "document_index": 1, "document_title": "Sky",
         "start_page_number": 1, "end_page_number": 2},
    ]  # fmt: skip
    assert [each.to_dict(exclude_none=True) for each in streamed.content] == [block.to_dict(exclude_none=True)]
    turns += [{"role": "assistant", "content": whole.content}, {"role": "user", "content": "And the sun?"}]
    assert anthropic_client.messages.create(model="bedrock", max_tokens=500, messages=turns).content


def test_search_results_are_cited_and_citations_go_around(anthropic_client: Anthropic) -> None:
    found: list[Any] = [
        {"type": "search_result", "title": title, "source": f"https://example.org/{title}",
         "content": [{"type": "text", "text": text}], "citations": {"enabled": True}}
        for title, text in (("grass", "Grass is green."), ("sky", "The sky is blue."))
    ]  # fmt: skip
    turns: list[Any] = [{"role": "user", "content": [*found, {"type": "text", "text": "Which colours?"}]}]
    (block,) = anthropic_client.messages.create(model="bedrock", max_tokens=500, messages=turns).content
    assert block.type == "text"
    assert (block.citations or [])[1].to_dict(exclude_none=True) == {
        "type": "search_result_location", "cited_text": "The sky is blue.", "search_result_index": 1, "title": "sky",
        "source": "https://example.org/sky", "start_block_index": 0, "end_block_index": 1,
    }  # fmt: skip
    turns += [{"role": "assistant", "content": [block]}, {"role": "user", "content": "And the sun?"}]
    assert anthropic_client.messages.create(model="bedrock", max_tokens=500, messages=turns).content


@pytest.mark.parametrize("stream", [False, True])
def test_the_stop_sequence_is_told(client: httpx.Client, stream: bool) -> None:
    body = {"model": "bedrock", "max_tokens": 50, "messages": PROMPT, "stop_sequences": ["answer"], "stream": stream}
    text = client.post("/messages", json=body).text
    assert '"stop_sequence":"answer"' in text
    assert '"stop_reason":"stop_sequence"' in text


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("error-429", 429, None),
        ("error-503", 503, "overloaded_error"),
        ("error-424", 502, "server_error"),
        ("error-408", 504, "timeout_error"),
        ("error-400", 400, "insufficient_quota"),
        ("context", 400, "context_length_exceeded"),
        ("truncated", 502, None),
    ],
)
def test_errors_in_the_clients_shape(
    openai_client: OpenAI, anthropic_client: Anthropic, fault: str, status: int, code: str | None
) -> None:
    with pytest.raises(openai.APIStatusError) as told:
        openai_client.chat.completions.create(model=f"bedrock-{fault}", messages=PROMPT)
    assert told.value.status_code == status
    if code is not None:
        assert told.value.code == code
    with pytest.raises(anthropic.APIStatusError) as said:
        anthropic_client.messages.create(model=f"bedrock-{fault}", max_tokens=9, messages=PROMPT)
    assert said.value.status_code == status
    assert isinstance(said.value.body, dict)
    assert said.value.body["type"] == "error"


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("fault", ["cut", "reset-middle", "error-in-stream", "error-first", "error-early"])
def test_a_stream_that_broke_never_looks_whole(client: httpx.Client, journal: Journal, fault: str, path: str) -> None:
    with journal.admitted() as ends:
        text = client.post(path, json=chat(f"bedrock-{fault}", stream=True) | {"max_tokens": 500}).text
    for end in ("[DONE]", "message_stop", '"finish_reason":"', '"stop_reason":"'):
        assert end not in text
    assert ends[0].outcome == "failed"


def test_a_stream_is_whole_without_its_counts(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        text = client.post("/chat/completions", json=chat("bedrock-no-done", stream=True)).text
    assert "[DONE]" in text
    assert (ends[0].outcome, ends[0].tokens.source) == ("completed", "estimate")


def test_frames_come_byte_by_byte(openai_client: OpenAI) -> None:
    whole = openai_client.chat.completions.create(model="bedrock", messages=PROMPT)
    chunks = openai_client.chat.completions.create(model="bedrock-drip", messages=PROMPT, stream=True)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content


# -- vectors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "texts", "size"), [("titan", ["hello"], 256), ("cohere", ["hello", "you"], None)])
def test_vectors(openai_client: OpenAI, journal: Journal, model: str, texts: list[str], size: int | None) -> None:
    """Which the SDK asks for in base64; requests are signed."""
    with journal.admitted() as ends:
        answer = openai_client.embeddings.create(model=model, input=texts, dimensions=size or openai.omit)
    assert [len(each.embedding) for each in answer.data] == [size or 1024] * len(texts)
    used = answer.usage.prompt_tokens
    assert used > 0
    assert (ends[0].tokens.source, ends[0].tokens.input, ends[0].tokens.output) == ("provider", used, None)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"model": "bedrock", "input": "hello"}, "model"),
        ({"model": "titan", "input": ["hello", "you"]}, "input"),
        ({"model": "cohere", "input": "hello", "dimensions": 256}, "dimensions"),
    ],
)
def test_vectors_that_cannot_be_had(client: httpx.Client, body: dict[str, Any], parameter: str) -> None:
    answer = client.post("/embeddings", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unsupported_parameter", parameter)


def test_an_error_of_invoking(client: httpx.Client) -> None:
    answer = client.post("/embeddings", json={"model": "titan-context", "input": "hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


def test_what_bedrock_has_nothing_of(client: httpx.Client) -> None:
    answer = client.post("/moderations", json={"model": "bedrock", "input": "hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_api")


def test_memory_does_not_grow_with_a_stream(client: httpx.Client, gateway: GatewayProcess) -> None:
    body = chat("bedrock-tokens-90000", stream=True) | {"max_tokens": 100_000}
    process = psutil.Process(gateway.process.pid)
    client.post("/chat/completions", json=body | {"model": "bedrock-tokens-2000"})
    before = process.memory_info().rss
    with client.stream("POST", "/chat/completions", json=body) as answer:
        size = sum(len(piece) for piece in answer.iter_raw())
    assert size > 6_500_000
    assert process.memory_info().rss - before < 4_000_000
