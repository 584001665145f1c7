"""Streams of Ollama's API: lines, however they are cut, and odd ones; errors; and the simulated API."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.ollama_requests import AS_PROVIDER, read, said
from tests.gateway.dialects.simulated import Simulated
from tests.gateway.dialects.transcripts import plain

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import (
    Conversation,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import ProviderError, UnreadableAnswer
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.events import (
    CallStarted,
    Counted,
    Ended,
    Failed,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
)
from control_layer.gateway.dialects.ollama import OLLAMA
from control_layer.gateway.dialects.ollama.lines import LineStream
from control_layer.wire import EventTooLarge

BEGAN = "2026-11-27T12:00:00Z"
DONE = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 4}


def line(**said: Any) -> dict[str, Any]:
    return {"model": "llama4", "created_at": BEGAN, "message": {"role": "assistant", "content": "", **said}}


def lines(*of: dict[str, Any]) -> bytes:
    return b"".join(msgspec.json.encode(each) + b"\n" for each in of)


# -- any stream ------------------------------------------------------------------------------------------------------

pieces = st.text(min_size=1, max_size=8)
calls = st.builds(
    lambda name, arguments: {"id": f"t_{name}", "function": {"name": name, "arguments": arguments}},
    pieces,
    st.dictionaries(pieces, st.integers() | pieces, max_size=2),
)
sayings = st.one_of(
    pieces.map(lambda text: {"content": text}),
    pieces.map(lambda text: {"thinking": text}),
    st.lists(calls, min_size=1, max_size=2).map(lambda called: {"tool_calls": called}),
)


@given(st.lists(sayings, max_size=6), st.sampled_from(["stop", "length"]), st.data())
def test_any_stream_is_read_however_it_is_cut(told: list[dict[str, Any]], reason: str, data: st.DataObject) -> None:
    stream = lines(*(line(**each) for each in told), line() | DONE | {"done_reason": reason})
    heard = read([stream])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    assert read([stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]) == heard
    assert "".join(event.text for event in heard if isinstance(event, TextDelta)) == "".join(
        each.get("content", "") for each in told
    )
    called = [each for one in told for each in one.get("tool_calls", ())]
    choice = fold(heard).choices[0]
    found = [part for part in choice.parts if isinstance(part, ToolCall)]
    assert [(call.id, msgspec.json.decode(call.arguments)) for call in found] == [
        (call["id"], call["function"]["arguments"]) for call in called
    ]
    assert choice.finish == ("length" if reason == "length" else "tool_calls" if called else "stop")


@given(st.binary(max_size=40).map(lambda data: data.replace(b"a", b"\n")), st.lists(st.integers(0, 40), max_size=5))
def test_lines_are_those_of_the_whole(data: bytes, cuts: list[int]) -> None:
    stream = LineStream()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [each for start, end in pairwise(edges) for each in stream.feed(data[start:end])] + stream.last()
    assert found == [each for each in data.split(b"\n") if each.strip()]


def test_a_line_without_end_is_too_large() -> None:
    reader = OLLAMA.reader()
    for _ in range(8):
        assert reader.feed(b"x" * 1024 * 1024) == []
    with pytest.raises(EventTooLarge):
        reader.feed(b"x")


# -- what it says ----------------------------------------------------------------------------------------------------


def test_the_line_that_is_done_is_the_last() -> None:
    stream = lines(line(thinking="Hm."), line(content="Yes."), line() | DONE, line(content="More.") | DONE)
    start, *events = read([stream])
    assert isinstance(start, Started)
    assert start.created == 1795780800
    assert events == [
        ThinkingDelta("Hm."),
        TextDelta("Yes."),
        Finished("stop"),
        Counted(Tokens(3, 4, source="provider")),
        Ended(),
    ]


def test_answers_that_began_at_other_times_have_other_ids_and_so_have_their_calls() -> None:
    call = line(tool_calls=[{"function": {"name": "f"}}])
    one, other = [read([lines(call | {"created_at": began})]) for began in (BEGAN, "2026-11-27T12:00:00.000000001Z")]
    ids = [event.id for event in (*one, *other) if isinstance(event, Started | CallStarted)]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("began", [None, "yesterday", "9999-99-99T00:00:00Z"])
def test_a_time_that_is_none_is_not_told(began: str | None) -> None:
    assert AS_PROVIDER.read_answer(msgspec.json.encode(line() | {"created_at": began} | DONE)).created is None


def test_an_error_ends_a_stream() -> None:
    events = read([lines(line(content="So"), {"error": "model runner has stopped"}, line() | DONE)])
    assert events[1:] == [TextDelta("So"), Failed("model runner has stopped")]
    assert read([lines({"error": "the input length exceeds the context length"})]) == [
        Failed("the input length exceeds the context length", "context_length_exceeded")
    ]


@pytest.mark.parametrize("odd", [b"{not json}\n", b'{"message":7}\n', b"[1]\n", b"data: {}\n"])
def test_a_stream_of_something_else_is_unreadable(odd: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        AS_PROVIDER.reader().feed(lines(line(content="a")) + odd)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"message":{"content":7}}', b"\xff", b'{"done":true}'])
def test_an_answer_that_is_none_of_ollamas_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        AS_PROVIDER.read_answer(body)
    with pytest.raises(UnreadableAnswer):
        OLLAMA.read_embeddings(body)


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, '"llama3" does not support thinking', None),
        (400, "the input length exceeds the context length", "context_length_exceeded"),
        (401, "unauthorized", "invalid_api_key"),
        (404, 'model "llama9" not found, try pulling it first', "model_not_found"),
        (404, "404 page not found", None),
        (429, "too many requests", "rate_limit_exceeded"),
        (503, "server busy, please try again. maximum pending requests exceeded", None),
    ],
)
def test_an_error_is_read(status: int, message: str, code: str | None) -> None:
    read = AS_PROVIDER.read_error(status, msgspec.json.encode({"error": message}))
    assert (read.message, read.code) == (message, code)


def test_what_is_no_error_of_the_api_is_quoted() -> None:
    assert AS_PROVIDER.read_error(404, b"404 page not found").message == "404 page not found"
    assert AS_PROVIDER.read_error(502, b"") == ProviderError(
        "The provider answered 502 Bad Gateway.", type="server_error"
    )


# -- the simulated API -----------------------------------------------------------------------------------------------

WEATHER = Tool("get_weather", "The weather.", msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}'))
ASK_WEATHER = said("user", "Use the tool get_weather, please.")


@pytest.mark.parametrize(
    ("model", "fields", "finish"),
    [
        ("sim-small", {}, "stop"),
        ("sim-small", {"logprobs": 2}, "stop"),
        ("sim-small", {"max_output_tokens": 3}, "length"),
        ("sim-small", {"stop": ("answer",)}, "stop"),
        ("sim-small", {"reasoning": Reasoning(effort="low")}, "stop"),
        ("sim-small", {"response_format": ResponseFormat("json_schema", WEATHER.parameters)}, "stop"),
        ("sim-calls-3", {"tools": (WEATHER,)}, "tool_calls"),
        ("sim-no-usage", {}, "stop"),
    ],
)
def test_the_simulated_api_says_the_same_whole_and_streamed(
    simulated_ollama: Simulated, model: str, fields: dict[str, Any], finish: str
) -> None:
    """S3: to the token."""
    answer = simulated_ollama.both(Conversation(messages=(ASK_WEATHER,), **fields), model)
    (choice,) = answer.choices
    assert choice.finish == finish
    assert (answer.tokens is None) == (model == "sim-no-usage")
    if "logprobs" in fields:
        logprobs = msgspec.json.decode(choice.logprobs or b"null")["content"]
        assert choice.parts == (Text("".join(each["token"] for each in logprobs)),)
        assert {len(each["top_logprobs"]) for each in logprobs} == {2}


def test_a_call_is_answered_and_the_model_goes_on(simulated_ollama: Simulated) -> None:
    first = simulated_ollama.both(Conversation(messages=(ASK_WEATHER,), tools=(WEATHER,)), "sim-calls-2")
    called = [part for part in first.choices[0].parts if isinstance(part, ToolCall)]
    assert [call.name for call in called] == ["get_weather"] * 2
    results = [ToolResult(call.id, (Text("Rain."),)) for call in called]
    history = (ASK_WEATHER, Message("assistant", tuple(called)), Message("tool", tuple(results)))
    second = simulated_ollama.both(Conversation(messages=history, tools=(WEATHER,)), "sim-calls-2")
    assert second.choices[0].finish == "stop"


def test_each_text_has_its_vector(simulated_ollama: Simulated) -> None:
    asked = EmbeddingsAsked(texts=("one", "two", "one"), dimensions=8, user="u")
    outgoing = OLLAMA.write_embeddings(asked, "sim-embed", lenient=False)
    assert (outgoing.path, outgoing.dropped) == ("/api/embed", ("user",))
    given = OLLAMA.read_embeddings(simulated_ollama.post(outgoing))
    assert [len(vector) for vector in given.vectors] == [8] * 3
    assert given.vectors[0] == given.vectors[2] != given.vectors[1]
    assert given.tokens is not None
    assert plain(OLLAMA.read_embeddings(b'{"embeddings":[[1]]}')) == plain(EmbeddingsGiven(((1.0,),)))
