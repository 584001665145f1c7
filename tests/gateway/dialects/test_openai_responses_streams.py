"""Streams for clients of the Responses API: the events in OpenAI's order, numbered, all of it once more at the end."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from openai.types.responses import Response
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.generated import streams
from tests.gateway.dialects.openai_responses_streams import AS_CLIENT, ASKED, kinds, sdk_response, told, written

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import Conversation, Reasoning, Tool, ToolChoice
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

START = Started("chatcmpl-7", 1795737600, service_tier="default")
COUNTED = Counted(Tokens(10, 20, cached_input=4, reasoning=5, source="provider"))
END: list[Event] = [Finished("stop"), COUNTED, Ended()]
BEGINNING = ["created", "in_progress"]
TEXT = ["output_item.added", "content_part.added", "output_text.delta"]
TEXT_DONE = ["output_text.done", "content_part.done", "output_item.done"]
CALL = ["output_item.added", "function_call_arguments.delta"]
CALL_DONE = ["function_call_arguments.done", "output_item.done"]
THOUGHT = ["output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"]
THOUGHT_DONE = ["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"]
QUIET = Conversation(messages=(), reasoning=Reasoning(effort="low", shown=False))


def last(stream: bytes) -> dict[str, Any]:
    """The response that the last event tells of."""
    response: dict[str, Any] = told(stream)[-1]["response"]
    return response


def test_what_is_cited_is_a_part_of_its_own_whatever_is_told_of_it_first() -> None:
    """Some providers tell what a text is grounded in before they say it."""
    cited = msgspec.Raw(b'[{"type":"char_location"}]')
    said = [TextDelta("As it says, "), TextDelta("", citations=cited, opens=True), TextDelta("gra"), TextDelta("ss")]
    stream = written([START, *said, TextDelta(".", opens=True), *END])
    assert [part["text"] for part in last(stream)["output"][0]["content"]] == ["As it says, ", "grass", "."]


def test_words_are_a_part_of_a_message() -> None:
    stream = written([START, TextDelta("Ye"), TextDelta("s."), *END])
    assert kinds(stream) == [*BEGINNING, *TEXT, "output_text.delta", *TEXT_DONE, "completed"]
    events = told(stream)
    place = {"item_id": "msg_7_0", "output_index": 0, "content_index": 0}
    assert events[4] == {
        "type": "response.output_text.delta", "sequence_number": 4, **place, "delta": "Ye", "logprobs": [],
    }  # fmt: skip
    assert events[6] == {
        "type": "response.output_text.done", "sequence_number": 6, **place, "text": "Yes.", "logprobs": [],
    }  # fmt: skip
    assert sdk_response(stream).output_text == "Yes."


def test_the_response_is_told_in_progress_and_whole() -> None:
    tools = (Tool("f", parameters=msgspec.Raw(b'{\n  "type": "object"\n}')),)
    asked = Conversation(messages=(), tools=tools, tool_choice=ToolChoice("named", "f"), temperature=0.5)
    stream = written([START, TextDelta("Yes."), *END], asked)
    first, final = told(stream)[0]["response"], last(stream)
    assert (first["status"], first["output"], first["usage"]) == ("in_progress", [], None)
    assert (final["status"], len(final["output"])) == ("completed", 1)
    assert first | {name: final[name] for name in ("status", "output", "usage")} == final
    assert (final["id"], final["model"], final["created_at"]) == ("resp_7", "alias", 1795737600)
    assert final["tools"][0]["parameters"] == {"type": "object"}
    assert final["tool_choice"] == {"type": "function", "name": "f"}
    assert final["usage"] == {
        "input_tokens": 10, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 30,
    }  # fmt: skip


def test_a_call_is_an_item() -> None:
    events: list[Event] = [
        START,
        TextDelta("I look."),
        CallStarted(0, "a", "f", signature="g"),
        CallDelta(0, "{}"),
        CallStarted(1, "b", "f"),
        CallDelta(1, "{}"),
        Finished("tool_calls"),
        COUNTED,
        Ended(),
    ]
    stream = written(events)
    assert kinds(stream) == [*BEGINNING, *TEXT, *TEXT_DONE, *CALL, *CALL_DONE, *CALL, *CALL_DONE, "completed"]
    assert {event["name"] for event in told(stream) if event["type"].endswith("arguments.done")} == {"f"}
    one, two = sdk_response(stream).output[1:]
    assert (one.call_id, one.arguments, one.status, one.id) == ("a", "{}", "completed", "fc_7_1")
    assert one.extra_content == {"google": {"thought_signature": "g"}}
    assert (two.call_id, two.id) == ("b", "fc_7_2")


def test_calls_under_way_together_are_items_together() -> None:
    events: list[Event] = [
        START,
        CallStarted(0, "a", "f"),
        CallStarted(1, "b", "f"),
        CallDelta(1, '{"y":2}'),
        CallDelta(0, '{"x":1}'),
        *END,
    ]
    stream = written(events)
    output = sdk_response(stream).output
    assert [(call.call_id, call.arguments) for call in output] == [("a", '{"x":1}'), ("b", '{"y":2}')]


def test_more_of_a_call_that_is_over_is_an_error_and_no_broken_call() -> None:
    events: list[Event] = [START, CallStarted(0, "a", "f"), TextDelta("Hm."), CallDelta(0, "\n"), CallDelta(0, "{}")]
    assert kinds(written([*events, *END]))[-2:] == ["error", "failed"]


def test_a_thought_is_a_summary_and_what_the_provider_wants_back() -> None:
    thoughts: list[Event] = [ThinkingDelta("Hm"), ThinkingSigned("s"), SealedThinking("x"), ThinkingDelta("So")]
    events = [START, *thoughts, TextDelta("Yes"), *END]
    stream = written(events)
    sealed = ["output_item.added", "output_item.done"]
    told_of = [*THOUGHT, *THOUGHT_DONE, *sealed, *THOUGHT, *THOUGHT_DONE]
    assert kinds(stream) == [*BEGINNING, *told_of, *TEXT, *TEXT_DONE, "completed"]
    response = sdk_response(stream)
    given = [item.to_dict() for item in response.output]
    again = AS_CLIENT.read_request(msgspec.json.encode({"model": "m", "input": given}))
    assert again.messages[0].parts == fold(events).choices[0].parts


def test_thoughts_that_are_not_to_be_shown_still_go_back() -> None:
    events: list[Event] = [START, ThinkingDelta("Hm"), ThinkingSigned("s"), ThinkingDelta("So"), TextDelta("Yes"), *END]
    stream = written(events, QUIET)
    assert kinds(stream) == [*BEGINNING, "output_item.added", "output_item.done", *TEXT, *TEXT_DONE, "completed"]
    assert b"Hm" not in stream
    given = [item.to_dict() for item in sdk_response(stream).output]
    again = AS_CLIENT.read_request(msgspec.json.encode({"model": "m", "input": given}))
    assert again.messages[0].parts == (*fold(events).choices[0].parts[:1], *fold(events).choices[0].parts[2:])


def test_why_a_model_declines_is_a_part_of_its_own() -> None:
    stream = written([START, TextDelta("Well, "), RefusalDelta("no"), RefusalDelta("."), Finished("refusal"), Ended()])
    refusal = ["content_part.added", "refusal.delta", "refusal.delta", "refusal.done", "content_part.done"]
    expected = [*BEGINNING, *TEXT, *TEXT_DONE[:2], *refusal, "output_item.done", "completed"]
    assert kinds(stream) == expected
    said, declined = sdk_response(stream).output[0].content
    assert (said.text, declined.refusal) == ("Well, ", "no.")


def test_citations_are_told_as_this_api_has_them() -> None:
    cited = msgspec.Raw(
        b'[{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"title":"T",\n"url":"u"}}]'
    )
    stream = written([START, TextDelta("So."), TextDelta("", citations=cited), *END])
    assert kinds(stream)[5:7] == ["output_text.annotation.added", "output_text.done"]
    (annotation,) = sdk_response(stream).output[0].content[0].annotations
    assert annotation.to_dict() == {"type": "url_citation", "start_index": 0, "end_index": 2, "title": "T", "url": "u"}
    foreign = msgspec.Raw(b'[{"type":"char_location"}]')
    assert b"char_location" not in written([START, TextDelta("So.", citations=foreign), *END])


def test_log_probabilities_are_told_to_those_who_ask() -> None:
    entry = {"token": "Yes", "logprob": -0.5, "bytes": [1], "top_logprobs": []}
    probable = LogprobsDelta(msgspec.Raw(msgspec.json.encode({"content": [entry], "refusal": None})))
    events: list[Event] = [START, TextDelta("Yes"), probable, *END]
    asked = Conversation(messages=(), logprobs=0)
    together = AS_CLIENT.writer(asked, "m").write(events)
    assert told(together)[4]["logprobs"] == [entry]
    assert kinds(together).count("output_text.delta") == 1
    for stream in (together, written(events, asked)):
        assert last(stream)["output"][0]["content"][0]["logprobs"] == [entry]
        sdk_response(stream)
    assert b"-0.5" not in written(events)


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("stop_sequence", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("pause", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("refusal", "incomplete", "content_filter"),
    ],
)
def test_how_it_ended_is_told_in_openais_words(finish: Any, status: str, reason: str | None) -> None:
    events: list[Event] = [START, TextDelta("Ye"), Finished(finish), Ended()]
    stream = written(events)
    assert kinds(stream)[-1] == status
    final = last(stream)
    assert final["status"] == status
    assert final["incomplete_details"] == (None if reason is None else {"reason": reason})
    assert final["output"][0]["status"] == status
    assert msgspec.json.decode(AS_CLIENT.write_answer(fold(events), ASKED, "alias")) == final


def test_an_error_inside_a_stream_is_told_and_the_response_failed() -> None:
    stream = written([START, TextDelta("Ye"), Failed("Too fast.", "rate_limit_exceeded"), Finished("stop"), Ended()])
    assert kinds(stream)[-2:] == ["error", "failed"]
    error, failed = told(stream)[-2:]
    assert (error["code"], error["message"]) == ("rate_limit_exceeded", "Too fast.")
    assert failed["response"]["error"] == {"code": "rate_limit_exceeded", "message": "Too fast."}
    assert failed["response"]["status"] == "failed"
    assert sdk_response(stream) is None


def test_an_error_before_anything_is_an_error_alone() -> None:
    assert kinds(written([Failed("It broke.")])) == ["error"]


def test_an_answer_that_ended_in_an_error_does_not_look_whole() -> None:
    events: list[Event] = [START, TextDelta("Ye"), Finished("error"), COUNTED, Ended()]
    assert kinds(written(events))[-2:] == ["error", "failed"]
    whole = msgspec.json.decode(AS_CLIENT.write_answer(fold(events), ASKED, "m"))
    assert (whole["status"], whole["error"]["code"]) == ("failed", "server_error")


def test_an_answer_that_did_not_say_why_it_ended_is_incomplete() -> None:
    assert kinds(written([START, TextDelta("Ye"), Ended()]))[-1] == "incomplete"


def test_a_ping_is_a_comment_and_no_event() -> None:
    assert kinds(written([START, Ping(), *END])) == [*BEGINNING, "completed"]


def test_of_several_choices_it_is_the_first() -> None:
    assert b"other" not in written([START, TextDelta("other", choice=1), *END])


@given(streams())
def test_any_stream_ends_with_what_the_whole_answer_would_be(events: list[Event]) -> None:
    for asked in (ASKED, QUIET):
        stream = written(events, asked)
        whole = AS_CLIENT.write_answer(fold(events), asked, "alias")
        assert last(stream) == msgspec.json.decode(whole)
        assert AS_CLIENT.writer(asked, "alias").write(events) == stream
        Response.model_validate_json(whole)
        sdk_response(stream)
