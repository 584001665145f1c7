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
    (
        "anthropic: what is kept for an hour is told apart, thinking is a part of the output",
        {
            "input_tokens": 10, "output_tokens": 50, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens_details": {"thinking_tokens": 40},
        },
        provider(input=47, output=50, cached_input=7, cache_write=30, cache_write_1h=20, reasoning=40),
    ),
    (
        "anthropic's null fields in another's usage",
        {
            "input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": None,
            "cache_creation_input_tokens": None, "input_tokens_details": {"cached_tokens": 4},
        },
        provider(input=10, output=5, cached_input=4),
    ),
    (
        "openai audio",
        {
            "prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 12, "text_tokens": 18},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 15, "text_tokens": 5},
        },
        provider(input=30, output=20, cached_input=0, reasoning=0, audio_input=12, audio_output=15),
    ),
    (
        "openai cache writes",
        {
            "input_tokens": 100, "output_tokens": 5, "total_tokens": 105,
            "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 50},
            "output_tokens_details": {"reasoning_tokens": 2},
        },
        provider(input=100, output=5, cached_input=40, cache_write=50, reasoning=2),
    ),
    (
        "realtime: audio that a cache gave is cached, and audio no more",
        {
            "total_tokens": 152, "input_tokens": 132, "output_tokens": 20,
            "input_token_details": {
                "cached_tokens": 64, "text_tokens": 100, "audio_tokens": 32,
                "cached_tokens_details": {"text_tokens": 44, "audio_tokens": 20},
            },
            "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
        },
        provider(input=132, output=20, cached_input=64, audio_input=12, audio_output=15),
    ),
    (
        "transcription",
        {
            "type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
        },
        provider(input=14, output=45, audio_input=14),
    ),
    (
        "images, with details of the output",
        {
            "input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            "output_tokens_details": {"text_tokens": 100, "image_tokens": 4060},
        },
        provider(input=50, output=4160, image_input=40, image_output=4060),
    ),
    (
        "images: the output is the image",
        {
            "input_tokens": 50, "output_tokens": 50, "total_tokens": 100,
            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
        },
        provider(input=50, output=50, image_input=40, image_output=50),
    ),
    (
        "gemini: thinking is in the total alone",
        {"prompt_tokens": 758, "completion_tokens": 102, "total_tokens": 1725},
        provider(input=758, output=967, reasoning=865),
    ),
    (
        "xai: reasoning is beside the completion",
        {
            "prompt_tokens": 10120, "completion_tokens": 1499, "total_tokens": 14428,
            "prompt_tokens_details": {"text_tokens": 10120, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 128},
            "completion_tokens_details": {"reasoning_tokens": 2809, "audio_tokens": 0},
        },
        provider(
            input=10120, output=4308, cached_input=128, reasoning=2809, audio_input=0, image_input=0, audio_output=0
        ),
    ),
    (
        "a total that nothing explains changes nothing",
        {
            "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 99,
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
        provider(input=10, output=5, reasoning=3),
    ),
    (
        "reasoning that is off by one is cut, never dropped",
        {
            "prompt_tokens": 10, "completion_tokens": 100, "total_tokens": 110,
            "completion_tokens_details": {"reasoning_tokens": 101},
        },
        provider(input=10, output=100, reasoning=100),
    ),
    (
        "openrouter",
        {
            "prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196, "cost": 0.95,
            "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 100, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        provider(input=194, output=2, cached_input=0, cache_write=100, audio_input=0, reasoning=0),
    ),
    (
        "moonshot",
        {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cached_tokens": 6},
        provider(input=10, output=5, cached_input=6),
    ),
    ("cohere", {"input_tokens": 10, "output_tokens": 5, "search_units": 1}, provider(input=10, output=5)),
    ("cohere v2", {"billed_units": {"input_tokens": 10, "output_tokens": 5}}, provider(input=10, output=5)),
    ("cohere within cohere", {"billed_units": {"billed_units": {"input_tokens": 10}}}, None),
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
    (
        "parts that exceed their whole together are cut, the later ones more",
        {
            "prompt_tokens": 10, "completion_tokens": 10,
            "prompt_tokens_details": {"cached_tokens": 6, "audio_tokens": 6, "image_tokens": "3"},
            "completion_tokens_details": {"reasoning_tokens": 4.0, "audio_tokens": 9},
        },
        provider(
            input=10, output=10, cached_input=6, audio_input=4, image_input=0, reasoning=4, audio_output=6
        ),
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


_COUNTS = (
    "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens", "cached_tokens",
    "audio_tokens", "image_tokens", "reasoning_tokens", "thinking_tokens", "cache_write_tokens",
    "cache_read_input_tokens", "cache_creation_input_tokens", "ephemeral_1h_input_tokens", "prompt_cache_hit_tokens",
)  # fmt: skip
_OBJECTS = (
    "prompt_tokens_details", "input_tokens_details", "input_token_details", "completion_tokens_details",
    "output_tokens_details", "output_token_details", "cached_tokens_details", "cache_creation", "billed_units",
)  # fmt: skip
_ANYTHING = st.none() | st.booleans() | st.integers(-9, 99) | st.integers() | st.floats() | st.text(max_size=5)
_USAGES = st.recursive(
    st.dictionaries(st.sampled_from(_COUNTS), _ANYTHING),
    lambda inner: st.fixed_dictionaries(
        {}, optional=dict.fromkeys(_COUNTS, _ANYTHING) | dict.fromkeys(_OBJECTS, inner | _ANYTHING)
    ),
    max_leaves=4,
)


@given(_USAGES | _ANYTHING | st.lists(_USAGES, max_size=2))
def test_nothing_a_provider_says_breaks_it_and_parts_never_exceed_their_whole(usage: Any) -> None:
    tokens = from_object(usage)
    if tokens is None:
        return
    _check_parts(tokens.input, tokens.cached_input, tokens.cache_write, tokens.audio_input, tokens.image_input)
    _check_parts(tokens.output, tokens.reasoning, tokens.audio_output, tokens.image_output)
    _check_parts(tokens.cache_write, tokens.cache_write_1h)
    assert tokens.source == "provider"


def _check_parts(whole: int | None, *parts: int | None) -> None:
    assert all(part is None or part >= 0 for part in parts)
    if whole is not None:
        assert sum(part or 0 for part in parts) <= whole


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
        (b'{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}', "max_output_tokens"),
        (b'{"status":"incomplete","incomplete_details":"none"}', "incomplete"),
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
    start = provider(input=20, output=1, cached_input=7, cache_write=5, cache_write_1h=5, audio_input=2)
    said = provider(output=30, audio_output=4, image_output=5, image_input=1)
    assert merge(start, said) == provider(
        input=20, output=30, cached_input=7, cache_write=5, cache_write_1h=5, audio_input=2, image_input=1,
        audio_output=4, image_output=5,
    )  # fmt: skip
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
