"""The simulated provider, as the dialects ask it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.gateway.dialects.gemini_requests import Simulated


@pytest.fixture
def simulated(simulator_url: str) -> Iterator[Simulated]:
    """The Gemini API."""
    base = simulator_url.removesuffix("/v1") + "/gemini"
    headers = {"x-goog-api-key": "provider-credential", "content-type": "application/json"}
    with httpx.Client(base_url=base, headers=headers, timeout=15) as client:
        yield Simulated(client)
