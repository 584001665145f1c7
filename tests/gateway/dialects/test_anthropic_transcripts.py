"""Anthropic's dialect on what clients and providers say, whole, cut anywhere and cut off; checked with its own SDK."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from anthropic.types import Message, MessageCreateParams
from pydantic import TypeAdapter
from tests.gateway.dialects.anthropic_streams import AS_CLIENT, AS_PROVIDER, ASKED, read, sdk_message, written
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.transcripts import Scenario, plain, scenarios

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import Answer
from control_layer.gateway.dialects.events import Ended, Finished

REQUESTS = scenarios("anthropic", "request.json")
ANSWERS = scenarios("anthropic", "answer.json", "stream.sse")

sdk_request: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)

request_scenarios = pytest.mark.parametrize("scenario", REQUESTS, ids=lambda scenario: scenario.name)
answer_scenarios = pytest.mark.parametrize("scenario", ANSWERS, ids=lambda scenario: scenario.name)


@request_scenarios
def test_a_request_is_written_as_the_sdk_would(scenario: Scenario) -> None:
    conversation = AS_CLIENT.read_request(bytearray(scenario.bytes("request.json")))
    outgoing = AS_PROVIDER.write_request(conversation, scenario.json("sent.json")["model"], lenient=False)
    sent = msgspec.json.decode(outgoing.body)
    assert sent == scenario.json("sent.json")
    assert outgoing.path == "/v1/messages"
    assert outgoing.dropped == ()
    sdk_request.validate_python(sent)


@answer_scenarios
def test_a_stream_that_breaks_off_has_no_end(scenario: Scenario) -> None:
    """S5."""
    stream = scenario.bytes("stream.sse")
    events = read([stream])
    end = stream.index(b'"stop_reason":"')
    last = stream.rindex(b'{"type":"message_stop"}')
    for at in range(len(stream)):
        some = read([stream[:at]])
        assert some == events[: len(some)]
        assert at > end or not any(isinstance(event, Finished) for event in some)
        assert at > last or not any(isinstance(event, Ended) for event in some)
        whole = written(some, "m")
        assert (b"message_stop" in whole) == any(isinstance(event, Ended) for event in some)
        assert (b"message_delta" in whole) == (b"message_stop" in whole)


@answer_scenarios
def test_an_answer_is_written_as_the_sdk_reads_it(scenario: Scenario) -> None:
    answer = AS_PROVIDER.read_answer(scenario.bytes("answer.json"))
    body = AS_CLIENT.write_answer(answer, ASKED, "alias")
    message = Message.model_validate(msgspec.json.decode(body))
    assert message.model == "alias"
    assert plain(AS_PROVIDER.read_answer(body)) == plain(without_refusals(answer))


@answer_scenarios
def test_a_stream_is_written_as_the_sdk_reads_it(scenario: Scenario) -> None:
    events = read([scenario.bytes("stream.sse")])
    stream = written(events, "alias")
    whole = AS_CLIENT.write_answer(fold(events), ASKED, "alias")
    streamed, blocking = sdk_message(stream).to_dict(), Message.model_validate(msgspec.json.decode(whole)).to_dict()
    assert as_said(streamed) == as_said(blocking)
    assert plain(fold(read([stream]))) == plain(without_refusals(fold(events)))


def as_said(message: dict[str, Any]) -> dict[str, Any]:
    """Without fields that are null, and with what the SDK adds to blocks of text."""
    for block in message["content"]:
        block.pop("parsed_output", None)
        if block.get("citations") is None:
            block.pop("citations", None)
    for name in ("usage",):
        message[name] = {key: value for key, value in message[name].items() if value is not None}
    return {key: value for key, value in message.items() if value is not None}


def without_refusals(answer: Answer) -> Answer:
    """The API has no block for why a model declines: its words are said as text, behind what was said before."""
    body = ANTHROPIC.write_answer(answer, ASKED, "m")
    return ANTHROPIC.read_answer(body) if b'"refusal"' in body else answer
