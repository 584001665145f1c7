"""One simulated provider for all its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.processes import simulator


@pytest.fixture(scope="session")
def root() -> Iterator[str]:
    """Its address without a path."""
    with simulator("--api-key", "key") as url:
        yield url.removesuffix("/v1")
