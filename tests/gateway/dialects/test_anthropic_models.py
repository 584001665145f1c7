"""Each generation of Claude models is sent what it takes: sampling, versions, thinking."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects.anthropic_requests import EARLIER, NEWER, NEWEST, OLD, ask, refused, sent

from control_layer.gateway.dialects.anthropic.models import abilities
from control_layer.gateway.dialects.conversation import Reasoning

# -- what models there are ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "output", "thinking", "sampling"),
    [
        ("claude-3-opus-20240229", 4096, "none", "both"),
        ("claude-3-5-sonnet-20241022", 8192, "none", "both"),
        ("claude-3-7-sonnet-latest", 32_000, "manual", "both"),
        ("claude-opus-4-20250514", 32_000, "manual", "both"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", 32_000, "manual", "one"),
        ("claude-haiku-4-5@20251001", 64_000, "manual", "one"),
        ("claude-sonnet-4-6", 128_000, "adaptive", "one"),
        ("anthropic/claude-opus-4.7", 128_000, "adaptive", "none"),
        ("claude-mythos-preview", 128_000, "adaptive", "none"),
        ("claude-fable-5", 128_000, "adaptive", "none"),
        ("claude-opus-7", 128_000, "adaptive", "none"),
        ("kimi-k2", 8192, "manual", "both"),
    ],
)
def test_a_model_is_known_by_its_name(name: str, output: int, thinking: str, sampling: str) -> None:
    able = abilities(name)
    assert (able.output, able.thinking, able.sampling) == (output, thinking, sampling)
    assert sent(name)["max_tokens"] == output
    assert sent(name, max_output_tokens=7)["max_tokens"] == 7


# -- versions and sampling ---------------------------------------------------------------------------------------------


def version(model: str, **fields: Any) -> bytes:
    (header,) = ask(model, **fields).headers
    assert header[0] == b"anthropic-version"
    return header[1]


def test_the_version_takes_what_is_sent() -> None:
    assert version(EARLIER) == b"2026-10-21"
    assert version(EARLIER, temperature=0.5) == b"2023-06-01"
    assert version(EARLIER, top_p=0.5) == b"2023-06-01"
    assert version(EARLIER, top_k=5) == b"2023-06-01"
    assert version(NEWER, temperature=1.0) == b"2026-10-21"
    assert version("kimi-k2") == b"2023-06-01"


def test_a_temperature_beyond_the_most_is_the_most() -> None:
    assert sent(EARLIER, temperature=1.7)["temperature"] == 1.0
    assert sent("claude-3-7-sonnet", temperature=0.1, top_p=0.3)["top_p"] == 0.3


@pytest.mark.parametrize(("name", "value"), [("temperature", 0.0), ("top_p", 0.5), ("top_k", 1)])
def test_newer_models_take_no_sampling(name: str, value: float) -> None:
    assert refused(NEWER, **{name: value}) == name
    assert name not in sent(NEWER, lenient=True, **{name: value})


def test_what_is_the_default_anyway_is_left_out_in_silence() -> None:
    outgoing = ask(NEWER, temperature=1.0, top_p=1.0, presence_penalty=0.0, logit_bias=msgspec.Raw(b"{}"))
    assert msgspec.json.decode(outgoing.body).keys() == {"model", "max_tokens", "messages"}
    assert outgoing.dropped == ()


def test_models_before_take_one_of_two() -> None:
    assert refused(EARLIER, temperature=0.3, top_p=0.3) == "top_p"
    assert "temperature" not in sent(EARLIER, temperature=1.0, top_p=0.3)
    assert "top_p" not in sent(EARLIER, temperature=0.3, top_p=1.0)


@pytest.mark.parametrize(("name", "value"), [("temperature", 0.3), ("top_p", 0.3), ("top_k", 3)])
def test_a_model_that_thinks_is_not_sampled(name: str, value: float) -> None:
    assert refused(OLD, reasoning=Reasoning(effort="high"), **{name: value}) == name
    assert sent(OLD, reasoning=Reasoning(effort="high"), top_p=0.97)["top_p"] == 0.97


# -- thinking ----------------------------------------------------------------------------------------------------------


def thought(model: str, reasoning: Reasoning | None, **fields: Any) -> tuple[Any, Any]:
    body = sent(model, reasoning=reasoning, **fields)
    return body.get("thinking"), body.get("output_config", {}).get("effort")


SHOWN = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "reasoning", "thinking", "effort"),
    [
        (NEWER, None, None, None),
        (NEWER, Reasoning(), SHOWN, None),
        (NEWER, Reasoning(effort="minimal"), SHOWN, "low"),
        (NEWER, Reasoning(effort="xhigh"), SHOWN, "xhigh"),
        (NEWER, Reasoning(effort="of-tomorrow"), SHOWN, "of-tomorrow"),
        (NEWER, Reasoning(budget=9000), SHOWN, "high"),
        (NEWER, Reasoning(budget=10**6), SHOWN, "max"),
        (NEWER, Reasoning(shown=False, effort="low"), {"type": "adaptive", "display": "omitted"}, "low"),
        (NEWER, Reasoning(enabled=False), {"type": "disabled"}, None),
        (NEWER, Reasoning(effort="none"), {"type": "disabled"}, None),
        ("claude-sonnet-5-5", Reasoning(effort="none"), {"type": "between_tools"}, None),
        (EARLIER, Reasoning(effort="xhigh"), SHOWN, "high"),
        ("claude-opus-4-5", Reasoning(effort="low"), {"type": "enabled", "budget_tokens": 2048}, "low"),
        (OLD, Reasoning(effort="high"), {"type": "enabled", "budget_tokens": 16_384}, None),
        (OLD, Reasoning(), {"type": "enabled", "budget_tokens": 8192}, None),
        (OLD, Reasoning(budget=10), {"type": "enabled", "budget_tokens": 1024}, None),
        (OLD, Reasoning(budget=40_000), {"type": "enabled", "budget_tokens": 16_000}, None),
        (OLD, Reasoning(effort="none"), None, None),
        ("claude-3-haiku-20240307", Reasoning(effort="none"), None, None),
        ("kimi-k2", Reasoning(effort="none"), {"type": "disabled"}, None),
    ],
)
def test_each_generation_thinks_in_its_own_form(
    model: str, reasoning: Reasoning | None, thinking: Any, effort: str | None
) -> None:
    assert thought(model, reasoning) == (thinking, effort)


def test_a_model_that_always_thinks_cannot_be_told_not_to() -> None:
    assert refused(NEWEST, reasoning=Reasoning(effort="none")) == "reasoning_effort"
    least = ({"type": "adaptive", "display": "omitted"}, "low")
    assert thought(NEWEST, Reasoning(enabled=False), lenient=True) == least


def test_a_model_that_never_thinks_cannot_be_told_to() -> None:
    assert refused("claude-3-5-haiku-20241022", reasoning=Reasoning(effort="low")) == "reasoning_effort"


def test_where_there_is_no_room_to_think_it_is_told() -> None:
    assert thought(OLD, Reasoning(effort="high"), max_output_tokens=3000) == (
        {"type": "enabled", "budget_tokens": 1500},
        None,
    )
    outgoing = ask(OLD, reasoning=Reasoning(effort="high"), max_output_tokens=1500)
    assert b"thinking" not in outgoing.body
    assert outgoing.dropped == ("reasoning_effort",)
