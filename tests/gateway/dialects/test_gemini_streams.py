"""Streams of the Gemini API: any that it may send, and odd ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.gemini_streams import part, read, sse, whole, written
from tests.gateway.dialects.generated import streams
from tests.gateway.dialects.transcripts import plain

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Answer, Refusal, Text, Thinking, ToolCall
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    CallDelta,
    CallStarted,
    Counted,
    Ended,
    Event,
    Failed,
    Finished,
    RefusalDelta,
    SealedThinking,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
)
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.wire import EventTooLarge

START = Started("msg_1")
USAGE = {"promptTokenCount": 3, "totalTokenCount": 3}


# -- any stream ----------------------------------------------------------------------------------------------------


def sayable(events: list[Event]) -> list[Event]:
    """What Gemini has words for: no sealed thoughts, no time of creation, and arguments that are JSON."""
    kept: list[Event] = []
    for event in events:
        match event:
            case Started():
                kept.append(START)
            case CallDelta() | SealedThinking():
                pass
            case ThinkingSigned():
                kept.append(msgspec.structs.replace(event, signature=f"gemini.{event.signature}"))
            case _:
                kept.append(event)
    return kept


@given(streams(), st.data())
def test_any_stream_is_read_as_it_was_said_however_it_is_cut(events: list[Event], data: st.DataObject) -> None:
    said = sayable(events)
    chunks = written(said)
    stream = sse(*chunks)
    heard = read([stream])
    assert _spoken(fold(heard)) == _spoken(fold(said))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    edges = [0, *cuts, len(stream)]
    assert read([stream[start:end] for start, end in pairwise(edges)]) == heard


@given(streams())
def test_any_answer_is_the_same_whole_and_streamed(events: list[Event]) -> None:
    """S3: to the token."""
    chunks = written(sayable(events))
    assert plain(GEMINI.read_answer(whole(chunks))) == plain(fold(read([sse(*chunks)])))


def _spoken(answer: Answer) -> Any:
    """Arguments come whole, and are `{}` where nothing was said."""
    choices = []
    for choice in answer.choices:
        parts = [
            msgspec.structs.replace(each, arguments=each.arguments or "{}") if isinstance(each, ToolCall) else each
            for each in choice.parts
        ]
        choices.append(msgspec.structs.replace(choice, parts=tuple(parts)))
    return plain(msgspec.structs.replace(answer, choices=tuple(choices)))


# -- what it says ----------------------------------------------------------------------------------------------------


def test_a_call_comes_whole_on_one_line_with_its_signature() -> None:
    call = {"functionCall": {"name": "f", "args": {"x": [1, {"y": "é"}]}, "id": "t1"}, "thoughtSignature": "c2ln"}
    indented = msgspec.json.format(msgspec.json.encode(part(call, finishReason="STOP")), indent=2)
    assert GEMINI.read_answer(indented).choices[0].parts == (ToolCall("t1", "f", '{"x":[1,{"y":"é"}]}', "c2ln"),)
    assert read([sse(part(call, finishReason="STOP"))]) == [
        START,
        CallStarted(0, "t1", "f", 0, "c2ln"),
        CallDelta(0, '{"x":[1,{"y":"é"}]}'),
        Finished("tool_calls"),
        Ended(),
    ]


def test_calls_without_ids_get_some_that_differ_by_answer_and_place() -> None:
    call = {"functionCall": {"name": "f"}}
    one, other = [read([sse(part(call, call) | {"responseId": name})]) for name in ("a", "b")]
    ids = [event.id for event in (*one, *other) if isinstance(event, CallStarted)]
    assert len(set(ids)) == 4
    assert [event.arguments for event in one if isinstance(event, CallDelta)] == ["{}", "{}"]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("UNEXPECTED_TOOL_CALL", "error"),
        ("OTHER", "error"),
        ("A_NEW_REASON", "stop"),
    ],
)
def test_why_it_ended(reason: str, finish: str) -> None:
    body = part({"text": "So."}, finishReason=reason)
    assert GEMINI.read_answer(msgspec.json.encode(body)).choices[0].finish == finish
    assert fold(read([sse(body)])).choices[0].finish == finish


def test_a_filter_that_says_why_is_heard() -> None:
    stream = sse(part({"text": "So"}), part(finishReason="SAFETY", finishMessage="It is not allowed."))
    assert read([stream])[1:] == [
        TextDelta("So"),
        RefusalDelta("It is not allowed."),
        Finished("content_filter"),
        Ended(),
    ]


def test_a_blocked_prompt_is_an_answer_of_the_filters() -> None:
    feedback = {"blockReason": "SAFETY", "blockReasonMessage": "Not that."}
    body = {"promptFeedback": feedback, "usageMetadata": USAGE, "responseId": "msg_1"}
    answer = GEMINI.read_answer(msgspec.json.encode(body))
    assert answer.choices[0].parts == (Refusal("Not that."),)
    assert answer.choices[0].finish == "content_filter"
    assert plain(fold(read([sse(body)]))) == plain(answer)


def test_feedback_on_a_prompt_that_was_let_through_says_nothing() -> None:
    body = part({"text": "Yes."}, finishReason="STOP") | {"promptFeedback": {"safetyRatings": []}}
    assert read([sse(body)])[1:] == [TextDelta("Yes."), Finished("stop"), Ended()]


def test_thoughts_and_signatures_stay_where_they_are() -> None:
    stream = sse(
        part({"text": "A", "thought": True}),
        part({"text": "B", "thought": True, "thoughtSignature": "czE="}),
        part({"text": "Yes", "thoughtSignature": "czI="}),
        part({"text": "", "thoughtSignature": "czM="}, finishReason="STOP"),
    )
    assert read([stream])[1:-2] == [
        ThinkingDelta("A"),
        ThinkingDelta("B"),
        ThinkingSigned("gemini.czE="),
        TextDelta("Yes"),
        ThinkingSigned("gemini.czI="),
        ThinkingSigned("gemini.czM="),
    ]
    first, *_ = fold(read([stream])).choices[0].parts
    assert first == Thinking("AB", "gemini.czE=")


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (USAGE, Tokens(3, source="provider")),
        (
            {"promptTokenCount": 10, "cachedContentTokenCount": 4, "candidatesTokenCount": 5, "thoughtsTokenCount": 7},
            Tokens(10, 12, cached_input=4, reasoning=7, source="provider"),
        ),
        (
            {"promptTokenCount": 10, "toolUsePromptTokenCount": 90, "candidatesTokenCount": 5},
            Tokens(100, 5, source="provider"),
        ),
        (
            {
                "promptTokenCount": 10,
                "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 8}, {"modality": "TEXT", "tokenCount": 2}],
                "candidatesTokenCount": 5,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 4}],
            },
            Tokens(10, 5, source="provider", image_input=8, image_output=4),
        ),
        ({"promptTokenCount": "10", "candidatesTokenCount": 5.0}, Tokens(10, 5, source="provider")),
        ({"promptTokenCount": "many", "promptTokensDetails": 7, "candidatesTokenCount": float(2**80)}, None),
        ({"promptTokenCount": None}, None),
        ([], None),
    ],
)
def test_what_was_used(usage: Any, tokens: Tokens | None) -> None:
    if tokens is None and isinstance(usage, dict) and "candidatesTokenCount" in usage:
        tokens = Tokens(output=10**12, source="provider")  # the most that is believed
    body = part({"text": "."}, finishReason="STOP") | {"usageMetadata": usage}
    assert GEMINI.read_answer(msgspec.json.encode(body)).tokens == tokens
    events = read([sse(body)])
    assert [event.tokens for event in events if isinstance(event, Counted)] == ([] if tokens is None else [tokens])


COUNTS = (
    *("promptTokenCount", "toolUsePromptTokenCount", "cachedContentTokenCount", "candidatesTokenCount"),
    *("thoughtsTokenCount", "totalTokenCount"),
)


@given(st.dictionaries(st.sampled_from(COUNTS), st.integers(0, 99)), st.sampled_from([str, float]))
def test_counts_in_odd_types_are_the_same_counts(usage: dict[str, int], kind: type[str] | type[float]) -> None:
    """They take another way: those of the usual types are read faster."""
    odd = {name: kind(count) for name, count in usage.items()} | {"promptTokensDetails": None}
    plain_count, odd_count = (
        GEMINI.read_answer(msgspec.json.encode(part(finishReason="STOP") | {"usageMetadata": each})).tokens
        for each in (usage, odd)
    )
    assert plain_count == odd_count


def test_counts_are_told_when_they_change() -> None:
    first = part({"text": "a"}) | {"usageMetadata": USAGE}
    last = part({"text": "b"}, finishReason="STOP") | {"usageMetadata": USAGE | {"candidatesTokenCount": 2}}
    events = read([sse(first, first, first, last)])
    assert events[0] == Started("msg_1", tokens=Tokens(3, source="provider"))
    assert [event.tokens.output for event in events if isinstance(event, Counted)] == [None, 2]


# -- odd streams -------------------------------------------------------------------------------------------------------


def test_an_error_event_ends_a_stream() -> None:
    error = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}
    events = read([sse(part({"text": "So"}), error, part({"text": "!"}, finishReason="STOP"))])
    assert events == [START, TextDelta("So"), Failed("Overloaded.", "UNAVAILABLE")]
    assert read([sse({"error": "odd"})]) == [Failed('"odd"')]
    assert read([sse(part({"text": "So"}, finishReason="STOP"), error)])[-1] == Failed("Overloaded.", "UNAVAILABLE")


def test_what_comes_behind_the_end_of_a_candidate_is_not_said() -> None:
    stream = sse(part({"text": "a"}, finishReason="STOP"), part({"text": "b"}, finishReason="STOP"))
    assert read([stream + b"data: [DONE]\n\n"]) == [START, TextDelta("a"), Finished("stop"), Ended()]


def test_a_stream_is_whole_when_every_candidate_is() -> None:
    stream = sse(part({"text": "a"}), part({"text": "b"}, choice=1), part(choice=1, finishReason="STOP"))
    assert Ended() not in read([stream])
    assert read([stream, sse(part(finishReason="STOP"))])[-1] == Ended()


def test_candidates_are_in_the_order_of_their_numbers() -> None:
    two, one = part({"text": "b"}, choice=1, finishReason="STOP"), part({"text": "a"}, finishReason="STOP")
    answer = GEMINI.read_answer(msgspec.json.encode({"candidates": two["candidates"] + one["candidates"]}))
    assert [choice.parts for choice in answer.choices] == [(Text("a"),), (Text("b"),)]


def test_fields_and_parts_that_are_not_known_are_passed_over() -> None:
    odd = {"executableCode": {"code": "1"}}, {"inlineData": {"mimeType": "image/png", "data": ""}}, {"novelty": 1}
    stream = sse({"novelty": True}, part(*odd, {"text": "Yes."}, finishReason="STOP", groundingMetadata={}))
    assert read([stream])[1:] == [TextDelta("Yes."), Finished("stop"), Ended()]


@pytest.mark.parametrize("line", [b"data: {not json}\n\n", b'data: {"candidates":7}\n\n', b"data: [1]\n\n"])
def test_a_stream_of_something_else_is_unreadable(line: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        GEMINI.reader().feed(sse(part({"text": "a"})) + line)


def test_a_stream_is_over_where_all_that_was_asked_for_has_ended() -> None:
    """Whether or not its connection says so (S5)."""
    reader = GEMINI.reader()
    over = []
    for choice, reason in ((0, None), (0, "STOP"), (1, None), (1, "STOP")):
        reader.feed(sse(part({"text": "a"}, choice=choice, **({} if reason is None else {"finishReason": reason}))))
        over.append((reader.over(1), reader.over(2)))
    assert over == [(False, False), (True, False), (False, False), (True, True)]


def test_an_event_without_end_is_too_large() -> None:
    reader = GEMINI.reader()
    with pytest.raises(EventTooLarge):
        reader.feed(b"data: " + b"x" * 33 * 1024 * 1024)


def test_a_reader_keeps_nothing_of_what_was_said() -> None:
    reader = GEMINI.reader()
    for _ in range(100):
        reader.feed(sse(part({"text": "x" * 1000}) | {"usageMetadata": USAGE}))
    kept = [getattr(reader, name) for name in reader.__slots__]
    assert max(len(value) for value in kept if isinstance(value, list | dict | str)) <= len(USAGE) + len("msg_1")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"candidates":[]}', b'{"promptFeedback":{}}', b"\xff", b'{"candidates":{}}', b"[" * 9999],
)
def test_an_answer_that_is_none_of_geminis_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        GEMINI.read_answer(body)
