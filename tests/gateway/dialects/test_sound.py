"""Sound as samples and as WAV files."""

from __future__ import annotations

import base64
import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.dialects.sound import in_format, samples_of, wav_of

_samples = st.binary(max_size=200).filter(lambda data: len(data) % 2 == 0 and not data.startswith(b"RIFF"))


@given(_samples)
def test_a_file_of_samples_is_one_and_has_them(samples: bytes) -> None:
    file = wav_of(samples)
    with wave.open(io.BytesIO(file)) as opened:
        assert (opened.getframerate(), opened.getsampwidth(), opened.getnchannels()) == (24_000, 2, 1)
        assert opened.readframes(opened.getnframes()) == samples
    assert samples_of(file) == samples_of(samples) == samples
    assert wav_of(file) == file


@pytest.mark.parametrize("size", [4, 0xFFFFFFFF])
def test_samples_are_found_behind_other_chunks_and_where_the_length_is_not_known(size: int) -> None:
    chunks = struct.pack("<4sI3sx", b"LIST", 3, b"abc") + struct.pack("<4sI", b"data", size) + b"\0\1\2\3"
    assert samples_of(struct.pack("<4sI4s", b"RIFF", size, b"WAVE") + chunks) == b"\0\1\2\3"


@pytest.mark.parametrize("file", [b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt "])
def test_a_file_without_samples_has_none(file: bytes) -> None:
    assert samples_of(file) == b""


def test_in_base64() -> None:
    wav = base64.b64encode(wav_of(b"\0\1")).decode()
    assert in_format("AAE=", "wav") == in_format(wav, "wav") == wav
    assert in_format("AAE=", "pcm16") == in_format(wav, "pcm16") == "AAE="
    assert in_format(wav, "mp3") == wav
    assert in_format("AAE", "wav") == "AAE"
