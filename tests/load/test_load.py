"""The load generators tell good answers from bad and whole ones from halves: their figures are worth no more."""

from __future__ import annotations

import math

import pytest
from bench.load.response import ResponseReader
from bench.percentile import percentile
from bench.request import chat_body

_GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
_BAD = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 5\r\n\r\nhello"


@pytest.mark.parametrize("cut", range(1, len(_GOOD)))
def test_an_answer_is_whole_at_its_last_byte(cut: int) -> None:
    reader = ResponseReader()
    assert not reader.feed(_GOOD[:cut])
    assert reader.feed(_GOOD[cut:])
    assert reader.good


def test_an_error_after_good_answers_is_seen() -> None:
    reader = ResponseReader()
    assert reader.feed(_GOOD)
    assert reader.feed(_GOOD)
    assert reader.good
    assert reader.feed(_BAD)
    assert not reader.good


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 50) == 50.0
    assert percentile(values, 99) == 99.0
    assert percentile([7.0], 99) == 7.0
    assert math.isnan(percentile([], 50))


@pytest.mark.parametrize("stream", [False, True])
def test_a_body_has_the_size_asked_for(*, stream: bool) -> None:
    assert len(chat_body(1024, stream=stream)) == 1024
