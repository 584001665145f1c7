"""Clients of the Messages API whose earlier answers came from others than Claude: a strict Anthropic takes what they
say next, where the model has others too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import World
from tests.gateway.clouds import IN_PROJECT
from tests.gateway.conftest import Journal

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.routing import Backoff, Balancing, Fallback
from control_layer.contract.snapshot import Deployment, Endpoint, Update

_PLACES = {"anthropic": "/anthropic", "bedrock": "/bedrock", "gemini": "/gemini", "openai": "/v1", "vertex": "/vertex"}
_CLAUDE, _GEMINI = ("anthropic", "claude-sonnet-4-5-sim"), ("gemini", "sim-reasoning")
_DEPLOYMENTS = {
    "claude": (_CLAUDE,),
    "bedrock": (("bedrock", "anthropic.claude-sonnet-4-5-sim"),),
    "gemini": (_GEMINI,),
    "unsigned": (("openai", "sim-reasoning"),),
    "vertex": (("vertex", "anthropic/claude-sonnet-4-5-sim"),),
    "two-claudes": (_CLAUDE, ("anthropic", "claude-opus-4-5-sim")),
    "mixed": (_CLAUDE, _GEMINI),
    "mixed-clouds": (("bedrock", "anthropic.claude-sonnet-4-5-sim"), _GEMINI),
    "mixed-later": (("gemini", "sim-error-500"), _CLAUDE),
    "broken": (("openai", "sim-error-500"),),
}
_HEAD = {"anthropic-version": "2023-06-01"}
_WEATHER = {"role": "user", "content": "Use the tool get_weather, please."}
_TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
_BUDGET = {"type": "enabled", "budget_tokens": 1024}


@dataclass(slots=True)
class Mixture(World):
    """Every alias is served by its deployments, in their order."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        root = self.url.removesuffix("/v1")
        ids = {name: str(uuid.UUID(int=900 + number)) for number, name in enumerate(_PLACES)}
        options = {"vertex": IN_PROJECT}
        endpoints = tuple(
            Endpoint(
                ids[name], name, root + path, *DIALECTS[name].header, self.sealed(ids[name]), dialect=name,
                options=options.get(name, DialectOptions()),
            )
            for name, path in _PLACES.items()
        )  # fmt: skip
        fallback = Fallback(enabled=True, on_status=(500,), backoff=Backoff(initial=0.001, maximum=0.01))
        models = [
            msgspec.structs.replace(
                model,
                deployments=tuple(
                    Deployment(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{model.alias} {name}")), ids[place], name)
                    for place, name in _DEPLOYMENTS[model.alias]
                ),
                fallback=fallback,
                balancing=Balancing("priority"),
            )
            for model in whole.models
        ]
        return msgspec.structs.replace(whole, endpoints=endpoints, models=tuple(models))


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Mixture:
    return Mixture(simulator_url, aliases=tuple(_DEPLOYMENTS))


def ask(client: httpx.Client, model: str, turns: list[Any], path: str = "/messages", **more: Any) -> httpx.Response:
    limit = {} if path.endswith("count_tokens") else {"max_tokens": 4000}
    return client.post(path, json={"model": model, **limit, "messages": turns, **more}, headers=_HEAD)


def called(client: httpx.Client, model: str) -> list[Any]:
    """A conversation in which a model has thought and called a tool."""
    answer = ask(client, model, [_WEATHER], tools=[_TOOL], thinking=_BUDGET)
    assert answer.status_code == 200, answer.text
    content = answer.json()["content"]
    assert [block["type"] for block in content] == ["thinking", "tool_use"]
    result = {"type": "tool_result", "tool_use_id": content[1]["id"], "content": "rain"}
    return [_WEATHER, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}]


@pytest.mark.parametrize("model", ["mixed", "mixed-later", "mixed-clouds", "vertex"])
@pytest.mark.parametrize("speaker", ["gemini", "unsigned"])
def test_claude_goes_on_from_what_others_thought(client: httpx.Client, speaker: str, model: str) -> None:
    turns = called(client, speaker)
    answer = ask(client, model, turns, tools=[_TOOL])
    assert answer.status_code == 200, answer.text
    assert [block["type"] for block in answer.json()["content"]] == ["text"]
    thinking = ask(client, model, turns, tools=[_TOOL], thinking=_BUDGET, stream=True)
    assert '"message_stop"' in thinking.text
    assert thinking.headers["x-control-layer-dropped-parameters"] == "thinking"


@pytest.mark.parametrize("model", ["mixed", "mixed-clouds", "vertex", "two-claudes"])
@pytest.mark.parametrize("speaker", ["claude", "bedrock", "vertex"])
def test_what_claude_thought_goes_back_to_it(client: httpx.Client, speaker: str, model: str) -> None:
    """Wherever it was asked: it then thinks on."""
    answer = ask(client, model, called(client, speaker), tools=[_TOOL], thinking=_BUDGET)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"][0]["type"] == "thinking"
    assert "x-control-layer-dropped-parameters" not in answer.headers


def test_what_claude_thought_is_nothing_to_others(client: httpx.Client) -> None:
    assert ask(client, "gemini", called(client, "claude"), tools=[_TOOL]).status_code == 200


@pytest.mark.parametrize("model", ["mixed", "vertex"])
def test_tokens_are_counted_without_them(client: httpx.Client, model: str) -> None:
    answer = ask(client, model, called(client, "gemini"), "/messages/count_tokens", tools=[_TOOL])
    assert answer.status_code == 200, answer.text
    assert answer.json()["input_tokens"] > 0


def test_models_that_the_client_names_are_a_mixture_too(client: httpx.Client, journal: Journal) -> None:
    turns = called(client, "gemini")
    with journal.admitted() as ends:
        answer = ask(client, "broken", turns, tools=[_TOOL], models=["broken", "claude"])
    assert answer.status_code == 200, answer.text
    assert [attempt.status for attempt in ends[0].attempts][-1] == 200


@pytest.mark.parametrize("model", ["claude", "two-claudes"])
def test_a_model_of_claudes_alone_is_told_what_the_client_said(client: httpx.Client, model: str) -> None:
    """Nothing looks into its requests."""
    answer = ask(client, model, called(client, "gemini"), tools=[_TOOL])
    assert answer.status_code == 400
    assert "Invalid `signature`" in answer.json()["error"]["message"]
