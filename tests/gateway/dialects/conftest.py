"""The simulated provider's own APIs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.gateway.dialects.simulated import Simulated

from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.gateway.dialects.ollama import OLLAMA

_KEY = "provider-credential"
_JSON = {"content-type": "application/json"}


@pytest.fixture
def simulated_gemini(simulator_url: str) -> Iterator[Simulated]:
    with _client(simulator_url, "/gemini", {"x-goog-api-key": _KEY}) as client:
        yield Simulated(client, GEMINI)


@pytest.fixture
def simulated_ollama(simulator_url: str) -> Iterator[Simulated]:
    with _client(simulator_url, "/ollama", {"authorization": f"Bearer {_KEY}"}) as client:
        yield Simulated(client, OLLAMA)


def _client(simulator_url: str, path: str, headers: dict[str, str]) -> httpx.Client:
    return httpx.Client(base_url=simulator_url.removesuffix("/v1") + path, headers=_JSON | headers, timeout=15)
