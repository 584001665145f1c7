"""Streams for clients of chat completions, whatever came together; and the odd streams of servers that speak it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.generated import streams
from tests.gateway.dialects.openai_chat_streams import (
    AS_CLIENT,
    AS_PROVIDER,
    ASKED,
    chunks,
    read,
    sdk_completion,
    written,
)
from tests.gateway.dialects.transcripts import plain

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.conversation import (
    Answer,
    Choice,
    Conversation,
    Reasoning,
    Text,
    Thinking,
    ToolCall,
)
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
from control_layer.wire import EventTooLarge

START = Started("msg_1", 1795737600)
COUNTED = Counted(Tokens(10, 20, source="provider"))
END: list[Event] = [Finished("stop"), COUNTED, Ended()]
QUIET = Conversation(messages=(), include_usage=False)
HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}


def deltas(stream: bytes) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in chunks(stream) for choice in chunk["choices"]]


def sse(*said: dict[str, Any], done: bool = True) -> bytes:
    """Chunks whose only choice says that, or (`finish`) ends so."""
    events = []
    for delta in said:
        finish = delta.pop("finish", None)
        events.append(HEAD | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    text = b"".join(b"data: %b\n\n" % msgspec.json.encode(event) for event in events)
    return text + b"data: [DONE]\n\n" if done else text


def calls(*said: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(said)}


# -- for clients -----------------------------------------------------------------------------------------------------


def test_a_stream_begins_with_the_role_and_ends_with_done() -> None:
    stream = written([START, TextDelta("Yes"), *END])
    assert stream.endswith(b"\n\ndata: [DONE]\n\n")
    assert deltas(stream) == [{"role": "assistant", "content": "", "refusal": None}, {"content": "Yes"}, {}]
    first = chunks(stream)[0]
    assert (first["id"], first["created"], first["model"]) == ("msg_1", 1795737600, "alias")


def test_usage_is_told_to_those_who_ask_only() -> None:
    told = chunks(written([START, *END]))[-1]
    assert told["choices"] == []
    assert told["usage"] == {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    assert b"usage" not in written([START, TextDelta("Yes"), *END], QUIET)


def test_a_provider_that_counts_nothing_makes_no_usage() -> None:
    stream = written([START, Finished("stop"), Ended()])
    assert [len(chunk["choices"]) for chunk in chunks(stream)] == [1, 1]


def test_thoughts_are_words_and_blocks_with_their_signatures() -> None:
    events: list[Event] = [
        START,
        ThinkingDelta("Hm"),
        ThinkingDelta("."),
        ThinkingSigned("s1"),
        SealedThinking("x"),
        ThinkingDelta("So"),
        SealedThinking("y"),
        TextDelta("Yes"),
        *END,
    ]
    message = sdk_completion(written(events)).choices[0].message.to_dict()
    assert message["reasoning_content"] == "Hm.So"
    assert message["thinking_blocks"] == [
        {"index": 0, "type": "thinking", "thinking": "Hm.", "signature": "s1"},
        {"index": 1, "type": "redacted_thinking", "data": "x"},
        {"index": 2, "type": "thinking", "thinking": "So"},
        {"index": 3, "type": "redacted_thinking", "data": "y"},
    ]


def test_thoughts_survive_a_client_that_puts_streams_together() -> None:
    events: list[Event] = [
        START,
        ThinkingDelta("Hm"),
        ThinkingSigned("s1"),
        SealedThinking("x"),
        TextDelta("Yes"),
        *END,
    ]
    message = sdk_completion(written(events)).choices[0].message.to_dict()
    body = msgspec.json.encode({"model": "m", "messages": [message]})
    assert AS_CLIENT.read_request(body).messages[0].parts == fold(events).choices[0].parts


def test_thoughts_that_are_not_to_be_shown_are_not() -> None:
    hidden = Conversation(messages=(), reasoning=Reasoning(shown=False))
    events: list[Event] = [START, ThinkingDelta("Hm"), ThinkingSigned("s"), SealedThinking("x"), TextDelta("Yes"), *END]
    assert deltas(written(events, hidden))[1:-1] == [{"content": "Yes"}]
    assert b"Hm" not in AS_CLIENT.write_answer(fold(events), hidden, "m")


def test_log_probabilities_go_with_the_words_before_them() -> None:
    probable = LogprobsDelta(msgspec.Raw(b'{"content":\n[]}'))
    stream = AS_CLIENT.writer(ASKED, "m").write([START, TextDelta("Yes"), probable, *END])
    told = [(choice["delta"], choice["logprobs"]) for chunk in chunks(stream) for choice in chunk["choices"]]
    assert told[1] == ({"content": "Yes"}, {"content": []})
    alone = [choice for chunk in chunks(written([START, probable, *END])) for choice in chunk["choices"]]
    assert (alone[1]["delta"], alone[1]["logprobs"]) == ({}, {"content": []})


def test_probabilities_of_another_choice_are_its_own() -> None:
    probable = LogprobsDelta(msgspec.Raw(b"{}"), choice=1)
    stream = AS_CLIENT.writer(ASKED, "m").write([START, TextDelta("Yes"), probable, *END])
    told = [(choice["index"], choice["logprobs"]) for chunk in chunks(stream) for choice in chunk["choices"]]
    assert told[1:4] == [(0, None), (1, None), (1, {})]


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "stop"),
        ("stop_sequence", "stop"),
        ("length", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("pause", "length"),
    ],
)
def test_why_it_ended_is_told_in_openais_words(finish: Any, reason: str) -> None:
    stream = written([START, Finished(finish), Ended()])
    assert chunks(stream)[-1]["choices"][0]["finish_reason"] == reason
    whole = AS_CLIENT.write_answer(Answer("a", (Choice((), finish),)), ASKED, "m")
    assert msgspec.json.decode(whole)["choices"][0]["finish_reason"] == reason


def test_a_model_that_says_why_it_declines_has_stopped() -> None:
    stream = written([START, RefusalDelta("No."), Finished("refusal"), Ended()])
    assert chunks(stream)[-1]["choices"][0]["finish_reason"] == "stop"
    assert sdk_completion(stream).choices[0].message.refusal == "No."


def test_an_error_inside_a_stream_is_the_last_event() -> None:
    stream = written([START, TextDelta("Ye"), Failed("It broke.", "overloaded_error"), Finished("stop"), Ended()])
    error = {"message": "It broke.", "type": "server_error", "param": None, "code": "overloaded_error"}
    assert stream.endswith(b"data: " + msgspec.json.encode({"error": error}) + b"\n\n")


def test_an_answer_that_ended_in_an_error_does_not_look_whole() -> None:
    stream = written([START, TextDelta("Ye"), Finished("error"), COUNTED, Ended()])
    assert b"[DONE]" not in stream
    assert b'"error"' in stream
    whole = msgspec.json.decode(AS_CLIENT.write_answer(Answer("a", (Choice((), "error"),)), ASKED, "m"))
    assert whole["choices"][0]["finish_reason"] is None


def test_a_ping_is_a_comment() -> None:
    assert AS_CLIENT.writer(ASKED, "m").write([Ping()]) == b": ping\n\n"


def test_citations_of_other_providers_are_not_written() -> None:
    foreign = msgspec.Raw(b'[{"type":"char_location","cited_text":"x"}]')
    assert b"char_location" not in written([START, TextDelta("So.", citations=foreign), *END])
    whole = Answer("a", (Choice((Text("So.", citations=foreign),), "stop"),))
    assert b"char_location" not in AS_CLIENT.write_answer(whole, ASKED, "m")


def test_citations_that_come_one_by_one_are_a_list_to_clients_that_put_streams_together() -> None:
    def page(number: int) -> msgspec.Raw:
        cited = {"url": f"https://{number}.example", "title": "A", "start_index": 0, "end_index": 1}
        return msgspec.Raw(msgspec.json.encode([{"type": "url_citation", "url_citation": cited}] * number))

    said = [TextDelta("One.", citations=page(1)), TextDelta("Two.", citations=page(2), opens=True)]
    message = sdk_completion(written([START, *said, *END])).choices[0].message
    assert message.content == "One.Two."
    assert [each.url_citation.url for each in message.annotations] == ["https://1.example", *["https://2.example"] * 2]
    assert [each.url_citation.end_index for each in message.annotations] == [1, 5, 5]


def test_clients_of_the_older_functions_get_their_one_call() -> None:
    old = AS_CLIENT.read_request(
        msgspec.json.encode(
            {"model": "m", "messages": [{"role": "user", "content": "x"}], "functions": [{"name": "f"}]},
        )
    )
    events: list[Event] = [START, CallStarted(0, "a", "f"), CallDelta(0, "{}"), Finished("tool_calls"), Ended()]
    choice = sdk_completion(written(events, old)).choices[0]
    assert (choice.finish_reason, choice.message.tool_calls) == ("function_call", None)
    assert choice.message.function_call.to_dict() == {"name": "f", "arguments": "{}"}
    whole = msgspec.json.decode(AS_CLIENT.write_answer(fold(events), old, "m"))["choices"][0]
    assert whole["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert "tool_calls" not in whole["message"]


def test_a_writer_keeps_nothing_of_what_was_said() -> None:
    writer = AS_CLIENT.writer(ASKED, "m")
    writer.write([START])
    before = {name: len(repr(getattr(writer, name))) for name in writer.__slots__ if name != "_choices"}  # type: ignore[attr-defined]
    for _ in range(100):
        writer.write([TextDelta("x" * 1000), ThinkingDelta("y" * 1000), CallDelta(0, "z" * 1000)])
    after = {name: len(repr(getattr(writer, name))) for name in before}
    assert before == after


# -- providers -----------------------------------------------------------------------------------------------------


def test_a_stream_that_stops_for_calls_ended_for_them() -> None:
    """As OpenAI's own do where the model had to call, and others always."""
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    assert read([sse(calls(call), {"finish": "stop"})])[-2:] == [Finished("tool_calls"), Ended()]


def test_calls_that_are_all_number_0_are_told_apart_by_their_ids() -> None:
    one, two = ({"index": 0, "id": name, "function": {"name": "f", "arguments": "{}"}} for name in "ab")
    events = read([sse(calls(one), calls(two))])
    assert [event for event in events if isinstance(event, CallStarted)] == [
        CallStarted(0, "a", "f"),
        CallStarted(1, "b", "f"),
    ]


def test_calls_without_number_and_id_are_told_apart_by_their_names() -> None:
    one, two = ({"function": {"name": name, "arguments": {"x": 1}}} for name in "fg")
    answer = fold(read([sse(calls(one, two))]))
    parts = answer.choices[0].parts
    assert all(isinstance(part, ToolCall) and part.arguments == '{"x":1}' for part in parts)
    ids = {part.id for part in parts if isinstance(part, ToolCall)}
    assert len(ids) == 2
    assert all(name.startswith("call_") and len(name) <= 40 for name in ids)
    assert fold(read([sse(calls(one, two))])) == answer


def test_an_id_that_is_said_with_every_fragment_is_one_call() -> None:
    said = [{"index": 0, "id": "a", "function": {"name": "f", "arguments": text}} for text in ('{"x"', ":1}")]
    parts = fold(read([sse(calls(said[0]), calls(said[1]))])).choices[0].parts
    assert parts == (ToolCall("a", "f", '{"x":1}'),)


def test_a_call_begins_when_its_name_has_come() -> None:
    said = [
        {"index": 0, "id": "a", "function": {"arguments": "{"}},
        {"index": 0, "function": {"name": "f", "arguments": "}"}},
    ]
    assert read([sse(calls(said[0]), calls(said[1]))])[1:-1] == [
        CallStarted(0, "a", "f"),
        CallDelta(0, "{"),
        CallDelta(0, "}"),
    ]


def test_the_older_function_call_is_a_call() -> None:
    stream = sse({"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}})
    (call,) = fold(read([stream])).choices[0].parts
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("f", "{}")


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "Hm"},
        {"reasoning": "Hm"},
        {"reasoning": "Hm", "reasoning_content": "Hm"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm"}]},
        {"reasoning_content": "Hm", "thinking_blocks": [{"type": "thinking", "thinking": "Hm"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
    ],
)
def test_thoughts_are_known_by_all_their_names(delta: dict[str, Any]) -> None:
    assert read([sse(delta)])[1:-1] == [ThinkingDelta("Hm")]
    whole = HEAD | {"choices": [{"index": 0, "message": delta, "finish_reason": "stop"}]}
    assert AS_PROVIDER.read_answer(msgspec.json.encode(whole)).choices[0].parts == (Thinking("Hm"),)


def test_content_in_parts_is_read() -> None:
    said = {"content": [{"type": "text", "text": "Yes"}, {"type": "reference"}, 7]}
    assert read([sse(said)])[1:-1] == [TextDelta("Yes")]


@pytest.mark.parametrize(
    ("more", "finish", "sequence"),
    [
        ({"stop_reason": "END"}, "stop_sequence", "END"),
        ({"matched_stop": "END"}, "stop_sequence", "END"),
        ({"stop_reason": 128_009}, "stop", None),
        ({"stop_reason": None}, "stop", None),
        ({"stop_reason": "end_turn"}, "stop", None),
        ({"finish_reason": "length", "stop_reason": "END"}, "length", None),
    ],
)
def test_the_sequence_that_stopped_it_is_known_where_servers_tell(
    more: dict[str, Any], finish: str, sequence: str | None
) -> None:
    """vLLM and SGLang."""
    whole = {**HEAD, "choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop", **more}]}
    (choice,) = AS_PROVIDER.read_answer(msgspec.json.encode(whole)).choices
    assert (choice.finish, choice.stop_sequence) == (finish, sequence)
    chunk = {**HEAD, "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop", **more}]}
    (ended,) = [event for event in read([b"data: %b\n\n" % msgspec.json.encode(chunk)]) if isinstance(event, Finished)]
    assert (ended.finish, ended.stop_sequence) == (finish, sequence)


def test_words_behind_an_end_are_not_lost() -> None:
    """Some servers say with every chunk that it is the end."""
    stream = sse(*({"content": word, "finish": "stop"} for word in ("One ", "two ", "three.")))
    (choice,) = fold(read([stream])).choices
    assert sdk_completion(written(read([stream]))).choices[0].message.content == "One two three."
    assert (choice.parts, choice.finish) == ((Text("One two three."),), "stop")


def test_a_second_end_of_a_choice_is_passed_over() -> None:
    events = read([sse({"content": "Yes", "finish": "stop"}, {"content": "", "finish": "stop"})])
    assert events[1:] == [TextDelta("Yes"), Finished("stop"), Ended()]


def test_usage_is_found_where_servers_put_it() -> None:
    chunk = HEAD | {"choices": [{"index": 0, "delta": {}, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}]}
    assert Counted(Tokens(1, 2, source="provider")) in read([b"data: %b\n\n" % msgspec.json.encode(chunk)])


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (b'data: {"error":{"message":"It broke.","code":"server_error"}}\n\n', Failed("It broke.", "server_error")),
        (b'data: {"error":"It broke."}\n\n', Failed("It broke.")),
        (b'event: error\ndata: {"message":"It broke.","code":502}\n\n', Failed("It broke.")),
    ],
)
def test_an_error_event_ends_a_stream(error: bytes, failed: Failed) -> None:
    stream = sse({"content": "Ye"}, done=False) + error + b"data: [DONE]\n\n"
    assert read([stream])[1:] == [TextDelta("Ye"), failed]


@pytest.mark.parametrize("line", [b"data: {not json}\n\n", b'data: {"choices":7}\n\n', b"data: [1]\n\n"])
def test_a_stream_of_something_else_is_unreadable(line: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        AS_PROVIDER.reader().feed(sse({"content": "Ye"}, done=False) + line)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"choices":[{"message":{"tool_calls":7}}]}', b"\xff"])
def test_an_answer_of_something_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        AS_PROVIDER.read_answer(body)


def test_an_error_that_is_said_to_be_an_answer_is_quoted() -> None:
    with pytest.raises(UnreadableAnswer, match="The model is overloaded"):
        AS_PROVIDER.read_answer(b'{"error":{"message":"The model is overloaded.","code":502},"user_id":"u"}')


def test_an_event_without_end_is_too_large() -> None:
    with pytest.raises(EventTooLarge):
        AS_PROVIDER.reader().feed(b"data: " + b"x" * 9 * 1024 * 1024)


# -- any stream ----------------------------------------------------------------------------------------------------


@given(streams())
def test_any_stream_is_read_as_it_was_written(events: list[Event]) -> None:
    stream = written(events)
    assert plain(fold(read([stream]))) == plain(fold(events))
    assert AS_CLIENT.writer(ASKED, "alias").write(events) == stream
    sdk_completion(stream)


@given(streams())
def test_any_answer_is_read_as_it_was_written_but_for_the_order(events: list[Event]) -> None:
    """The API knows no order between what is thought, said and called."""
    answer = fold(events)
    again = AS_PROVIDER.read_answer(AS_CLIENT.write_answer(answer, ASKED, "m"))
    assert again.tokens == answer.tokens
    for choice, read_choice in zip(answer.choices, again.choices, strict=True):
        thoughts = [part for part in choice.parts if isinstance(part, Thinking)]
        assert [part for part in read_choice.parts if isinstance(part, Thinking)] == thoughts
        assert said(read_choice) == said(choice)
        assert read_choice.finish == choice.finish


def said(choice: Choice) -> tuple[str, list[ToolCall]]:
    texts = [part.text for part in choice.parts if isinstance(part, Text)]
    return "".join(texts), [part for part in choice.parts if isinstance(part, ToolCall)]
