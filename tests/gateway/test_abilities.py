"""What models are known to be able to do: told in the model list, and refused beforehand where operators want that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import World, start_gateway
from tests.gateway.conftest import Provider, chat

from control_layer.contract.snapshot import Abilities, Update

_KNOWN = {
    "sim-texts": ("CHAT", Abilities((), 1000, "Reads and writes texts.")),
    "sim-able": ("CHAT", Abilities(("vision", "tools", "reasoning", "audio"))),
    "sim-unknown": (None, None),
    "sim-vectors": ("EMBEDDINGS", Abilities(context_window=512)),
    "sim-short": ("CHAT", Abilities(max_output_tokens=100)),
    "sim-pictures": (
        "CHAT",
        Abilities((), input_modalities=("text",), output_modalities=("image",), apis=("images", "image_edits")),
    ),
}
_IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
_ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("/chat/completions", {"messages": _IMAGE}, "messages"),
    ("/chat/completions", {"tools": [_TOOL]}, "tools"),
    ("/chat/completions", {"reasoning_effort": "low"}, "reasoning_effort"),
    ("/chat/completions", {"max_tokens": 1001}, "max_tokens"),
    ("/messages", {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 900}, "thinking"),
    ("/embeddings", {"input": "x"}, "model"),
]


@dataclass(slots=True)
class Known(World):
    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        models = []
        for model in whole.models:
            kind, abilities = _KNOWN[model.alias]
            models.append(msgspec.structs.replace(model, model_type=kind, abilities=abilities))
        return msgspec.structs.replace(whole, models=tuple(models))


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Known:
    return Known(simulator_url, aliases=tuple(_KNOWN))


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return {"validate_capabilities": True}


def test_the_model_list_tells_what_is_known(client: httpx.Client) -> None:
    plain = {model["id"]: model for model in client.get("/models").json()["data"]}
    told = {model["id"]: model for model in client.get("/models?detail=true").json()["data"]}
    assert told["sim-texts"] == plain["sim-texts"] | {
        "description": "Reads and writes texts.",
        "type": "CHAT",
        "capabilities": [],
        "context_window": 1000,
        "endpoints": ["/ai/v1/chat/completions", "/ai/v1/messages", "/ai/v1/responses"],
    }
    assert told["sim-unknown"] == plain["sim-unknown"]
    assert told["sim-short"]["max_output_tokens"] == 100
    assert told["sim-pictures"] == plain["sim-pictures"] | {
        "type": "CHAT",
        "capabilities": [],
        "input_modalities": ["text"],
        "output_modalities": ["image"],
        "endpoints": ["/ai/v1/images/generations", "/ai/v1/images/edits"],
    }
    assert told["sim-vectors"]["endpoints"] == ["/ai/v1/embeddings"]
    assert client.get("/models/sim-vectors?detail=true").json() == told["sim-vectors"]


@pytest.mark.parametrize(("path", "fields", "parameter"), _ASKED)
def test_what_a_model_cannot_do_is_refused_by_name(
    client: httpx.Client, provider: Provider, path: str, fields: dict[str, Any], parameter: str
) -> None:
    before = sum(provider.stats()["requests"].values())
    answer = client.post(path, json=chat("sim-texts") | fields)
    assert answer.status_code == 400, answer.text
    told = answer.json()["error"]
    assert parameter in (told.get("param"), *told["message"].split("'"))
    assert sum(provider.stats()["requests"].values()) == before


@pytest.mark.parametrize("path", ["/chat/completions", "/messages", "/responses", "/embeddings"])
def test_a_model_for_pictures_is_asked_for_pictures(client: httpx.Client, path: str) -> None:
    answer = client.post(path, json=chat("sim-pictures", max_tokens=10) | {"input": "x"})
    assert (answer.status_code, "/ai/v1/images/generations" in answer.text) == (400, True), answer.text
    asked = {"model": "sim-pictures", "prompt": "A rose."}
    assert client.post("/images/generations", json=asked).status_code == 200


def test_no_more_is_asked_than_a_model_writes(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("sim-short", max_tokens=101))
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "max_tokens")
    assert client.post("/chat/completions", json=chat("sim-short", max_tokens=100)).status_code == 200


@pytest.mark.parametrize("model", ["sim-able", "sim-unknown"])
@pytest.mark.parametrize(("path", "fields", "parameter"), _ASKED[:3])
def test_what_it_can_do_or_nobody_has_said_anything_of_is_sent(
    client: httpx.Client, path: str, fields: dict[str, Any], parameter: str, model: str
) -> None:
    assert client.post(path, json=chat(model) | fields).status_code == 200, parameter


def test_words_about_pictures_are_no_pictures(client: httpx.Client) -> None:
    said = [{"role": "user", "content": 'What does {"type": "image_url", "image_url": "…"} mean?'}]
    assert client.post("/chat/completions", json=chat("sim-texts", messages=said)).status_code == 200


def test_unless_operators_want_it_the_provider_decides(tmp_path: Path, simulator_url: str) -> None:
    process = start_gateway(tmp_path, Known(simulator_url, aliases=tuple(_KNOWN)))
    try:
        with httpx.Client(base_url=process.base_url, headers={"x-api-key": process.secret}) as client:
            assert client.post("/chat/completions", json=chat("sim-texts", tools=[_TOOL])).status_code == 200
    finally:
        process.stop()
