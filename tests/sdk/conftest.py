"""A real gateway worker before a real simulated provider, for unmodified client libraries."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest
from bench.processes import GatewayProcess, World, simulator, start_gateway
from tests.gateway.conftest import Journal

from control_layer.contract.dialects import DIALECTS
from control_layer.contract.routing import Breaker
from control_layer.contract.snapshot import Deployment, Endpoint, Update

ALIASES = (
    "sim-small", "sim-embed", "sim-image", "sim-speech", "sim-transcribe", "sim-tokens-200", "sim-no-usage",
    "sim-slow-chunks-50ms-tokens-200", "sim-slow-first-5000ms", "sim-error-400", "sim-error-404", "sim-error-422",
    "sim-error-429", "sim-error-500", "sim-error-503", "sim-context", "sim-reset-middle", "sim-cut",
    "sim-error-in-stream", "sim-flaky-2-sync", "sim-flaky-2-async", "sim-flaky-1-anthropic", "sim-flaky-2-node",
)  # fmt: skip
_PROVIDERS = {
    "claude": ("/anthropic", "anthropic"),
    "gpt": ("/v1", "openai"),
    "gemini": ("/gemini", "gemini"),
    "ollama": ("/ollama", "ollama"),
}
_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_KNOWN = {"claude-sonnet-5": "gpt", "claude-opus-5": "gpt-calls-2", "claude-sonnet-5-5": "gpt-error-429",
          "claude-opus-4-8": "gpt-error-in-stream"}  # fmt: skip
"""For clients that refuse to ask for models they have not heard of."""
_MEDIA = ("gemini-image", "gemini-image-filtered", "gemini-speech", "claude-image")
_BEHAVIOURS = ("small", "calls-2", "reasoning", "error-429", "error-in-stream", "context")


@dataclass(slots=True)
class Crossed(World):
    """`claude`, `claude-calls-2`, …: models that each provider serves in its own dialect only, and what `names` has."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        root = self.url.removesuffix("/v1")
        endpoints = []
        for number, (name, (path, dialect)) in enumerate(_PROVIDERS.items()):
            place, header = str(uuid.UUID(int=900 + number)), DIALECTS[dialect].header
            endpoints.append(Endpoint(place, name, root + path, *header, self.sealed(place), dialect=dialect))
        places = {endpoint.name: endpoint.id for endpoint in endpoints}
        models = []
        for model in whole.models:
            name, _, behaviour = self.names.get(model.alias, model.alias).partition("-")
            deployment = Deployment(model.id, places[name], f"sim-{behaviour or 'small'}", breaker=_PATIENT)
            models.append(msgspec.structs.replace(model, deployments=(deployment,)))
        return msgspec.structs.replace(whole, endpoints=tuple(endpoints), models=tuple(models))


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    with simulator("--api-key", "provider-credential") as url:
        yield url


@pytest.fixture(scope="session")
def gateway(simulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Before a provider that speaks what the client does."""
    yield from _serving(World(simulator_url, aliases=ALIASES, not_granted=("secret-model",)), tmp_path_factory)


@pytest.fixture(scope="session")
def crossed(simulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Before providers of every dialect."""
    behaviours = [f"{name}-{behaviour}" for name in _PROVIDERS for behaviour in _BEHAVIOURS]
    aliases = (*_PROVIDERS, *behaviours, *_MEDIA, *_KNOWN)
    yield from _serving(Crossed(simulator_url, aliases=aliases, names=_KNOWN), tmp_path_factory)


def _serving(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = start_gateway(tmp_path_factory.mktemp("gateway"), world)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def journal(crossed: GatewayProcess) -> Journal:
    return Journal(crossed.journal)
