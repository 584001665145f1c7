"""A real gateway worker before a real simulated provider, for unmodified client libraries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.processes import GatewayProcess, World, simulator, start_gateway

ALIASES = (
    "sim-small", "sim-embed", "sim-image", "sim-speech", "sim-transcribe", "sim-tokens-200", "sim-no-usage",
    "sim-slow-chunks-50ms-tokens-200", "sim-slow-first-5000ms", "sim-error-400", "sim-error-404", "sim-error-422",
    "sim-error-429", "sim-error-500", "sim-error-503", "sim-context", "sim-reset-middle", "sim-cut",
    "sim-error-in-stream", "sim-flaky-2-sync", "sim-flaky-2-async", "sim-flaky-1-anthropic", "sim-flaky-2-node",
)  # fmt: skip


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with simulator("--api-key", "provider-credential") as url:
        world = World(url, aliases=ALIASES, not_granted=("secret-model",))
        process = start_gateway(tmp_path_factory.mktemp("gateway"), world)
        try:
            yield process
        finally:
            process.stop()
