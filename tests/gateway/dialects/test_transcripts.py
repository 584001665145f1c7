"""What clients and providers say in each dialect: read as it is written down, whole and cut anywhere, and sent so."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
from tests.gateway.dialects import (
    anthropic_streams,
    gemini_requests,
    ollama_requests,
    openai_chat_streams,
    vertex_requests,
)
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.transcripts import Scenario, plain, scenarios, splits

from control_layer.gateway.dialects.dialect import ClientDialect, ProviderDialect
from control_layer.gateway.dialects.events import Event


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A dialect in which there are transcripts."""

    name: str
    provider: ProviderDialect
    """One that takes all that its clients may say."""
    stream: str = "stream.sse"
    """The file that holds one."""

    def read(self, pieces: list[bytes]) -> list[Event]:
        reader = self.provider.reader()
        events = [event for piece in pieces for event in reader.feed(piece)]
        return [*events, *reader.end()]


_SPOKEN = (
    _Spoken("anthropic", anthropic_streams.AS_PROVIDER),
    _Spoken("gemini", gemini_requests.AS_PROVIDER),
    _Spoken("ollama", ollama_requests.AS_PROVIDER, "stream.ndjson"),
    _Spoken("openai_chat", openai_chat_streams.FAITHFUL),
    _Spoken("vertex_claude", vertex_requests.CLAUDE),
    _Spoken("vertex_gemini", vertex_requests.GEMINI),
)
_CLIENTS: dict[str, ClientDialect] = {
    "anthropic": anthropic_streams.AS_CLIENT,
    "openai_chat": openai_chat_streams.AS_CLIENT,
}


def _each(found: list[tuple[_Spoken, Scenario]]) -> pytest.MarkDecorator:
    names = [f"{spoken.name}/{scenario.name}" for spoken, scenario in found]
    return pytest.mark.parametrize(("spoken", "scenario"), found, ids=names)


each_request = _each(
    [(one, scenario) for one in _SPOKEN if one.name in _CLIENTS for scenario in scenarios(one.name, "request.json")]
)
each_answer = _each([(one, scenario) for one in _SPOKEN for scenario in scenarios(one.name, "answer.json", one.stream)])


@each_request
def test_a_clients_request_is_read(spoken: _Spoken, scenario: Scenario) -> None:
    client = _CLIENTS[spoken.name]
    assert plain(client.read_request(scenario.bytes("request.json"))) == scenario.json("conversation.json")


@each_request
def test_what_is_sent_is_read_as_what_was_asked(spoken: _Spoken, scenario: Scenario) -> None:
    sent = _CLIENTS[spoken.name].read_request(scenario.bytes("sent.json"))
    again = spoken.provider.write_request(sent, scenario.json("sent.json")["model"], lenient=False)
    assert msgspec.json.decode(again.body) == scenario.json("sent.json")


@each_answer
def test_an_answer_is_read(spoken: _Spoken, scenario: Scenario) -> None:
    assert plain(spoken.provider.read_answer(scenario.bytes("answer.json"))) == scenario.json("folded.json")


@each_answer
def test_a_stream_folds_to_the_whole_answer(spoken: _Spoken, scenario: Scenario) -> None:
    """S3: to the token."""
    stream, folded = scenario.bytes(spoken.stream), scenario.json("folded.json")
    commented = stream.replace(b"data: {", b": a comment\nid: 7\ndata:{")
    for form in (stream, stream.replace(b"\n", b"\r\n"), commented, stream.rstrip(b"\n")):
        assert plain(fold(spoken.read([form]))) == folded


@each_answer
def test_it_does_not_matter_how_a_stream_is_cut(spoken: _Spoken, scenario: Scenario) -> None:
    stream = scenario.bytes(spoken.stream)
    events = spoken.read([stream])
    for pieces in splits(stream):
        assert spoken.read(pieces) == events
