"""The Responses API on what clients ask and providers of other dialects answer; checked with OpenAI's own SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter
from tests.gateway.dialects import anthropic_streams, gemini_streams, openai_chat_streams
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.openai_responses_streams import AS_CLIENT, sdk_response, told
from tests.gateway.dialects.transcripts import ROOT, Scenario, plain, scenarios

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.events import Ended, Event

REQUESTS = scenarios("openai_responses", "request.json")
ANSWERS = scenarios("openai_responses", "response.sse")
READERS: dict[str, Callable[[list[bytes]], list[Event]]] = {
    "openai_chat": openai_chat_streams.read,
    "anthropic": anthropic_streams.read,
    "gemini": gemini_streams.read,
}

sdk_request: TypeAdapter[Any] = TypeAdapter(ResponseCreateParams)

answer_scenarios = pytest.mark.parametrize("scenario", ANSWERS, ids=lambda scenario: scenario.name)


def asked() -> Conversation:
    conversation = AS_CLIENT.read_request((ROOT / "openai_responses" / "tools" / "request.json").read_bytes())
    return msgspec.structs.replace(conversation, logprobs=1)


def answered(scenario: Scenario) -> list[Event]:
    """`of_<dialect>_<its scenario>`: what the provider said."""
    dialect = next(name for name in READERS if scenario.name.startswith(f"of_{name}_"))
    stream = ROOT / dialect / scenario.name.removeprefix(f"of_{dialect}_") / "stream.sse"
    return READERS[dialect]([stream.read_bytes()])


@pytest.mark.parametrize("scenario", REQUESTS, ids=lambda scenario: scenario.name)
def test_a_clients_request_is_read(scenario: Scenario) -> None:
    sdk_request.validate_python(scenario.json("request.json"))
    assert plain(AS_CLIENT.read_request(bytearray(scenario.bytes("request.json")))) == scenario.json(
        "conversation.json"
    )


@answer_scenarios
def test_a_stream_is_written_as_openai_would(scenario: Scenario) -> None:
    stream = AS_CLIENT.writer(asked(), "alias").write(answered(scenario))
    assert stream.decode() == scenario.bytes("response.sse").decode()
    sdk_response(stream)


@answer_scenarios
def test_a_whole_answer_is_the_last_event(scenario: Scenario) -> None:
    """S3: to the token."""
    events = answered(scenario)
    body = AS_CLIENT.write_answer(fold(events), asked(), "alias")
    assert msgspec.json.decode(body) == told(scenario.bytes("response.sse"))[-1]["response"]
    Response.model_validate_json(body)


@answer_scenarios
def test_a_stream_that_breaks_off_has_no_end(scenario: Scenario) -> None:
    """S5."""
    events = answered(scenario)
    assert events[-1] == Ended()
    for length in range(len(events)):
        text = AS_CLIENT.writer(asked(), "alias").write(events[:length])
        assert b"response.completed" not in text
        assert b"response.incomplete" not in text
