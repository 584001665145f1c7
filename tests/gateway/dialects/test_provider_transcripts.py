"""Dialects that only providers speak: on what they are sent and say, and between them and clients of every dialect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from tests.gateway.dialects import (
    anthropic_streams,
    gemini_requests,
    gemini_streams,
    ollama_requests,
    openai_chat_streams,
    vertex_requests,
)
from tests.gateway.dialects.transcripts import Scenario, conversation_of, scenarios

from control_layer.gateway.dialects.conversation import Conversation, Image, Text, ToolCall
from control_layer.gateway.dialects.dialect import ClientDialect, Outgoing, ProviderDialect
from control_layer.gateway.dialects.events import Ended, Event, Finished
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES

CLIENTS: dict[str, ClientDialect] = {
    "anthropic": anthropic_streams.AS_CLIENT,
    "openai_chat": openai_chat_streams.AS_CLIENT,
    "openai_responses": OPENAI_RESPONSES,
}


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    dialect: ProviderDialect
    models: tuple[str, ...]
    judged: Callable[[Outgoing], dict[str, Any]]
    """The body, if the simulated API takes it."""
    read: Callable[[list[bytes]], list[Event]]
    stream: str
    ends: tuple[bytes, ...]
    """What stands in a stream where an answer ends."""

    def scenarios(self, *files: str) -> list[Scenario]:
        return scenarios(self.name, *files)


_GEMINI = _Provider(
    "gemini",
    gemini_requests.AS_PROVIDER,
    (gemini_requests.OLD, gemini_requests.EARLIER, gemini_requests.NEWER, gemini_requests.NEWEST),
    gemini_requests.judged,
    gemini_streams.read,
    "stream.sse",
    (b'"finishReason":"', b'"blockReason":"'),
)
_OLLAMA = _Provider(
    "ollama",
    ollama_requests.AS_PROVIDER,
    ("llama4",),
    ollama_requests.judged,
    ollama_requests.read,
    "stream.ndjson",
    (b'"done":true',),
)
_VERTEX_GEMINI = _Provider(
    "vertex_gemini",
    vertex_requests.GEMINI,
    _GEMINI.models,
    vertex_requests.judged,
    vertex_requests.read_gemini,
    "stream.sse",
    _GEMINI.ends,
)
_VERTEX_CLAUDE = _Provider(
    "vertex_claude",
    vertex_requests.CLAUDE,
    vertex_requests.CLAUDES,
    vertex_requests.judged,
    vertex_requests.read_claude,
    "stream.sse",
    (b'"stop_reason":"',),
)
_PROVIDERS = (_GEMINI, _OLLAMA, _VERTEX_GEMINI, _VERTEX_CLAUDE)


def _name(value: object) -> str:
    return getattr(value, "name", str(value))


def _each(*files: str) -> pytest.MarkDecorator:
    found = [
        (provider, scenario)
        for provider in _PROVIDERS
        for scenario in provider.scenarios(*(name or provider.stream for name in files))
    ]
    return pytest.mark.parametrize(("provider", "scenario"), found, ids=_name)


each_conversation = _each("conversation.json")
each_answer = _each("answer.json", "")


@each_conversation
def test_a_request_is_written(provider: _Provider, scenario: Scenario) -> None:
    answer = scenario.json("answer.json")
    model = answer.get("modelVersion") or answer.get("model") or provider.models[0]
    outgoing = provider.dialect.write_request(conversation_of(scenario), model, lenient=False)
    assert provider.judged(outgoing) == scenario.json("sent.json")
    assert (outgoing.headers, outgoing.dropped) == ((), ())


@each_answer
def test_a_stream_that_breaks_off_has_no_end(provider: _Provider, scenario: Scenario) -> None:
    """S5."""
    stream = scenario.bytes(provider.stream)
    events = provider.read([stream])
    first = min(at for at in map(stream.find, provider.ends) if at >= 0)
    last = max(map(stream.rfind, provider.ends))
    for at in range(len(stream)):
        some = provider.read([stream[:at]])
        told = [event for event in some if not isinstance(event, Ended)]
        assert told == events[: len(told)]
        assert at > first or not any(isinstance(event, Finished) for event in some)
        assert at > last or len(told) == len(some)


# -- clients ---------------------------------------------------------------------------------------------------------

ASKED = [
    (provider, model, name, scenario)
    for provider in _PROVIDERS
    for model in provider.models
    for name in CLIENTS
    for scenario in scenarios(name, "request.json")
]


@pytest.mark.parametrize(("provider", "model", "name", "scenario"), ASKED, ids=_name)
def test_whatever_a_client_asks_is_taken(provider: _Provider, model: str, name: str, scenario: Scenario) -> None:
    """By the simulated API, which is as strict as the real one."""
    asked = _of_no_model(CLIENTS[name].read_request(scenario.bytes("request.json")))
    outgoing = provider.dialect.write_request(asked, model, lenient=True)
    body = provider.judged(outgoing)
    heard = outgoing.body.decode()
    for message in asked.messages:
        for part in message.parts:
            if isinstance(part, Text) and part.text:
                assert msgspec.json.encode(part.text).decode()[1:-1] in heard
    if asked.tool_choice is None or asked.tool_choice.mode != "none":
        assert _declared(body) == [tool.name for tool in asked.tools]


def _of_no_model(asked: Conversation) -> Conversation:
    """Without what depends on the model: it knows its own signatures only, and whether it speaks."""
    messages = []
    for message in asked.messages:
        parts = [
            msgspec.structs.replace(part, signature=None) if isinstance(part, ToolCall) else part
            for part in message.parts
        ]
        messages.append(msgspec.structs.replace(message, parts=tuple(parts)))
    return msgspec.structs.replace(asked, messages=tuple(messages), audio_output=None)


def _declared(body: dict[str, Any]) -> list[str]:
    """The tools in a body of any of these APIs."""
    names: list[str] = []
    for tool in body.get("tools", ()):
        names += [each["name"] for each in tool.get("functionDeclarations", [tool.get("function", tool)])]
    return names


@each_answer
@pytest.mark.parametrize("name", CLIENTS)
def test_an_answer_reaches_a_client_of_every_dialect(name: str, provider: _Provider, scenario: Scenario) -> None:
    client, asked = CLIENTS[name], Conversation(messages=())
    answer = provider.dialect.read_answer(scenario.bytes("answer.json"))
    body = client.write_answer(answer, asked, "alias").decode()
    streamed = client.writer(asked, "alias").write(provider.read([scenario.bytes(provider.stream)])).decode()
    for part in answer.choices[0].parts:
        match part:
            case Text():
                assert msgspec.json.encode(part.text).decode()[1:-1] in body
            case ToolCall():
                assert part.id in body
                assert part.id in streamed
            case Image():
                assert str(part.data) in body
                assert str(part.data) in streamed
            case _:
                pass
