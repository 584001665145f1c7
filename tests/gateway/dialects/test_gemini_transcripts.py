"""Gemini's dialect on what providers say, whole and cut off, and on what they are sent; and with the simulated API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects import anthropic_streams, openai_chat_streams
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.gemini_requests import (
    AS_PROVIDER,
    EARLIER,
    NEWER,
    NEWEST,
    OLD,
    Simulated,
    conversation_of,
    judged,
    said,
)
from tests.gateway.dialects.gemini_streams import read
from tests.gateway.dialects.transcripts import Scenario, plain, scenarios

from control_layer.gateway.dialects.conversation import (
    Answer,
    Conversation,
    Message,
    Reasoning,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from control_layer.gateway.dialects.dialect import ClientDialect
from control_layer.gateway.dialects.events import Ended, Finished
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES

ANSWERS = scenarios("gemini", "answer.json", "stream.sse")
CLIENTS: dict[str, ClientDialect] = {
    "anthropic": anthropic_streams.AS_CLIENT,
    "openai_chat": openai_chat_streams.AS_CLIENT,
    "openai_responses": OPENAI_RESPONSES,
}
ASKED = [(name, scenario) for name in CLIENTS for scenario in scenarios(name, "request.json")]

answer_scenarios = pytest.mark.parametrize("scenario", ANSWERS, ids=lambda scenario: scenario.name)


@pytest.mark.parametrize("scenario", scenarios("gemini", "conversation.json"), ids=lambda scenario: scenario.name)
def test_a_request_is_written(scenario: Scenario) -> None:
    conversation, model = conversation_of(scenario), scenario.json("answer.json")["modelVersion"]
    outgoing = AS_PROVIDER.write_request(conversation, model, lenient=False)
    assert judged(outgoing) == scenario.json("sent.json")
    method, query = ("streamGenerateContent", b"alt=sse") if conversation.stream else ("generateContent", b"")
    assert (outgoing.path, outgoing.query) == (f"/v1beta/models/{model}:{method}", query)
    assert (outgoing.headers, outgoing.dropped) == ((), ())


@answer_scenarios
def test_a_stream_that_breaks_off_has_no_end(scenario: Scenario) -> None:
    """S5."""
    stream = scenario.bytes("stream.sse")
    events = read([stream])
    finished = [b'"finishReason":"', b'"blockReason":"']
    first = min(at for at in map(stream.find, finished) if at >= 0)
    last = max(map(stream.rfind, finished))
    for at in range(len(stream)):
        some = read([stream[:at]])
        told = [event for event in some if not isinstance(event, Ended)]
        assert told == events[: len(told)]
        assert at > first or not any(isinstance(event, Finished) for event in some)
        assert at > last or len(told) == len(some)


# -- what clients of every dialect ask -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [OLD, EARLIER, NEWER, NEWEST])
@pytest.mark.parametrize(("name", "scenario"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_whatever_a_client_asks_is_taken(name: str, scenario: Scenario, model: str) -> None:
    """By the simulated API, which is as strict as Google's."""
    asked = CLIENTS[name].read_request(scenario.bytes("request.json"))
    outgoing = AS_PROVIDER.write_request(_without_signatures(asked), model, lenient=True)
    body = judged(outgoing)
    heard = outgoing.body.decode()
    for message in asked.messages:
        for part in message.parts:
            if isinstance(part, Text) and part.text:
                assert msgspec.json.encode(part.text).decode()[1:-1] in heard
    declared = [each["name"] for tool in body.get("tools", ()) for each in tool["functionDeclarations"]]
    assert declared == [tool.name for tool in asked.tools]


def _without_signatures(asked: Conversation) -> Conversation:
    """The simulated API knows its own signatures only."""
    messages = []
    for message in asked.messages:
        parts = [
            msgspec.structs.replace(part, signature=None) if isinstance(part, ToolCall) else part
            for part in message.parts
        ]
        messages.append(msgspec.structs.replace(message, parts=tuple(parts)))
    return msgspec.structs.replace(asked, messages=tuple(messages))


@answer_scenarios
@pytest.mark.parametrize("name", CLIENTS)
def test_an_answer_reaches_a_client_of_every_dialect(name: str, scenario: Scenario) -> None:
    client, asked = CLIENTS[name], Conversation(messages=())
    answer = AS_PROVIDER.read_answer(scenario.bytes("answer.json"))
    body = client.write_answer(answer, asked, "alias").decode()
    streamed = client.writer(asked, "alias").write(read([scenario.bytes("stream.sse")])).decode()
    for part in answer.choices[0].parts:
        match part:
            case Text():
                assert msgspec.json.encode(part.text).decode()[1:-1] in body
            case ToolCall():
                assert part.id in body
                assert part.id in streamed
            case _:
                pass


# -- the simulated API ------------------------------------------------------------------------------------------------


def both(simulated: Simulated, conversation: Conversation, model: str) -> Answer:
    """The answer, which is the same whole and streamed, but for its id."""
    streaming = msgspec.structs.replace(conversation, stream=True)
    whole = AS_PROVIDER.read_answer(simulated.post(AS_PROVIDER.write_request(conversation, model, lenient=False)))
    stream = simulated.post(AS_PROVIDER.write_request(streaming, model, lenient=False))
    events = read([stream])
    assert isinstance(events[-1], Ended)
    assert plain(msgspec.structs.replace(_unnamed(fold(events)), id=whole.id)) == plain(_unnamed(whole))
    assert read([stream[at : at + 1] for at in range(len(stream))]) == events
    return whole


def _unnamed(answer: Answer) -> Answer:
    """Without the ids that calls are given after the answer's."""
    choices = []
    for choice in answer.choices:
        parts = [msgspec.structs.replace(part, id="") if isinstance(part, ToolCall) else part for part in choice.parts]
        choices.append(msgspec.structs.replace(choice, parts=tuple(parts)))
    return msgspec.structs.replace(answer, choices=tuple(choices))


WEATHER = Tool("get_weather", "The weather.", msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}'))
ASK_WEATHER = said("user", "Use the tool get_weather, please.")


@pytest.mark.parametrize(
    ("model", "fields", "finish"),
    [
        ("sim-small", {}, "stop"),
        ("sim-small", {"choices": 3, "logprobs": 2}, "stop"),
        ("sim-small", {"max_output_tokens": 3}, "length"),
        ("sim-reasoning", {}, "stop"),
        ("sim-small", {"reasoning": Reasoning(effort="low")}, "stop"),
        ("sim-small", {"response_format": ResponseFormat("json_schema", WEATHER.parameters)}, "stop"),
        ("sim-small", {"tools": (WEATHER,), "tool_choice": ToolChoice("required")}, "tool_calls"),
        ("sim-calls-3-reasoning", {"tools": (WEATHER,)}, "tool_calls"),
        ("sim-filtered", {}, "content_filter"),
        ("sim-filtered-late", {}, "content_filter"),
        ("sim-refuses", {}, "content_filter"),
        ("sim-no-usage", {}, "stop"),
    ],
)
def test_the_simulated_api_says_the_same_whole_and_streamed(
    simulated: Simulated, model: str, fields: dict[str, Any], finish: str
) -> None:
    """S3: to the token."""
    answer = both(simulated, Conversation(messages=(ASK_WEATHER,), **fields), model)
    assert [choice.finish for choice in answer.choices] == [finish] * fields.get("choices", 1)
    assert (answer.tokens is None) == (model == "sim-no-usage")
    if "logprobs" in fields:
        logprobs = msgspec.json.decode(answer.choices[0].logprobs or b"null")
        assert answer.choices[0].parts == (Text("".join(each["token"] for each in logprobs["content"])),)
        assert {len(each["top_logprobs"]) for each in logprobs["content"]} == {2}


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "whose signature was lost"])
def test_a_call_is_answered_and_the_model_goes_on(simulated: Simulated, signed: bool) -> None:
    """A model that thinks refuses a call of its own without a signature."""
    first = both(simulated, Conversation(messages=(ASK_WEATHER,), tools=(WEATHER,)), "sim-calls-2-reasoning")
    calls = [part for part in first.choices[0].parts if isinstance(part, ToolCall)]
    assert [call.name for call in calls] == ["get_weather"] * 2
    assert calls[0].signature is not None
    assert calls[0].id != calls[1].id
    if not signed:
        calls = [msgspec.structs.replace(call, signature=None) for call in calls]
    results = [ToolResult(call.id, (Text("Rain."),)) for call in reversed(calls)]
    history = (ASK_WEATHER, Message("assistant", tuple(calls)), Message("tool", tuple(results)))
    second = both(simulated, Conversation(messages=history, tools=(WEATHER,)), "sim-calls-2-reasoning")
    assert second.choices[0].finish == "stop"


def test_a_signed_text_is_taken_back(simulated: Simulated) -> None:
    first = both(simulated, Conversation(messages=(said("user", "Hi"),)), "sim-reasoning")
    history = (said("user", "Hi"), Message("assistant", first.choices[0].parts), said("user", "Go on."))
    outgoing = AS_PROVIDER.write_request(Conversation(messages=history), "sim-reasoning", lenient=False)
    assert b"thoughtSignature" in outgoing.body
    simulated.post(outgoing)
