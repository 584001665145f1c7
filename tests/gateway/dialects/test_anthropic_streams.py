"""Streams for clients of the Messages API: one block at a time, whatever is under way; and odd streams of providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.anthropic_streams import read, sdk_message, written
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.transcripts import plain

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    LogprobsDelta,
    Ping,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.wire import EventStream, EventTooLarge

START = Started("chatcmpl-1")
END: list[Event] = [Finished("tool_calls"), Counted(Tokens(10, 20, source="provider")), Ended()]


def data(stream: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(event.data) for event in EventStream().feed(stream)]


def kinds(stream: bytes) -> list[str]:
    return [event["type"].removeprefix("content_") for event in data(stream)]


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), msgspec.json.encode(e)) for e in events)


MESSAGE_START = {
    "type": "message_start",
    "message": {"id": "msg_1", "type": "message", "usage": {"input_tokens": 3, "output_tokens": 1}},
}


def test_calls_under_way_together_become_blocks_one_after_another() -> None:
    events: list[Event] = [
        START,
        TextDelta("Both."),
        CallStarted(0, "a", "f"),
        CallStarted(1, "b", "g"),
        CallDelta(0, '{"x":'),
        CallDelta(1, '{"y":'),
        CallDelta(0, "1}"),
        CallDelta(1, "2}"),
        *END,
    ]
    stream = written(events, "m")
    content = sdk_message(stream).to_dict()["content"]
    assert [(block["type"], block.get("input")) for block in content] == [
        ("text", None),
        ("tool_use", {"x": 1}),
        ("tool_use", {"y": 2}),
    ]
    assert [event["index"] for event in data(stream) if "index" in event] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_a_call_behind_a_whole_one_is_told_as_it_grows() -> None:
    writer = ANTHROPIC.writer(Conversation(messages=()), "m")
    writer.write([START, CallStarted(0, "a", "f"), CallDelta(0, '{"x":'), CallDelta(0, "1}")])
    started = writer.write([CallStarted(1, "b", "g")])
    assert kinds(started) == ["block_stop", "block_start"]
    assert data(started)[1]["content_block"] == {"type": "tool_use", "id": "b", "name": "g", "input": {}}
    grown = writer.write([CallDelta(1, '{"y"')])
    assert data(grown)[0]["delta"] == {"type": "input_json_delta", "partial_json": '{"y"'}


def test_a_call_behind_one_without_arguments_waits_for_the_end() -> None:
    events: list[Event] = [START, CallStarted(0, "a", "f"), CallStarted(1, "b", "g"), CallDelta(1, "{}"), *END]
    content = sdk_message(written(events, "m")).to_dict()["content"]
    assert [(block["id"], block["input"]) for block in content] == [("a", {}), ("b", {})]


def test_text_behind_calls_ends_them() -> None:
    events: list[Event] = [
        START,
        CallStarted(0, "a", "f"),
        CallStarted(1, "b", "g"),
        CallDelta(1, "{}"),
        TextDelta("Done."),
        CallDelta(0, "\n"),
        *END,
    ]
    assert [block["type"] for block in sdk_message(written(events, "m")).to_dict()["content"]] == [
        "tool_use",
        "tool_use",
        "text",
    ]


def test_more_of_a_call_that_is_over_is_an_error_and_no_broken_call() -> None:
    events: list[Event] = [START, CallStarted(0, "a", "f"), TextDelta("Hm."), CallDelta(0, '{"x":1}'), *END]
    told = data(written(events, "m"))
    assert told[-1]["type"] == "error"
    assert told[-1]["error"]["type"] == "api_error"


def test_why_a_model_declines_is_a_block_of_its_own() -> None:
    events: list[Event] = [START, TextDelta("Well, "), RefusalDelta("no."), Finished("refusal"), Ended()]
    message = sdk_message(written(events, "m"))
    assert [block.text for block in message.content] == ["Well, ", "no."]
    assert message.stop_reason == "refusal"


def test_a_signature_of_geminis_behind_a_text_is_not_told() -> None:
    """Clients look for words in the last block."""
    events: list[Event] = [START, ThinkingDelta("Hm."), TextDelta("Yes."), ThinkingSigned("gemini.c2ln"), *END]
    whole = ANTHROPIC.write_answer(fold(events), Conversation(messages=()), "m")
    streamed = sdk_message(written(events, "m")).to_dict()["content"]
    for content in (msgspec.json.decode(whole)["content"], streamed):
        assert [block["type"] for block in content] == ["thinking", "text"]
    signed: list[Event] = [START, ThinkingDelta("Hm."), ThinkingSigned("gemini.c2ln"), TextDelta("Yes."), *END]
    (first, _) = sdk_message(written(signed, "m")).to_dict()["content"]
    assert first["signature"] == "gemini.c2ln"


def test_usage_comes_with_the_end_and_counts_the_cache_apart() -> None:
    tokens = Tokens(100, 30, cached_input=60, cache_write=10, reasoning=12, source="provider", cache_write_1h=4)
    events: list[Event] = [START, TextDelta("Yes."), Finished("stop"), Counted(tokens), Ended()]
    stream = written(events, "m")
    assert data(stream)[-2]["usage"] == {
        "input_tokens": 30,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
        "cache_creation": {"ephemeral_5m_input_tokens": 6, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 30,
        "output_tokens_details": {"thinking_tokens": 12},
    }
    assert [event for event in read([stream]) if isinstance(event, Counted)] == [Counted(tokens)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (None, "api_error"),
        ("server_error", "api_error"),
        ("rate_limit_exceeded", "rate_limit_error"),
        ("overloaded_error", "overloaded_error"),
        ("context_length_exceeded", "invalid_request_error"),
    ],
)
def test_an_error_inside_a_stream_is_the_last_event(code: str | None, kind: str) -> None:
    events: list[Event] = [START, TextDelta("Ye"), Failed("It broke.", code), Finished("stop"), Ended()]
    told = data(written(events, "m"))
    assert told[-1] == {"type": "error", "error": {"type": kind, "message": "It broke."}}
    assert [event["type"] for event in told].count("message_stop") == 0


def test_an_answer_that_ended_in_an_error_does_not_look_whole() -> None:
    told = kinds(written([START, TextDelta("Ye"), Finished("error"), Ended()], "m"))
    assert told[-1] == "error"
    assert "message_delta" not in told


@pytest.mark.parametrize("broken", [Failed("It broke."), Finished("error")])
def test_an_error_tells_the_requests_id(broken: Event) -> None:
    writer = ANTHROPIC.writer(Conversation(messages=()), "m", "req_1")
    assert data(writer.write([START, broken, Ended()]))[-1]["request_id"] == "req_1"


def test_what_the_api_has_no_word_for_is_not_written() -> None:
    writer = ANTHROPIC.writer(Conversation(messages=()), "m")
    writer.write([START])
    unsaid: list[Event] = [LogprobsDelta(msgspec.Raw(b"{}")), TextDelta("other", choice=1), TextDelta("")]
    assert writer.write(unsaid) == b""
    assert kinds(writer.write([Ping()])) == ["ping"]


def test_citations_of_other_providers_are_not_written() -> None:
    foreign = msgspec.Raw(b'[{"type":"url_citation","url":"https://example.org"}]')
    assert b"url_citation" not in written([START, TextDelta("So.", citations=foreign), *END], "m")


def test_a_citation_over_several_lines_is_one() -> None:
    own = msgspec.Raw(b'[{"type":"char_location",\n"cited_text":"x"}]')
    (delta,) = [event for event in data(written([START, TextDelta("", citations=own)], "m")) if "delta" in event]
    assert delta["delta"]["citation"] == {"type": "char_location", "cited_text": "x"}


def test_a_writer_keeps_nothing_of_what_was_said() -> None:
    writer = ANTHROPIC.writer(Conversation(messages=()), "m")
    writer.write([START])
    for _ in range(100):
        writer.write([TextDelta("x" * 1000), ThinkingDelta("y" * 1000)])
    kept = [getattr(writer, name) for name in writer.__slots__]
    assert max(len(value) for value in kept if isinstance(value, list | dict | set)) == 0


# -- providers -----------------------------------------------------------------------------------------------------


def test_an_error_event_ends_a_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    events = read([sse(MESSAGE_START, error, {"type": "message_stop"})])
    assert events[-1] == Failed("Overloaded", "overloaded_error")
    assert len(events) == 2


def test_events_and_blocks_that_are_not_known_are_passed_over() -> None:
    stream = sse(
        MESSAGE_START,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "One."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "something_new", "index": "first", "delta": "text"},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "novel_delta", "novelty": 1}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "Two."}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "a_new_reason"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    )
    assert read([stream + b"data: [DONE]\n\n"])[1:] == [
        TextDelta("One."),
        TextDelta("Two.", opens=True),
        Finished("stop"),
        Counted(Tokens(3, 4, source="provider")),
        Ended(),
    ]


def test_arguments_that_come_with_the_start_of_a_block_are_kept() -> None:
    """As some who speak this dialect send them."""
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}
    stream = sse(
        MESSAGE_START,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
    )
    assert read([stream])[1:] == [CallStarted(0, "t", "f"), CallDelta(0, '{"x":1}')]


@pytest.mark.parametrize("line", [b"data: {not json}\n\n", b'data: {"type":7}\n\n', b"data: [1]\n\n"])
def test_a_stream_of_something_else_is_unreadable(line: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        ANTHROPIC.reader().feed(sse(MESSAGE_START) + line)


def test_an_event_without_end_is_too_large() -> None:
    reader = ANTHROPIC.reader()
    with pytest.raises(EventTooLarge):
        reader.feed(b"data: " + b"x" * 9 * 1024 * 1024)


# -- any stream ----------------------------------------------------------------------------------------------------

pieces = st.text(min_size=1, max_size=8)


@st.composite
def calls_under_way(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[list[str]]:
    """The fragments of the arguments of some calls."""
    objects = st.dictionaries(pieces, st.integers() | pieces, max_size=2)
    fragments: list[list[str]] = []
    for value in draw(st.lists(objects, min_size=1, max_size=4)):
        text = msgspec.json.encode(value).decode()
        at = draw(st.integers(0, len(text)))
        fragments.append([text[:at], text[at:]])
    return fragments


@st.composite
def streams(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    """What a provider may say, with several calls under way at once in any order."""
    events: list[Event] = [START]
    calls = 0
    for _ in range(draw(st.integers(0, 5))):
        match draw(st.sampled_from(["text", "thinking", "sealed", "calls", "ping"])):
            case "text":
                first, *more = draw(st.lists(pieces, min_size=1, max_size=3))
                events += [TextDelta(first, opens=draw(st.booleans())), *map(TextDelta, more)]
            case "thinking":
                events += [ThinkingDelta(text) for text in draw(st.lists(pieces, max_size=3))]
                events.append(ThinkingSigned(draw(pieces)))
            case "sealed":
                events.append(SealedThinking(draw(pieces)))
            case "ping":
                events.append(Ping())
            case "calls":
                fragments = draw(calls_under_way())
                order = draw(st.permutations([index for index in range(len(fragments)) for _ in fragments[index]]))
                events += [CallStarted(calls + index, f"call_{calls + index}", "f") for index in range(len(fragments))]
                for index in order:
                    events.append(CallDelta(calls + index, fragments[index].pop(0)))
                calls += len(fragments)
    counted = Counted(Tokens(draw(st.integers(0, 99)), draw(st.integers(0, 99)), source="provider"))
    return [*events, Finished(draw(st.sampled_from(["stop", "length", "tool_calls"]))), counted, Ended()]


@given(streams())
def test_any_stream_is_read_as_it_was_written(events: list[Event]) -> None:
    stream = written(events, "m")
    assert plain(fold(read([stream]))) == plain(fold(events))
    assert ANTHROPIC.writer(Conversation(messages=()), "m").write(events) == stream
    sdk_message(stream)
    assert_indices(data(stream))


def assert_indices(told: list[dict[str, Any]]) -> None:
    """One block is open at a time, and they are counted from 0."""
    opened, blocks = False, 0
    for event in told:
        match event["type"]:
            case "content_block_start":
                assert not opened
                assert event["index"] == blocks
                opened, blocks = True, blocks + 1
            case "content_block_delta":
                assert opened
                assert event["index"] == blocks - 1
            case "content_block_stop":
                assert opened
                assert event["index"] == blocks - 1
                opened = False
    assert not opened
