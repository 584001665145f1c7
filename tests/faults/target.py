"""The gateway under torture: an instance of our own, or any other that forwards to the simulated provider.

Another gateway is named by TARGET (base URL with `/v1`), TARGET_KEY and PROVIDER_URL (the simulated provider's base
URL), and must know the simulated models that `MODELS` names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from bench.processes import simulator
from tests.running import Instance, running

__all__ = ["MODELS", "Target", "chat", "events", "target"]

SMALL = "sim-small"
SLOW_STREAM = "sim-slow-chunks-50ms-tokens-400"
SLOW_FIRST = "sim-slow-first-8000ms"
LATE_CHUNKS = "sim-slow-chunks-1000ms-tokens-3"
RESET_MIDDLE = "sim-reset-middle"
CUT = "sim-cut"
TRUNCATED = "sim-wrong-content-length"
NO_USAGE = "sim-no-usage"
USAGE_WITH_CONTENT = "sim-usage-with-content"
FAILING = "sim-error-500"
EMBEDDING = "sim-embed"
TRANSCRIBING = "sim-transcribe"

MODELS = (
    SMALL, SLOW_STREAM, SLOW_FIRST, LATE_CHUNKS, RESET_MIDDLE, CUT, TRUNCATED, NO_USAGE, USAGE_WITH_CONTENT, FAILING,
    EMBEDDING, TRANSCRIBING,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """Where to call, and what the provider behind it can tell."""

    base_url: str
    key: str
    provider: str
    instance: Instance | None
    """Ours; `None` for a foreign gateway."""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def provider_stats(self) -> dict[str, Any]:
        """What the provider was asked and billed."""
        stats: dict[str, Any] = httpx.get(self.provider.removesuffix("/v1") + "/sim/stats", timeout=30.0).json()
        return stats

    def client(self) -> httpx.Client:
        """A client with the key, at the base URL."""
        return httpx.Client(base_url=self.base_url, headers=self.headers, timeout=60.0)


def chat(model: str, text: str = "hello", *, stream: bool = False, **fields: object) -> dict[str, Any]:
    """A chat completion's body."""
    return {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream, **fields}


def events(text: str) -> list[dict[str, Any]]:
    """The JSON of a stream's events, without `[DONE]`."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


@contextmanager
def target(directory: Path, *, workers: int = 1) -> Iterator[Target]:
    """The gateway that the environment names, else one of ours."""
    foreign = os.environ.get("TARGET")
    if foreign:
        yield Target(foreign.rstrip("/"), os.environ["TARGET_KEY"], os.environ["PROVIDER_URL"].rstrip("/"), None)
        return
    with simulator() as provider, running(directory, workers=workers) as instance:
        instance.connect_provider(provider, list(MODELS))
        key = str(instance.make_key("torture")["key"])
        instance.wait_callable(key, TRANSCRIBING)
        yield Target(instance.base_url, key, provider, instance)
