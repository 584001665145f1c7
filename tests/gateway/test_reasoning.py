"""Reasoning efforts as an operator has them written for a provider: what the provider gets, and what is refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import World
from tests.gateway.conftest import Journal, chat
from tests.http_server import Handler, serving

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.reasoning import Reasoning, Write, place_of
from control_layer.contract.routing import Balancing
from control_layer.contract.snapshot import Deployment, Endpoint, Update

_CHAT, _RESPONSES = "/chat/completions", "/responses"
_MESSAGES = '"messages":[{"role":"user","content":"Hm\\u0065 ?"}]'
_TOO_LONG = {"error": {"message": "Too long.", "type": "invalid_request_error", "code": "context_length_exceeded"}}
_ANSWERS = {
    "/v1/chat/completions": {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    },
    "/v1/responses": {"id": "r", "object": "response", "status": "completed", "output": []},
}


def _writes(pointer: str, **values: Any) -> dict[str, tuple[Write, ...]]:
    place = place_of(pointer)
    return {effort: (Write(place, json.dumps(value).encode()),) for effort, value in values.items()}


def _both(*efforts: dict[str, tuple[Write, ...]]) -> dict[str, tuple[Write, ...]]:
    return {effort: tuple(write for each in efforts for write in each[effort]) for effort in efforts[0]}


_THINKS = _both(
    _writes("/kwargs/think", none=False, low=True, high=True),
    _writes("/budget", none=0, low=512, high=8192),
)
_OWN_WORDS = _writes("/reasoning/effort", low="brief", max=9)
_CLAUDE = _writes("/thinking", low={"type": "disabled"}, high={"type": "enabled", "budget_tokens": 1024})
_DEPLOYMENTS: dict[str, tuple[tuple[str, Reasoning | None], ...]] = {
    "plain": (("plain", None),),
    "thinker": (("t", Reasoning(_THINKS, _THINKS)),),
    "renamed": (("thinker-large", Reasoning(_writes("/reasoning_effort", low="tiny"), _OWN_WORDS)),),
    "silent": (("s", Reasoning({}, {})),),
    "half": (("h", Reasoning(responses=_THINKS)),),
    "two": (("first", Reasoning(_writes("/a", low=1))), ("second", Reasoning(_writes("/b", high=2)))),
    "two-and-plain": (("first", Reasoning(_writes("/a", low=1))), ("second", None)),
    "short": (("too-long", Reasoning(_writes("/a", low=1, high=1))),),
    "claude": (("claude-sonnet-4-5-sim", Reasoning(_CLAUDE)),),
    "claude-plain": (("claude-sonnet-4-5-sim", None),),
    "chat-only": (("c", Reasoning(responses=_writes("/reasoning_effort", low="tiny"))),),
}
_OVERFLOW = {"short": ("long", Reasoning(_writes("/b", high=2)))}


@dataclass(slots=True)
class Seen:
    """A provider that keeps what it gets."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def last(self) -> Any:
        return json.loads(self.bodies[-1])


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    told = Seen()

    class Keeping(Handler):
        def post(self, body: bytes) -> None:
            told.bodies.append(body)
            too_long = json.loads(body)["model"] == "too-long"
            self.answer(400 if too_long else 200, json.dumps(_TOO_LONG if too_long else _ANSWERS[self.path]).encode())

    with serving(Keeping) as address:
        told.url = f"{address}/v1"
        yield told


@dataclass(slots=True)
class Thinkers(World):
    """Aliases by their deployments, in their order; those of Claude are the simulator's."""

    seen: Seen = field(default_factory=Seen)

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        native, claude, chat_only = (str(uuid.UUID(int=number)) for number in (900, 901, 902))
        endpoints = (
            Endpoint(native, "native", self.seen.url),
            Endpoint(
                claude, "claude", self.url.removesuffix("/v1") + "/anthropic", *DIALECTS["anthropic"].header,
                self.sealed(claude), dialect="anthropic",
            ),
            Endpoint(
                chat_only, "chat", self.seen.url, options=DialectOptions(native_apis=("chat_completions",))
            ),
        )  # fmt: skip
        places = {"claude": claude, "chat": chat_only}

        def deployment(alias: str, name: str, reasoning: Reasoning | None) -> Deployment:
            unique = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{alias} {name}"))
            return Deployment(unique, places.get(alias.partition("-")[0], native), name, reasoning=reasoning)

        models = tuple(
            msgspec.structs.replace(
                model,
                deployments=tuple(deployment(model.alias, *each) for each in _DEPLOYMENTS[model.alias]),
                overflow=tuple(
                    deployment(model.alias, *_OVERFLOW[alias]) for alias in _OVERFLOW if alias == model.alias
                ),
                balancing=Balancing("priority"),
            )
            for model in whole.models
        )
        return msgspec.structs.replace(whole, endpoints=endpoints, models=models)


@pytest.fixture(scope="module")
def company(simulator_url: str, seen: Seen) -> Thinkers:
    return Thinkers(simulator_url, aliases=tuple(_DEPLOYMENTS), seen=seen)


def _post(client: httpx.Client, path: str, body: str) -> httpx.Response:
    return client.post(path, content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    ("path", "model", "sent", "received"),
    [
        (_CHAT, "thinker", '"n": 1.0,"reasoning_effort":"low"', '"n":1.0,"kwargs":{"think":true},"budget":512'),
        (
            _CHAT,
            "thinker",
            '"reasoning_effort":"none","kwargs":{"a": [ 1 ]}',
            '"kwargs":{"a":[ 1 ],"think":false},"budget":0',
        ),
        (_CHAT, "thinker", '"reasoning_effort":null,"x":1', '"x":1'),
        (_CHAT, "renamed", '"reasoning_effort":"low","x":1', '"x":1,"reasoning_effort":"tiny"'),
        (
            _RESPONSES,
            "thinker",
            '"reasoning":{"effort":"high", "summary":"auto"}',
            '"reasoning":{"summary":"auto"},"kwargs":{"think":true},"budget":8192',
        ),
        (_RESPONSES, "thinker", '"reasoning":{"effort":null}', ""),
        (_RESPONSES, "renamed", '"reasoning":{"effort":"max","x":1}', '"reasoning":{"x":1,"effort":9}'),
    ],
)
def test_the_effort_is_taken_out_and_its_values_are_written(
    client: httpx.Client, seen: Seen, path: str, model: str, sent: str, received: str
) -> None:
    told = '"input":"Hm\\u0065 ?"' if path == _RESPONSES else _MESSAGES
    answer = _post(client, path, f'{{"model":"{model}",{told},{sent}}}')
    assert answer.status_code == 200, answer.text
    name = _DEPLOYMENTS[model][0][0]
    assert seen.bodies[-1].decode() == f'{{"model":"{name}",{told}{"," if received else ""}{received}}}'


@pytest.mark.parametrize(
    ("path", "model", "sent"),
    [
        (_CHAT, "plain", '"reasoning_effort" : "extreme"'),
        (_CHAT, "thinker", '"temperature" : 1.0'),
        (_CHAT, "half", '"reasoning_effort" : "extreme"'),
        (_RESPONSES, "thinker", '"reasoning" : {"summary": "auto"}'),
        (_RESPONSES, "thinker", '"reasoning" : "high"'),
        (_RESPONSES, "thinker", '"reasoning_effort" : "extreme"'),
    ],
)
def test_a_request_without_an_effort_to_translate_is_handed_on_as_it_is(
    client: httpx.Client, seen: Seen, path: str, model: str, sent: str
) -> None:
    name = _DEPLOYMENTS[model][0][0]
    body = f'{{"model":"{model}",{_MESSAGES},{sent}}}'
    assert _post(client, path, body).status_code == 200
    compact = json.dumps(json.loads(body) | {"model": name}, separators=(",", ":"))
    assert seen.last == json.loads(compact)
    assert sent.partition(" : ")[2] in seen.bodies[-1].decode()


@pytest.mark.parametrize(
    ("path", "model", "fields", "status", "parameter", "advice"),
    [
        (_CHAT, "thinker", {"reasoning_effort": "max"}, 422, "reasoning_effort", "use one of none, low, high."),
        (_RESPONSES, "renamed", {"reasoning": {"effort": "high"}}, 422, "reasoning.effort", "use one of low, max."),
        (_CHAT, "silent", {"reasoning_effort": "low"}, 422, "reasoning_effort", "leave it out."),
        (_CHAT, "thinker", {"reasoning_effort": "extreme"}, 400, "reasoning_effort", "use one of none, low, high."),
        (_CHAT, "thinker", {"reasoning_effort": ["low"]}, 400, "reasoning_effort", "use one of none, low, high."),
        (_CHAT, "two", {"reasoning_effort": "medium"}, 422, "reasoning_effort", "use one of low, high."),
        (_CHAT, "claude", {"reasoning_effort": "medium"}, 422, "reasoning_effort", "use one of low, high."),
    ],
)  # fmt: skip
def test_an_effort_that_no_deployment_takes_is_refused_with_those_that_are_supported(
    client: httpx.Client,
    seen: Seen,
    journal: Journal,
    path: str,
    model: str,
    fields: dict[str, Any],
    status: int,
    parameter: str,
    advice: str,
) -> None:
    before = len(seen.bodies), len(journal.records())
    answer = client.post(path, json=chat(model, input="x", **fields))
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", parameter)
    assert error["message"].endswith(advice)
    assert (len(seen.bodies), len(journal.records())) == before


@pytest.mark.parametrize(
    ("model", "effort", "received"),
    [
        ("two", "low", {"model": "first", "a": 1}),
        ("two", "high", {"model": "second", "b": 2}),
        ("two", None, {"model": "first"}),
        ("two-and-plain", "low", {"model": "first", "a": 1}),
        ("two-and-plain", "max", {"model": "second", "reasoning_effort": "max"}),
        ("short", "high", {"model": "long", "b": 2}),
    ],
)
def test_only_deployments_that_take_the_effort_are_asked(
    client: httpx.Client, seen: Seen, model: str, effort: str | None, received: dict[str, Any]
) -> None:
    body = chat(model) | ({} if effort is None else {"reasoning_effort": effort})
    assert client.post(_CHAT, json=body).status_code == 200
    assert seen.last == {"messages": body["messages"], **received}


def test_a_substitute_that_does_not_take_the_effort_is_not_asked(client: httpx.Client, seen: Seen) -> None:
    before = len(seen.bodies)
    answer = client.post(_CHAT, json=chat("short", reasoning_effort="low"))
    assert (answer.status_code, answer.json()) == (400, _TOO_LONG)
    assert len(seen.bodies) == before + 1


def test_a_model_that_does_not_take_the_effort_gives_way_to_the_next_one_that_the_client_names(
    client: httpx.Client, seen: Seen
) -> None:
    body = chat("silent", models=["thinker"], reasoning_effort="low")
    assert client.post(_CHAT, json=body).status_code == 200
    assert seen.last["budget"] == 512


@pytest.mark.parametrize(
    ("model", "effort", "thinks"),
    [("claude-plain", "low", True), ("claude", "low", False), ("claude", "high", True), ("claude", None, False)],
)
def test_a_provider_of_another_dialect_gets_the_operators_values_and_not_our_own(
    client: httpx.Client, model: str, effort: str | None, thinks: bool
) -> None:
    body = chat(model, max_tokens=4000) | ({} if effort is None else {"reasoning_effort": effort})
    answer = client.post(_CHAT, json=body)
    assert answer.status_code == 200, answer.text
    assert bool(answer.json()["choices"][0]["message"].get("reasoning_content")) is thinks


def test_responses_that_are_translated_to_chat_completions_are_written_into_these(
    client: httpx.Client, seen: Seen
) -> None:
    body = {"model": "chat-only", "input": "x", "reasoning": {"effort": "low"}, "store": False}
    answer = client.post(_RESPONSES, json=body)
    assert answer.status_code == 200, answer.text
    assert seen.last["reasoning_effort"] == "tiny"
    assert "reasoning" not in seen.last


def test_the_model_list_tells_what_efforts_are_taken(client: httpx.Client) -> None:
    query = {"include_reasoning_capabilities": "true"}
    told = {model["id"]: model for model in client.get("/models", params=query).json()["data"]}
    assert {name: model.get("supported_reasoning_efforts") for name, model in told.items()} == {
        "plain": None,
        "thinker": ["none", "low", "high"],
        "renamed": ["low"],
        "silent": [],
        "half": ["none", "low", "high"],
        "two": ["low", "high"],
        "two-and-plain": None,
        "short": ["low", "high"],
        "claude": ["low", "high"],
        "claude-plain": None,
        "chat-only": ["low"],
    }
    assert client.get("/models/two", params=query).json() == told["two"]
    assert "supported_reasoning_efforts" not in client.get("/models/two").text
    both = client.get("/models/two", params=query | {"detail": "true"}).json()
    assert both["supported_reasoning_efforts"] == ["low", "high"]
