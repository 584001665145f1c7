"""Token counts out of every known shape, tolerantly: what can be read is kept, what is unknown stays unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.usage import Tokens
from control_layer.gateway.usage import estimate, from_object, from_response, merge, text_bytes


def provider(**counts: int) -> Tokens:
    return Tokens(**counts, source="provider")


SHAPES: list[tuple[str, dict[str, Any], Tokens | None]] = [
    ("openai", {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, provider(input=10, output=5)),
    (
        "openai with details",
        {
            "prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
        provider(input=10, output=5, cached_input=8, reasoning=3),
    ),
    (
        "responses",
        {
            "input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 2},
            "output_tokens_details": {"reasoning_tokens": 1},
        },
        provider(input=10, output=5, cached_input=2, reasoning=1),
    ),
    (
        "anthropic: cache reads and writes come on top",
        {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3},
        provider(input=20, output=5, cached_input=7, cache_write=3),
    ),
    (
        "anthropic's cache fields beside openai's counts",
        {"prompt_tokens": 20, "completion_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3},
        provider(input=20, output=5, cached_input=7, cache_write=3),
    ),
    (
        "deepseek",
        {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6},
        provider(input=10, output=5, cached_input=4),
    ),
    ("cohere", {"input_tokens": 10, "output_tokens": 5, "search_units": 1}, provider(input=10, output=5)),
    ("embeddings", {"prompt_tokens": 8, "total_tokens": 8}, provider(input=8)),
    ("total only", {"total_tokens": 8}, provider(input=8)),
    ("floats and strings", {"prompt_tokens": 10.0, "completion_tokens": "5"}, provider(input=10, output=5)),
    ("nulls are unknown", {"prompt_tokens": None, "completion_tokens": 5}, provider(output=5)),
    ("null details", {"prompt_tokens": 1, "prompt_tokens_details": None}, provider(input=1)),
    (
        "a part is cut to its whole, never dropped",
        {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 11}},
        provider(input=10, output=5, cached_input=10),
    ),
    ("negative is zero", {"prompt_tokens": -3, "completion_tokens": 5}, provider(input=0, output=5)),
    ("absurd is bounded", {"prompt_tokens": 10**30, "completion_tokens": 5}, provider(input=10**12, output=5)),
    ("zero is not unknown", {"prompt_tokens": 0, "completion_tokens": 0}, provider(input=0, output=0)),
    ("says nothing", {}, None),
    ("other units", {"type": "duration", "seconds": 3}, None),
    ("booleans are no counts", {"prompt_tokens": True}, None),
    ("words are no counts", {"prompt_tokens": "many", "completion_tokens": "nan"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("usage", "expected"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_reads_every_known_shape(usage: dict[str, Any], expected: Tokens | None) -> None:
    assert from_object(usage) == expected


@pytest.mark.parametrize(("usage", "expected"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_reads_it_out_of_a_whole_response_and_out_of_its_end(usage: dict[str, Any], expected: Tokens | None) -> None:
    body = json.dumps({"id": "x", "choices": [{"finish_reason": "stop"}], "usage": usage}).encode()
    assert from_response(body) == (expected, "stop")
    assert from_response(body[20:])[0] == expected


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.dictionaries(
    st.sampled_from(["prompt_tokens", "input_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens"]), x
) | st.lists(x)))  # fmt: skip
def test_nothing_a_provider_says_breaks_it(usage: Any) -> None:
    tokens = from_object(usage)
    if tokens is not None and tokens.cached_input is not None and tokens.input is not None:
        assert 0 <= tokens.cached_input <= tokens.input


@given(st.binary(max_size=300))
def test_no_response_body_breaks_it(body: bytes) -> None:
    from_response(body)
    text_bytes(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"choices":[{"finish_reason":"length"}]}', "length"),
        (b'{"type":"message","stop_reason":"end_turn"}', "end_turn"),
        (b'{"object":"response","status":"completed"}', "completed"),
        (b'{"choices":[{"finish_reason":7}]}', None),
        (b'{"choices":"none"}', None),
    ],
)
def test_finds_the_finish_reason_of_each_dialect(body: bytes, reason: str | None) -> None:
    assert from_response(body)[1] == reason


def test_cohere_reports_in_its_meta() -> None:
    assert from_response(b'{"meta":{"billed_units":{"input_tokens":3,"output_tokens":4}}}')[0] == provider(
        input=3, output=4
    )


def test_the_text_of_a_response_is_not_taken_for_its_usage() -> None:
    body = json.dumps({"choices": [{"message": {"content": '"usage":{"prompt_tokens":9}'}}]}).encode()
    assert from_response(body)[0] is None
    assert from_response(body[10:])[0] is None


def test_later_reports_of_a_stream_win_where_they_say_something() -> None:
    start = provider(input=20, output=1, cached_input=7)
    assert merge(start, provider(output=30)) == provider(input=20, output=30, cached_input=7)
    assert merge(None, start) == start
    assert merge(start, None) == start


def test_an_estimate_is_marked() -> None:
    assert estimate(401, 40) == Tokens(input=101, output=10, source="estimate")
    assert estimate(400, None) == Tokens(input=100, source="estimate")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"choices":[{"message":{"role":"assistant","content":"four"}}]}', 4),
        (b'{"choices":[{"text":"four"}]}', 4),
        (b'{"content":[{"type":"text","text":"four"}],"model":"long-model-name"}', 4),
        (b'{"output":[{"content":[{"type":"output_text","text":"four"}]}]}', 4),
        (b'{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}', 2),
        (b'{"other":1}', None),
        (b"no json", None),
    ],
)
def test_counts_what_a_model_said(body: bytes, said: int | None) -> None:
    assert text_bytes(body) == said
