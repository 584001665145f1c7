"""Between OpenAI's dialects and Anthropic's: what one side says means the same on the other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from tests.gateway.dialects import anthropic_streams, openai_chat_streams, openai_responses_streams
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.generated import streams
from tests.gateway.dialects.transcripts import Scenario, scenarios

from control_layer.gateway.dialects.anthropic import ANTHROPIC
from control_layer.gateway.dialects.conversation import Answer, Message, Text, Thinking, ToolCall, ToolResult
from control_layer.gateway.dialects.dialect import ClientDialect
from control_layer.gateway.dialects.events import Event
from control_layer.gateway.dialects.openai_chat import OPENAI_CHAT
from control_layer.gateway.dialects.openai_responses import OPENAI_RESPONSES

CLAUDE, GPT = "claude-sonnet-5", "gpt-5.4"
CLIENTS: dict[str, ClientDialect] = {"openai_chat": OPENAI_CHAT, "openai_responses": OPENAI_RESPONSES}
TO_ANTHROPIC = [(name, scenario) for name in CLIENTS for scenario in scenarios(name, "request.json")]


def said(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    """Who said, called and got what, in order, without what only one side knows."""
    heard: list[tuple[str, str]] = []
    for message in messages:
        role = "system" if message.role == "developer" else message.role
        for part in message.parts:
            match part:
                case Text():
                    heard.append((role, part.text))
                case ToolCall():
                    heard.append((role, f"{part.id} {part.name}"))
                case ToolResult():
                    text = "\n\n".join(inner.text for inner in part.parts if isinstance(inner, Text))
                    heard.append((role, f"{part.call_id}: {text}"))
                case _:
                    pass
    return heard


@pytest.mark.parametrize(("name", "scenario"), TO_ANTHROPIC, ids=lambda value: getattr(value, "name", value))
def test_what_clients_of_openai_say_reaches_claude(name: str, scenario: Scenario) -> None:
    asked = CLIENTS[name].read_request(scenario.bytes("request.json"))
    body = ANTHROPIC.write_request(asked, CLAUDE, lenient=True).body
    arrived = ANTHROPIC.read_request(body)
    heard = said(arrived.messages)
    assert [line for line in said(asked.messages) if line not in heard] == []
    assert [tool.name for tool in arrived.tools] == [tool.name for tool in asked.tools]
    assert arrived.stream == asked.stream


@pytest.mark.parametrize("scenario", scenarios("anthropic", "request.json"), ids=lambda scenario: scenario.name)
def test_what_clients_of_anthropic_say_reaches_gpt(scenario: Scenario) -> None:
    asked = ANTHROPIC.read_request(scenario.bytes("request.json"))
    arrived = OPENAI_CHAT.read_request(OPENAI_CHAT.write_request(asked, GPT, lenient=True).body)
    heard = said(arrived.messages)
    assert [line for line in said(asked.messages) if line not in heard] == []
    assert [tool.name for tool in arrived.tools] == [tool.name for tool in asked.tools]
    assert arrived.stop == asked.stop
    assert arrived.max_output_tokens == asked.max_output_tokens


@pytest.mark.parametrize("scenario", scenarios("openai_chat", "answer.json", "stream.sse"), ids=lambda one: one.name)
def test_what_gpt_answers_is_the_same_streamed_and_whole_for_clients_of_anthropic(scenario: Scenario) -> None:
    """S3."""
    whole = OPENAI_CHAT.read_answer(scenario.bytes("answer.json"))
    events = openai_chat_streams.read([scenario.bytes("stream.sse")])
    blocking = ANTHROPIC.read_answer(ANTHROPIC.write_answer(whole, anthropic_streams.ASKED, "alias"))
    streamed = fold(anthropic_streams.read([anthropic_streams.written(events, "alias")]))
    assert streamed.tokens == blocking.tokens
    if scenario.name != "media":  # what is spoken is told to clients of whole answers, as its words
        assert heard(streamed) == heard(blocking)


@given(streams())
def test_any_answer_means_the_same_to_clients_of_each(events: list[Event]) -> None:
    answer = first(fold(events))
    chat = first(fold(openai_chat_streams.read([openai_chat_streams.written(events)])))
    claude = fold(anthropic_streams.read([anthropic_streams.written(events, "alias")]))
    assert heard(chat) == heard(answer)
    assert spoken(claude) == spoken(answer)
    assert chat.tokens == claude.tokens == answer.tokens
    assert chat.choices[0].finish == claude.choices[0].finish or answer.choices[0].finish == "content_filter"
    final = openai_responses_streams.told(openai_responses_streams.written(events))[-1]["response"]
    texts = [part["text"] for item in final["output"] for part in item.get("content", ())]
    assert "".join(texts) == spoken(answer)[0]
    given_back = OPENAI_RESPONSES.read_request(msgspec.json.encode({"model": "m", "input": final["output"]}))
    parts = [part for message in given_back.messages for part in message.parts]
    assert [part for part in parts if isinstance(part, Thinking)] == thoughts(answer)


def first(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, choices=answer.choices[:1])


def thoughts(answer: Answer) -> list[Thinking]:
    return [part for part in answer.choices[0].parts if isinstance(part, Thinking)]


def spoken(answer: Answer) -> tuple[str, list[str]]:
    parts = answer.choices[0].parts
    text = "".join(part.text for part in parts if isinstance(part, Text))
    return text, [part.id for part in parts if isinstance(part, ToolCall)]


def heard(answer: Answer) -> tuple[str, list[str], list[Thinking]]:
    return *spoken(answer), [thought for thought in thoughts(answer) if thought.signature or thought.sealed]
