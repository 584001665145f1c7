"""A whole answer, told as a stream: it adds up to the same answer."""

from __future__ import annotations

import base64

import msgspec
from hypothesis import given
from tests.gateway.dialects.folding import fold
from tests.gateway.dialects.generated import streams
from tests.gateway.dialects.transcripts import plain

from control_layer.gateway.dialects.answer_events import events_of
from control_layer.gateway.dialects.conversation import Answer, Audio, Choice, Image, Text, Thinking
from control_layer.gateway.dialects.events import AudioDelta, Ended, Event
from control_layer.gateway.dialects.sound import wav_of


@given(streams())
def test_an_answer_is_told_and_folds_to_itself(events: list[Event]) -> None:
    answer = fold(events)
    told = events_of(answer)
    assert plain(fold(told)) == plain(answer)
    whole = all(choice.finish is not None for choice in answer.choices)
    assert isinstance(told[-1], Ended) == whole


def test_parts_that_no_stream_has_merged_stay_apart() -> None:
    parts = (
        Thinking("a", "s"),
        Text("b"),
        Text("c"),
        Image("image/png", "QQ==", signature="s"),
        Thinking("", sealed="d"),
    )
    answer = Answer("a", (Choice(parts, "stop"),))
    assert fold(events_of(answer)) == answer


def test_sound_is_as_it_is_in_streams() -> None:
    """Samples alone."""
    spoken = Audio("", base64.b64encode(wav_of(b"\0\1\2\3")).decode(), "audio_1")
    told = events_of(Answer("a", (Choice((spoken,), "stop"),)))
    (delta,) = [event for event in told if isinstance(event, AudioDelta)]
    assert msgspec.json.decode(delta.audio) == {"id": "audio_1", "data": "AAECAw=="}


def test_an_answer_that_was_cut_off_has_no_end() -> None:
    assert not any(isinstance(event, Ended) for event in events_of(Answer("a", (Choice((Text("b"),), None),))))
