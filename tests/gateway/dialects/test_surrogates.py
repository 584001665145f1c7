"""Answers that were cut between the halves of a surrogate pair."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.dialects import anthropic_streams, openai_chat_streams

from control_layer.gateway.dialects.events import Event, TextDelta
from control_layer.gateway.dialects.surrogates import decoded

_decode = msgspec.json.Decoder(str).decode

_CHUNK = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
_START = b'data: {"type":"message_start","message":{"id":"m","type":"message","usage":{}}}\n\n'
_DELTA = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%b"}}\n\n'


def _said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_a_stream_goes_on_behind_them() -> None:
    pieces = (rb"A \ud83d", rb"\ude00 smile, \ud83d\ude00", rb" and \\ud83d.")
    whole = "A \ufffd\ufffd smile, \U0001f600 and \\ud83d."
    assert _said(openai_chat_streams.read([_CHUNK % piece for piece in pieces])) == whole
    assert _said(anthropic_streams.read([_START, *(_DELTA % piece for piece in pieces)])) == whole


def test_a_whole_answer_is_read() -> None:
    chat = b'{"id":"c","choices":[{"message":{"content":"A \\ud83d"},"finish_reason":"length"}]}'
    message = b'{"id":"m","type":"message","content":[{"type":"text","text":"A \\ud83d"}],"stop_reason":"max_tokens"}'
    for answer in (
        openai_chat_streams.AS_PROVIDER.read_answer(chat),
        anthropic_streams.AS_PROVIDER.read_answer(message),
    ):
        assert msgspec.structs.asdict(answer.choices[0].parts[0])["text"] == "A \ufffd"


@pytest.mark.parametrize("data", [b'"\\ud83d', b'"\\ud83d\\x"', b"7"])
def test_what_is_wrong_otherwise_is_told(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decoded(_decode, data)


@given(st.text())
def test_whole_characters_are_what_they_were(text: str) -> None:
    escaped = "".join(f"\\u{unit:04x}" for unit in _units(text))
    assert decoded(_decode, f'"{escaped}"'.encode()) == text


def _units(text: str) -> list[int]:
    encoded = text.encode("utf-16-be")
    return [int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2)]
