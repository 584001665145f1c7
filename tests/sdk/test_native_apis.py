"""The official SDKs, unmodified, directly on the simulated native APIs: what is simulated is what they expect."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam, ToolParam
from bench.processes import simulator
from openai import AzureOpenAI, OpenAI
from tests.sdk.scripts import run_node

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
