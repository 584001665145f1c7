"""OpenAI's chat dialect on what clients and providers say, whole, cut anywhere or off; checked with OpenAI's SDK."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.openai_chat_streams import (
    AS_CLIENT,
    AS_PROVIDER,
    ASKED,
    FAITHFUL,
    chunks,
    read,
    sdk_completion,
    written,
)
from tests.gateway.dialects.transcripts import Scenario, plain, scenarios

from control_layer.gateway.dialects.events import Ended, Finished
from control_layer.gateway.usage import from_response

REQUESTS = scenarios("openai_chat", "request.json")
ANSWERS = scenarios("openai_chat", "answer.json", "stream.sse")

sdk_request: TypeAdapter[Any] = TypeAdapter(CompletionCreateParams)

request_scenarios = pytest.mark.parametrize("scenario", REQUESTS, ids=lambda scenario: scenario.name)
answer_scenarios = pytest.mark.parametrize("scenario", ANSWERS, ids=lambda scenario: scenario.name)


@request_scenarios
def test_a_request_is_written_as_the_sdk_would(scenario: Scenario) -> None:
    conversation = AS_CLIENT.read_request(bytearray(scenario.bytes("request.json")))
    outgoing = FAITHFUL.write_request(conversation, scenario.json("sent.json")["model"], lenient=False)
    sent = msgspec.json.decode(outgoing.body)
    assert sent == scenario.json("sent.json")
    assert outgoing.path == "/v1/chat/completions"
    assert outgoing.dropped == ()
    sdk_request.validate_python(sent)


@answer_scenarios
def test_a_stream_may_end_without_saying_so(scenario: Scenario) -> None:
    stream = scenario.bytes("stream.sse")
    assert plain(fold(read([stream.removesuffix(b"data: [DONE]\n\n")]))) == scenario.json("folded.json")


@answer_scenarios
def test_a_stream_that_breaks_off_has_no_end(scenario: Scenario) -> None:
    """S5: `[DONE]` is said or, where every choice has finished, meant."""
    stream = scenario.bytes("stream.sse")
    first = stream.index(b'"finish_reason":"')
    last = stream.rindex(b'"finish_reason":"')
    for at in range(len(stream)):
        some = read([stream[:at]])
        assert at > first or not any(isinstance(event, Finished) for event in some)
        assert at > last or not any(isinstance(event, Ended) for event in some)
        reader = AS_PROVIDER.reader()
        told = reader.feed(stream[:at])
        assert not any(isinstance(event, Ended) for event in told)
        text = written(told)
        assert (b'"finish_reason":"' in text) == any(isinstance(event, Finished) for event in told)
        assert b"[DONE]" not in text


@answer_scenarios
def test_an_answer_is_written_as_the_sdk_reads_it(scenario: Scenario) -> None:
    answer = AS_PROVIDER.read_answer(scenario.bytes("answer.json"))
    body = AS_CLIENT.write_answer(answer, ASKED, "alias")
    completion = ChatCompletion.model_validate(msgspec.json.decode(body))
    assert completion.model == "alias"
    assert plain(AS_PROVIDER.read_answer(body)) == plain(answer)
    assert from_response(body)[0] == answer.tokens


@answer_scenarios
def test_a_stream_is_written_as_the_sdk_reads_it(scenario: Scenario) -> None:
    events = read([scenario.bytes("stream.sse")])
    for stream in (written(events), AS_CLIENT.writer(ASKED, "alias").write(events)):
        whole = AS_CLIENT.write_answer(fold(events), ASKED, "alias")
        streamed: dict[str, Any] = sdk_completion(stream).to_dict()
        blocking: dict[str, Any] = ChatCompletion.model_validate_json(whole).to_dict()
        assert as_said(streamed) == as_said(blocking)
        assert as_said(plain(fold(read([stream])))) == as_said(plain(fold(events)))
        *before, last = chunks(stream)
        assert last["choices"] == []
        assert last["usage"]["total_tokens"] == blocking["usage"]["total_tokens"]
        assert all(chunk["usage"] is None and len(chunk["choices"]) == 1 for chunk in before)


def as_said(completion: dict[str, Any]) -> dict[str, Any]:
    """What both say: without what is null or empty, places in lists, and blocks of thoughts that nobody signed, which a
    stream cannot know beforehand."""

    def plainly(value: Any) -> Any:
        if isinstance(value, list):
            return [plainly(item) for item in value]
        if not isinstance(value, dict):
            return value
        said = {name: plainly(inner) for name, inner in value.items() if name not in ("index", "expires_at", "parsed")}
        blocks = said.get("thinking_blocks", ())
        if not any("signature" in block or "data" in block for block in blocks):
            said.pop("thinking_blocks", None)
        return {name: inner for name, inner in said.items() if inner not in (None, "", [], {})}

    said: dict[str, Any] = plainly(completion)
    return said | {"object": "chat.completion"}
