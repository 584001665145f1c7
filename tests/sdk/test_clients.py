"""Client libraries as people use them, unmodified, each on models of providers that do not speak its language.

Every library does the same: a chat whole and streamed, a loop with a tool that is called twice at once, a structured
answer where it has them, and errors. What it counts is what the gateway has recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from bench.processes import GatewayProcess
from tests.gateway.conftest import Journal
from tests.sdk.scripts import run_node, run_python

from control_layer.contract.usage import Closed

Seen = dict[str, dict[str, dict[str, Any]]]
_CALLS = [["get_weather", {"city": "simulated"}]] * 2
_OPENAIS: dict[str, Any] = {
    "absent": ["NotFoundError", 404], "limited": ["RateLimitError", 429], "broken": ["APIError", None],
}  # fmt: skip


@pytest.fixture
def look(crossed: GatewayProcess, journal: Journal) -> Callable[..., Seen]:
    """Runs a script, and compares what all of them saw alike."""

    def look(run: Callable[..., Seen], script: str, *, streams_counted: bool = True) -> Seen:
        since = len(journal.records())
        seen = run(script, GATEWAY_URL=crossed.base_url, GATEWAY_KEY=crossed.secret)
        ends = [end for end in journal.records()[since:] if isinstance(end, Closed) and end.outcome == "completed"]
        tokens = [end.tokens for end in ends if end.status == 200]
        for each in _each(seen):
            assert "simulated" in each["text"]
            assert each["streamed"] == each["text"]
            assert each["calls"] == each["streamedCalls"] == _CALLS
            assert "simulated" in each["answer"]
            assert each.get("structured", {"city": "simulated"})["city"] == "simulated"
        assert {each.source for each in tokens} == {"provider"}
        recorded = Counter((each.input, each.output) for each in tokens)
        told = Counter((counts[0], counts[1]) for each in _each(seen) for counts in each["usage"])
        assert told == recorded if streams_counted else told < recorded
        return seen

    return look


def _each(seen: Seen) -> list[dict[str, Any]]:
    return [each for models in seen.values() for each in models.values()]


# -- for Node ----------------------------------------------------------------------------------------------------------


def test_the_official_sdks_for_node(look: Callable[..., Seen]) -> None:
    seen = look(run_node, "crossed.mjs")
    assert {kind: sorted(models) for kind, models in seen.items()} == {
        "chat completions": ["claude", "gemini", "ollama"],
        "Responses": ["claude", "gemini", "ollama"],
        "Messages": ["gemini", "gpt", "ollama"],
    }
    for kind, models in seen.items():
        broken = {"broken": ["Object", None]} if kind == "Responses" else {}  # this client throws the event itself
        for each in models.values():
            assert each["errors"] == {**_OPENAIS, **broken, "context": ["BadRequestError", 400]}


def test_vercels_ai_sdk(look: Callable[..., Seen]) -> None:
    seen = look(run_node, "ai.mjs")
    assert list(seen) == ["openai, Responses", "openai, chat completions", "openai-compatible", "anthropic"]
    for each in _each(seen):
        assert each["reasoned"] == [["tool-calls", False], ["stop", True]]
        assert each["errors"]["absent"] == ["AI_APICallError", 404]
        assert each["errors"]["limited"] == ["AI_APICallError", 429]
        assert each["errors"]["broken"]


# -- for Python --------------------------------------------------------------------------------------------------------


def test_langchain(look: Callable[..., Seen]) -> None:
    seen = look(run_python, "with_langchain")
    assert list(seen) == ["ChatOpenAI", "ChatOpenAI, Responses", "ChatAnthropic"]
    for kind, models in seen.items():
        vendor = "Anthropic" if kind == "ChatAnthropic" else "OpenAI"
        for each in models.values():
            assert each["errors"]["absent"] == [f"{vendor}ModelNotFoundError", 404]
            assert each["errors"]["limited"] == [f"{vendor}RateLimitError", 429]
            assert each["errors"]["broken"]


def test_llama_index(look: Callable[..., Seen]) -> None:
    seen = look(run_python, "with_llama_index", streams_counted=False)
    assert list(seen) == ["OpenAILike", "Anthropic"]
    assert [each["single"] for each in _each(seen)] == [1, 1, 1]  # what it asks for where nobody says otherwise
    for each in seen["OpenAILike"].values():
        assert each["errors"] == _OPENAIS
    assert seen["Anthropic"]["gpt"]["errors"] == {**_OPENAIS, "broken": ["APIStatusError", 200]}


def test_litellms_sdk(look: Callable[..., Seen]) -> None:
    seen = look(run_python, "with_litellm")
    assert list(seen) == ["openai", "anthropic"]
    for each in _each(seen):
        assert each["errors"] == {**_OPENAIS, "broken": ["MidStreamFallbackError", 500]}


def test_openais_agents_sdk(look: Callable[..., Seen]) -> None:
    seen = look(run_python, "with_openai_agents")
    assert list(seen) == ["Responses", "chat completions"]
    for each in _each(seen):
        assert each["errors"]["absent"] == ["NotFoundError", 404]
        assert each["errors"]["limited"] == ["RateLimitError", 429]
        assert each["errors"]["broken"]
