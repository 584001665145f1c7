"""A coding agent, as those that speak Anthropic's Messages do it, on providers of every dialect: the official SDK's
beta surface, streamed, with system blocks and marks for caching, many tools, thinking between their calls, and results
of several kinds over several turns.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types.beta import BetaMessage
from bench.processes import GatewayProcess
from tests.gateway.conftest import Journal

from control_layer.contract.usage import Closed

_PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
_MARK = {"type": "ephemeral"}
_STEPS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("Glob", "src/main.py\nsrc/parser.py", {}),
    ("Read", [{"type": "text", "text": "def parse(): ..."}, {"type": "text", "text": "(end of file)"}], {}),
    ("Bash", "exit status 1: 1 failed", {"is_error": True}),
    ("Screenshot", [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _PICTURE}}], {}),
    ("Edit", "The file was changed.", {}),
)
"""The calls of the session in their order, and what comes of them."""
_OTHERS = ("Grep", "Write", "NotebookEdit", "WebFetch", "Plan", "Agent", "Ask", "Skill", "Monitor", "Stop")
_DISCIPLINE = "Prefer small changes, and run the tests after each of them. " * 100


def _tool(name: str) -> dict[str, Any]:
    properties = {
        "path": {"type": "string", "description": "Where."},
        "limit": {"type": "integer", "minimum": 1},
        "options": {"type": "object", "properties": {"deep": {"type": "boolean"}}, "additionalProperties": False},
    }
    schema = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
    described = {"name": name, "description": f"{name} does what its name says. " * 20, "input_schema": schema}
    return {"type": "custom", "eager_input_streaming": True, **described}


_ASKED: dict[str, Any] = {
    "max_tokens": 32_000,
    "system": [
        {"type": "text", "text": "You are a coding agent.", "cache_control": _MARK},
        {"type": "text", "text": _DISCIPLINE, "cache_control": {**_MARK, "ttl": "1h"}},
    ],
    "tools": [_tool(name) for name in (*(name for name, _, _ in _STEPS), *_OTHERS)],
    "thinking": {"type": "enabled", "budget_tokens": 10_000},
    "metadata": {"user_id": "user_0123_account__session_4567"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "tool_choice": {"type": "auto"},
    "extra_headers": {"anthropic-version": "2023-06-01"},
    "betas": [
        "claude-code-20250219", "interleaved-thinking-2025-05-14", "fine-grained-tool-streaming-2025-05-14",
        "context-management-2025-06-27",
    ],
}  # fmt: skip
_SAMPLED: dict[str, Any] = {"extra_body": {"temperature": 1}}
"""The older version of the API has it, and agents send it."""
_COUNTED = {name: value for name, value in _ASKED.items() if name not in ("max_tokens", "metadata")}


@pytest.fixture
def client(crossed: GatewayProcess) -> Iterator[Anthropic]:
    base_url = crossed.base_url.removesuffix("/v1") + "/anthropic"
    with Anthropic(base_url=base_url, api_key=None, auth_token=crossed.secret, max_retries=0, timeout=15) as client:
        yield client


def _streamed(client: Anthropic, model: str, messages: list[Any]) -> BetaMessage:
    with client.beta.messages.stream(model=model, messages=messages, **_ASKED, **_SAMPLED) as stream:
        for _ in stream:
            pass
        return stream.get_final_message()


def _next_turn(answer: BetaMessage, step: int) -> list[Any]:
    """What was answered, and the result of its call, with a word about what comes next beside it."""
    _, result, more = _STEPS[step]
    (call,) = (block for block in answer.content if block.type == "tool_use")
    onward = f"Next: {_STEPS[step + 1][0]}" if step + 1 < len(_STEPS) else "That was all."
    told = {"type": "tool_result", "tool_use_id": call.id, "content": result, **more}
    reminder = {"type": "text", "text": f"<system-reminder>{onward}</system-reminder>", "cache_control": _MARK}
    return [
        {"role": "assistant", "content": [block.to_dict() for block in answer.content]},
        {"role": "user", "content": [told, reminder]},
    ]


@pytest.mark.parametrize("provider", ["claude", "gpt", "gemini", "ollama"])
def test_a_session_goes_to_its_end(client: Anthropic, journal: Journal, provider: str) -> None:
    model, since = f"{provider}-reasoning", len(journal.records())
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": f"Find the bug. {_STEPS[0][0]}!"}]}]
    answers: list[BetaMessage] = []
    for step in range(len(_STEPS) + 1):
        answers.append(_streamed(client, model, messages))
        if step < len(_STEPS):
            messages += _next_turn(answers[-1], step)
            for message in messages[:-1]:
                for block in message["content"]:
                    block.pop("cache_control", None)  # of the messages, the last one alone is marked
    called = [block.name for answer in answers for block in answer.content if block.type == "tool_use"]
    assert called == [name for name, _, _ in _STEPS]
    assert [answer.stop_reason for answer in answers] == [*["tool_use"] * len(_STEPS), "end_turn"]
    assert {answer.content[0].type for answer in answers} == {"thinking"}
    assert answers[-1].content[-1].type == "text"
    ends = [record for record in journal.records()[since:] if isinstance(record, Closed)]
    assert [(end.tokens.input, end.tokens.output, end.outcome) for end in ends] == [
        (_input(answer), answer.usage.output_tokens, "completed") for answer in answers
    ]
    assert {end.tokens.source for end in ends} == {"provider"}
    counted = client.beta.messages.with_raw_response.count_tokens(model=model, messages=messages, **_COUNTED)
    tokens = counted.parse().input_tokens
    if "x-control-layer-token-count" in counted.headers:
        assert tokens > 0.5 * _input(answers[-1])
    else:
        assert tokens == _input(answers[-1])


def _input(answer: BetaMessage) -> int:
    usage = answer.usage
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)


@pytest.mark.parametrize("provider", ["claude", "gpt", "gemini", "ollama"])
def test_a_turn_that_breaks_off_raises(client: Anthropic, provider: str) -> None:
    with pytest.raises(anthropic.APIStatusError):
        _streamed(client, f"{provider}-error-in-stream", [{"role": "user", "content": "Say something."}])
