"""The words of a body: those that somebody wrote, not those of the format."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.redaction import wording


def _words(body: bytes) -> list[str]:
    return wording(body, most=10_000).split()


def test_strings_are_found_and_names_and_numbers_are_not() -> None:
    body = {"model": "gpt", "n": 12345678, "messages": [{"role": "user", "content": "Two\nlines, caf\u00e9"}]}
    assert _words(json.dumps(body).encode()) == ["gpt", "user", "Two", "lines,", "café"]


def test_pieces_of_a_stream_are_joined_to_words() -> None:
    events = [{"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": p}}]} for p in ("Hel", "lo wo", "rld")]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    assert _words(body.encode()) == ["Hello", "world"]


def test_images_and_sounds_are_left_out() -> None:
    body = {"content": [{"type": "text", "text": "see " * 200}, {"url": "data:image/png;base64," + "A" * 9000}]}
    assert set(_words(json.dumps(body).encode())) == {"text", "see"}
    assert _words(b"\x00\x01binary") == []
    assert _words(b"plain words") == ["plain", "words"]


@pytest.mark.parametrize("most", [0, 1, 5, 100])
def test_it_is_no_longer_than_allowed(most: int) -> None:
    assert len(wording(b'{"a": "one two three four"}', most=most)) <= most


@given(st.binary(max_size=200))
def test_postgres_takes_whatever_comes(body: bytes) -> None:
    said = wording(body, most=100)
    assert "\0" not in said
    said.encode()
