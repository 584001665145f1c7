"""The official SDKs, unmodified, directly on the simulated native APIs: what is simulated is what they expect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam, ToolParam
from bench.processes import simulator
from botocore.config import Config
from botocore.session import Session
from openai import AzureOpenAI, OpenAI
from tests.sdk.scripts import run_node

from control_layer.simulator.bedrock.signature import KEY_ID, SECRET

PROMPT: list[MessageParam] = [{"role": "user", "content": "Use the tool get_weather, please."}]
TOOL: ToolParam = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    with simulator("--api-key", "key") as url:
        yield url.removesuffix("/v1")


@pytest.fixture
def client(root: str) -> Iterator[Anthropic]:
    with Anthropic(base_url=f"{root}/anthropic", api_key="key", max_retries=0, timeout=15) as client:
        yield client


def test_anthropics_thoughts_and_tools_go_around(client: Anthropic) -> None:
    first = client.messages.create(
        model="sim-calls-2",
        max_tokens=4000,
        messages=PROMPT,
        tools=[TOOL],
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    assert [block.type for block in first.content] == ["thinking", "tool_use", "tool_use"]
    with client.messages.stream(
        model="sim-calls-2",
        max_tokens=4000,
        messages=PROMPT,
        tools=[TOOL],
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:
        streamed = stream.get_final_message()
    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in first.content]
    assert streamed.usage.output_tokens == first.usage.output_tokens
    assert (streamed.stop_reason, first.stop_reason) == ("tool_use", "tool_use")
    turns: list[MessageParam] = [
        *PROMPT,
        {"role": "assistant", "content": first.content},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": block.id, "content": "rain"}
                for block in first.content
                if block.type == "tool_use"
            ],
        },
    ]
    last = client.messages.create(
        model="sim-small",
        max_tokens=4000,
        messages=turns,
        tools=[TOOL],
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    assert [block.type for block in last.content] == ["thinking", "text"]
    with pytest.raises(anthropic.BadRequestError, match="without `tool_result` blocks"):
        client.messages.create(model="sim-small", max_tokens=4000, messages=turns[:2], tools=[TOOL])


def test_anthropics_models_in_pages_and_its_errors(client: Anthropic, root: str) -> None:
    assert len([model.id for model in client.models.list(limit=3)]) == len(client.models.list().data)
    assert client.messages.count_tokens(model="m", messages=PROMPT).input_tokens > 0
    with pytest.raises(anthropic.RateLimitError):
        client.messages.create(model="sim-error-429", max_tokens=9, messages=PROMPT)
    with pytest.raises(anthropic.APIStatusError) as raised:
        list(client.messages.create(model="sim-error-in-stream", max_tokens=99, messages=PROMPT, stream=True))
    assert "overloaded_error" in str(raised.value)
    with (
        Anthropic(base_url=f"{root}/anthropic", api_key="other", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError),
    ):
        stranger.models.list()


def test_azures_client_and_openais(root: str) -> None:
    older = AzureOpenAI(azure_endpoint=f"{root}/azure", api_key="key", api_version="2024-10-21", max_retries=0)
    newer = OpenAI(base_url=f"{root}/azure/openai/v1", api_key="key", max_retries=0)
    said = []
    for client in (older, newer):
        answer = client.chat.completions.create(model="sim-small", messages=[{"role": "user", "content": "hello"}])
        said.append(answer.choices[0].message.content)
        chunks = client.chat.completions.create(
            model="sim-small", messages=[{"role": "user", "content": "hello"}], stream=True
        )
        said.append("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
        assert client.embeddings.create(model="sim-embed", input="x", dimensions=4).data[0].embedding
        client.close()
    assert len(set(said)) == 1


def test_for_node(root: str) -> None:
    seen = run_node("native.mjs", SIMULATOR_URL=root, SIMULATOR_KEY="key")
    assert [block["type"] for block in seen["blocks"]] == ["thinking", "tool_use"]
    assert seen["streamed"] == seen["blocks"]
    assert seen["usage"][0] == seen["usage"][1]
    assert "simulated" in seen["answer"]
    assert seen["counted"] > 0
    assert len(seen["models"]) > 3
    assert seen["error"] == {"name": "BadRequestError", "type": "invalid_request_error", "id": True}
    assert seen["azure"] == seen["azureStreamed"]


@pytest.fixture
def amazon(root: str) -> Iterator[Any]:
    client = Session().create_client(
        "bedrock-runtime",
        "eu-west-1",
        endpoint_url=f"{root}/bedrock",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token="token",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with closing(client):
        yield client


def test_amazons_library_talks_to_bedrock(amazon: Any) -> None:
    turns = [{"role": "user", "content": [{"text": "Use the tool get_weather, please."}]}]
    schema = {"json": {"type": "object", "properties": {"city": {"type": "string"}}}}
    asked = {
        "modelId": "anthropic.claude-v1:0-sim-calls-2",
        "messages": turns,
        "toolConfig": {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": schema}}]},
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    }
    whole = amazon.converse(**asked)
    message = whole["output"]["message"]
    assert whole["stopReason"] == "tool_use"
    with closing(amazon.converse_stream(**asked)["stream"]) as stream:
        events = list(stream)
    begun = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    called = [block["toolUse"] for block in message["content"] if "toolUse" in block]
    assert [use["name"] for use in begun] == [use["name"] for use in called] == ["get_weather"] * 2
    assert events[-1]["metadata"]["usage"] == whole["usage"]
    results = [{"toolResult": {"toolUseId": use["toolUseId"], "content": [{"text": "rain"}]}} for use in called]
    last = amazon.converse(**asked | {"messages": [*turns, message, {"role": "user", "content": results}]})
    assert last["output"]["message"]["content"][-1]["text"]
    with pytest.raises(amazon.exceptions.ClientError, match="must alternate"):
        amazon.converse(**asked | {"messages": [*turns, *turns]})
    broken = amazon.converse_stream(**asked | {"modelId": "sim-error-in-stream"})["stream"]
    with closing(broken), pytest.raises(amazon.exceptions.ClientError, match="sim-host"):
        list(broken)
