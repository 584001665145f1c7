"""Endpoints of several dialects: where a request goes at each, with which credential, and what is not asked of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx
import msgspec
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam
from bench.processes import GatewayProcess, World
from openai import OpenAI
from tests.gateway.conftest import Journal, Provider, chat

from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.snapshot import Endpoint, Update

_OLDER = DialectOptions(api_version="2024-10-21", deployment_paths=True)
_PLACES = {
    "claude": ("/anthropic", "anthropic", DialectOptions()),
    "azure": ("/azure", "azure", DialectOptions()),
    "azure-v1": ("/azure/openai/v1", "azure", DialectOptions(api_version="preview")),
    "azure-older": ("/azure", "azure", _OLDER),
    "plain": ("/v1", "openai", DialectOptions()),
    "quirky": ("/v1", "openai", DialectOptions(quirks=("no_stream_options",))),
    "newer": ("/v1", "of-a-newer-release", DialectOptions()),
}


@dataclass(slots=True)
class Places(World):
    """Every alias is served by an endpoint of its own, by the provider's model `sim-small`."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        root = self.url.removesuffix("/v1")
        endpoints, models = [], []
        for number, model in enumerate(whole.models):
            path, dialect, options = _PLACES[model.alias]
            header = DIALECTS.get(dialect, DIALECTS["openai"]).header
            place = str(uuid.UUID(int=900 + number))
            endpoints.append(
                Endpoint(place, model.alias, root + path, *header, self.sealed(place), dialect=dialect, options=options)
            )
            deployment = msgspec.structs.replace(model.deployments[0], endpoint_id=place)
            models.append(msgspec.structs.replace(model, deployments=(deployment,)))
        return msgspec.structs.replace(whole, endpoints=tuple(endpoints), models=tuple(models))


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Places:
    return Places(simulator_url, aliases=tuple(_PLACES), names=dict.fromkeys(_PLACES, "sim-small"))


def _asked(provider: Provider) -> set[str]:
    return set(provider.stats()["requests"])


@pytest.mark.parametrize(
    ("alias", "path"),
    [
        ("azure", "/openai/v1/chat/completions"),
        ("azure-v1", "/openai/v1/chat/completions"),
        ("azure-older", "/openai/deployments/sim-small/chat/completions"),
    ],
)
def test_azure_is_asked_at_its_own_paths_with_its_own_key(
    client: httpx.Client, gateway: GatewayProcess, provider: Provider, alias: str, path: str
) -> None:
    answer = client.post("/chat/completions", json=chat(alias))
    assert answer.status_code == 200, answer.text
    assert "simulated" in answer.json()["choices"][0]["message"]["content"]
    assert f"{path} sim-small" in _asked(provider)
    with OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0) as openai:
        messages: Any = [{"role": "user", "content": "Say something."}]
        stream = openai.chat.completions.create(model=alias, messages=messages, stream=True)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert said == answer.json()["choices"][0]["message"]["content"]


def test_a_clients_own_version_does_not_reach_azure(client: httpx.Client) -> None:
    for alias in ("azure", "azure-v1", "azure-older"):
        # The newer API refuses this version, the older one refuses two.
        answer = client.post("/chat/completions?api-version=2020-01-01", json=chat(alias))
        assert answer.status_code == 200, answer.text


def test_other_paths_of_the_older_api_name_no_deployment(client: httpx.Client, provider: Provider) -> None:
    assert client.post("/embeddings", json={"model": "azure-older", "input": "x"}).status_code == 200
    client.post("/responses", json={"model": "azure-older", "input": "x"})
    assert {"/openai/deployments/sim-small/embeddings sim-small", "/openai/responses sim-small"} <= _asked(provider)


def test_anthropics_own_requests_pass_as_they_are(gateway: GatewayProcess, provider: Provider) -> None:
    base_url = gateway.base_url.removesuffix("/v1")
    messages: list[MessageParam] = [{"role": "user", "content": "Say something."}]
    with Anthropic(base_url=base_url, api_key=gateway.secret, max_retries=0) as client:
        answer = client.messages.create(model="claude", max_tokens=2000, messages=messages)
        with client.messages.stream(model="claude", max_tokens=2000, messages=messages) as stream:
            streamed = stream.get_final_message()
        assert [block.to_dict() for block in answer.content] == [block.to_dict() for block in streamed.content]
        with pytest.raises(anthropic.BadRequestError, match="temperature: Extra inputs are not permitted"):
            client.messages.create(model="claude", max_tokens=9, messages=messages, extra_body={"temperature": 1})
    assert "/v1/messages sim-small" in _asked(provider)


def test_a_stream_is_not_asked_for_usage_where_that_is_not_known(client: httpx.Client, journal: Journal) -> None:
    sources = []
    for alias in ("plain", "quirky"):
        with journal.admitted() as ends:
            text = client.post("/chat/completions", json=chat(alias, stream=True)).text
        assert text.endswith("data: [DONE]\n\n")
        sources.append(ends[0].tokens.source)
    assert sources == ["provider", "estimate"]


def test_a_dialect_of_a_newer_release_is_no_place_to_send_to(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("newer"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_unavailable")
