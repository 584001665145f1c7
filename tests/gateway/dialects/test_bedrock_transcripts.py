"""What Bedrock answers: read as it is written down, whole and as a stream that is cut anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from anthropic.types import Message
from tests.gateway.dialects.anthropic_streams import sdk_message
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.transcripts import Scenario, plain, scenarios, splits

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.conversation import Conversation, Image, Text
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.events import (
    CallDelta,
    Ended,
    Event,
    Failed,
    Finished,
    ImageGiven,
    Started,
    TextDelta,
)
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES
from control_layer.simulator.bedrock.checks import check, parsed
from control_layer.simulator.bedrock.frames import event, exception
from control_layer.simulator.bedrock.schema import ConverseRequest

_each = pytest.mark.parametrize(
    "scenario", scenarios("bedrock", "answer.json", "stream.jsonl"), ids=lambda one: one.name
)


def frames(scenario: Scenario) -> list[bytes]:
    """A stream's events, as they lie on the wire; in the file each is a line."""

    def lines() -> Iterator[bytes]:
        for line in scenario.bytes("stream.jsonl").splitlines():
            ((name, payload),) = msgspec.json.decode(line).items()
            yield event(name, payload)

    return list(lines())


def read(pieces: list[bytes]) -> list[Event]:
    reader = BEDROCK.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.end()]


@_each
def test_an_answer_is_read(scenario: Scenario) -> None:
    assert plain(BEDROCK.read_answer(scenario.bytes("answer.json"))) == scenario.json("folded.json")


@_each
def test_a_stream_folds_to_the_whole_answer(scenario: Scenario) -> None:
    """S3: to the token."""
    assert plain(fold(read([b"".join(frames(scenario))]))) == scenario.json("folded.json")


@_each
def test_it_does_not_matter_how_a_stream_is_cut(scenario: Scenario) -> None:
    stream = b"".join(frames(scenario))
    events = read([stream])
    for pieces in splits(stream):
        assert read(pieces) == events


@_each
def test_a_stream_that_breaks_off_has_no_end(scenario: Scenario) -> None:
    whole = frames(scenario)
    for length in range(len(b"".join(whole[:-2]))):
        events = read([b"".join(whole)[:length]])
        assert not any(isinstance(event, Finished | Ended | Failed) for event in events)


@_each
def test_a_stream_is_whole_without_its_counts(scenario: Scenario) -> None:
    events = read(frames(scenario)[:-1])
    assert isinstance(events[-1], Ended)
    assert plain(fold(events))["choices"] == scenario.json("folded.json")["choices"]


def test_what_is_not_known_yet_is_passed_over() -> None:
    stream = [
        event("messageStart", {"role": "assistant", "new": 1}),
        event("somethingNew", {"text": 7}),
        event("contentBlockStart", {"contentBlockIndex": 0, "start": {"hologram": {"format": "png"}}}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"hologram": {"source": {"bytes": "iVBORw=="}}}}),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        event(
            "contentBlockStart",
            {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "n", "type": "server_tool_use"}}},
        ),
        event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{}"}}}),
        event("contentBlockStop", {"contentBlockIndex": 1}),
        event("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": "Hi."}}),
    ]
    assert read(stream) == [Started(""), TextDelta("Hi.")]


@pytest.mark.parametrize(
    ("frame", "failed"),
    [
        (exception("throttlingException", {"message": "Slow down."}), Failed("Slow down.", "rate_limit_exceeded")),
        (
            exception("validationException", {"message": "Input is too long for requested model."}),
            Failed("Input is too long for requested model.", "context_length_exceeded"),
        ),
        (exception("newException", {}), Failed("newException", "newException")),
    ],
)
def test_exceptions_end_a_stream(frame: bytes, failed: Failed) -> None:
    after = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "more"}})
    assert read([event("messageStart", {"role": "assistant"}), frame, after]) == [Started(""), failed]


def test_an_event_that_is_none_of_its_name() -> None:
    with pytest.raises(UnreadableAnswer, match="messageStop"):
        read([event("messageStop", {"stopReason": 7})])


def test_a_picture_of_several_pieces_is_one() -> None:
    def more(**delta: Any) -> bytes:
        return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"image": delta}})

    begun = event("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "webp"}}})
    ended = event("contentBlockStop", {"contentBlockIndex": 0})
    pieces = [more(source={"bytes": "UklGRg=="}), more(source={"bytes": "V0VC"}), more(source={"bytes": "UA=="})]
    assert read([begun, *pieces, ended]) == [ImageGiven(Image("image/webp", "UklGRldFQlA="))]
    assert read([begun, more(error={"message": "no"}), ended]) == []
    with pytest.raises(UnreadableAnswer):
        read([begun, more(source={"bytes": "A"}), more(source={"bytes": "B"}), ended])


def test_arguments_of_calls_that_are_under_way_at_once_stay_apart() -> None:
    def call(index: int) -> bytes:
        called = {"toolUse": {"toolUseId": f"t{index}", "name": "n"}}
        return event("contentBlockStart", {"contentBlockIndex": index, "start": called})

    def more(index: int, text: str) -> bytes:
        return event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": text}}})

    events = read([call(3), call(4), more(4, "{"), more(3, "[]"), more(4, "}")])
    assert [event for event in events if isinstance(event, CallDelta)] == [
        CallDelta(1, "{"), CallDelta(0, "[]"), CallDelta(1, "}"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"{}", b'{"output":{}}', b'{"output":{"message":{"content":7}}}', b"\xff"])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        BEDROCK.read_answer(body)


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (400, b'{"message":"Input is too long for requested model."}', "context_length_exceeded", "Input is too long"),
        (
            400,
            b'{"message":"The model returned the following errors: prompt is too long: 2 tokens > 1 maximum"}',
            "context_length_exceeded",
            "prompt is too long",
        ),
        (400, b'{"message":"The provided model identifier is invalid."}', "model_not_found", "identifier is invalid"),
        (400, b'{"message":"Malformed input request"}', "invalid_request_error", "Malformed"),
        (403, b'{"Message":"User is not authorized"}', "permission_denied", "not authorized"),
        (403, b'{"__type":"com.amazon#ExpiredTokenException","message":"old"}', "invalid_api_key", "old"),
        (404, b'{"message":"This Model is marked as Legacy"}', "model_not_found", "Legacy"),
        (424, b'{"message":"no","originalStatusCode":500}', "server_error", "no"),
        (429, b'{"message":"Too many requests"}', "rate_limit_exceeded", "Too many"),
        (503, b"{}", "overloaded_error", "503 Service Unavailable"),
        (502, b"<html>bad gateway</html>", None, "<html>bad"),
        (502, b"", None, "502 Bad Gateway"),
    ],
)
def test_errors(status: int, body: bytes, code: str | None, message: str) -> None:
    error = BEDROCK.read_error(status, body)
    assert error.code == code
    assert message in error.message


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, b'{"message":"no"}', b"ServiceQuotaExceededException", "insufficient_quota"),
        (400, b'{"message":"no"}', b"ThrottlingException:http://internal.amazon.com/coral/", "rate_limit_exceeded"),
        (400, b'{"message":"Too many input tokens."}', b"com.amazon#ValidationException", "context_length_exceeded"),
        (400, b'{"__type":"a#ValidationException"}', b"ModelNotReadyException", "overloaded_error"),
        (403, b"<html>", b"ExpiredTokenException", "invalid_api_key"),
        (409, b"", b"ConflictException", "ConflictException"),
    ],
)
def test_which_error_it_is_stands_in_the_head(status: int, body: bytes, kind: bytes, code: str) -> None:
    error = BEDROCK.read_error(status, body, [(b"content-type", b"application/json"), (b"x-amzn-errortype", kind)])
    assert error.code == code
    assert error.message


# -- citations ---------------------------------------------------------------------------------------------------------

(_CITING,) = (scenario for scenario in scenarios("bedrock", "answer.json") if scenario.name == "citations")
_ASKED = Conversation(messages=())
_BEES = {"url": "https://example.org/bees", "title": "Bees", "start_index": 50, "end_index": 58}


def test_clients_of_messages_get_places_in_documents_and_give_them_back() -> None:
    answer = BEDROCK.read_answer(_CITING.bytes("answer.json"))
    message = msgspec.json.decode(ANTHROPIC.write_answer(answer, _ASKED, "m"))
    assert [len(block.get("citations", ())) for block in message["content"]] == [0, 2, 0, 2, 0, 0, 0]
    streamed = sdk_message(ANTHROPIC.writer(_ASKED, "m").write(read(frames(_CITING))))
    whole = Message.model_validate(message).content
    assert [block.to_dict(exclude_none=True) for block in streamed.content] == [
        block.to_dict(exclude_none=True) for block in whole
    ]
    turns = [{"role": "user", "content": "Colours?"}, {"role": "assistant", "content": message["content"]}]
    asked = ANTHROPIC.read_request(msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": turns}))
    body = msgspec.json.decode(BEDROCK.write_request(asked, "anthropic.claude-sonnet-4-5", lenient=False).body)
    check(parsed(body, ConverseRequest))
    given = msgspec.json.decode(_CITING.bytes("answer.json"))["output"]["message"]["content"]
    back = body["messages"][1]["content"]
    assert back[1] == {"citationsContent": _joined(given[1]["citationsContent"])}
    assert back[3]["citationsContent"]["citations"] == given[3]["citationsContent"]["citations"][:2]
    assert back[5] == {"text": "bees hum"}


_FOUND = {
    "type": "search_result", "title": "Bees", "source": "https://example.org/bees",
    "content": [{"type": "text", "text": "Bees hum."}, {"type": "text", "text": "They fly."}],
    "citations": {"enabled": True},
}  # fmt: skip


def _sent(model: str) -> list[dict[str, Any]]:
    """What the model is shown of `_FOUND`: in the question, and as a tool's result."""
    call = {"type": "tool_use", "id": "t", "name": "search", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [_FOUND]}
    turns = [("user", [_FOUND, {"type": "text", "text": "So?"}]), ("assistant", [call]), ("user", [result])]
    tools = [{"name": "search", "input_schema": {"type": "object"}}]
    asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "tools": tools}
    asked["messages"] = [{"role": role, "content": content} for role, content in turns]
    conversation = ANTHROPIC.read_request(msgspec.json.encode(asked))
    body = msgspec.json.decode(BEDROCK.write_request(conversation, model, lenient=False).body)
    check(parsed(body, ConverseRequest))
    messages = body["messages"]
    return [messages[0]["content"][0], messages[2]["content"][0]["toolResult"]["content"][0]]


def test_claude_gets_search_results_as_such() -> None:
    pieces = [{"text": "Bees hum."}, {"text": "They fly."}]
    told = {"source": "https://example.org/bees", "title": "Bees", "content": pieces, "citations": {"enabled": True}}
    assert _sent("anthropic.claude-sonnet-4-5") == [{"searchResult": told}, {"searchResult": told}]


def test_other_models_get_them_as_documents() -> None:
    assert [(*block,) for block in _sent("amazon.nova-pro-v1:0")] == [("document",), ("document",)]


def _joined(cites: Any) -> Any:
    """What is cited, in one piece."""
    return cites | {
        "citations": [
            each | {"sourceContent": [{"text": "".join(piece["text"] for piece in each["sourceContent"])}]}
            for each in cites["citations"]
        ]
    }


def test_clients_of_openai_get_pages_of_the_web() -> None:
    answer = BEDROCK.read_answer(_CITING.bytes("answer.json"))
    message = msgspec.json.decode(OPENAI_CHAT.write_answer(answer, _ASKED, "m"))["choices"][0]["message"]
    assert message["annotations"] == [{"type": "url_citation", "url_citation": _BEES}]
    assert message["content"][50:58] == "bees hum"
    chunks = OPENAI_CHAT.writer(_ASKED, "m").write(read(frames(_CITING))).split(b"\n\n")
    told = [msgspec.json.decode(chunk[6:]) for chunk in chunks if b'"annotations"' in chunk]
    (annotations,) = (chunk["choices"][0]["delta"]["annotations"] for chunk in told)
    assert annotations == [{**each, "index": index} for index, each in enumerate(message["annotations"])]


def test_clients_of_responses_get_them_by_part() -> None:
    answer = BEDROCK.read_answer(_CITING.bytes("answer.json"))
    own = {"type": "url_citation", **_BEES, "start_index": 0, "end_index": 8}
    stream = OPENAI_RESPONSES.writer(_ASKED, "m").write(read(frames(_CITING)))
    last = msgspec.json.decode(stream.strip().rpartition(b"data: ")[2])
    for response in (msgspec.json.decode(OPENAI_RESPONSES.write_answer(answer, _ASKED, "m")), last["response"]):
        parts = response["output"][0]["content"]
        assert [part["annotations"] for part in parts if part["annotations"]] == [[own]]
        assert next(part["text"] for part in parts if part["annotations"]) == "bees hum"


@pytest.mark.parametrize(
    "location",
    [
        {},
        {"web": {}},
        {"somewhereNew": {"start": 1}},
        {"documentChar": {"start": 0, "end": 1}},
        {"searchResultLocation": {"start": 0, "end": 1}},
    ],
)
def test_places_that_cannot_be_told_are_left_out(location: dict[str, Any]) -> None:
    cites = {"content": [{"text": "Hi."}], "citations": [{"location": location}]}
    body = {"output": {"message": {"content": [{"citationsContent": cites}]}}}
    assert BEDROCK.read_answer(msgspec.json.encode(body)).choices[0].parts == (Text("Hi."),)
