"""Sound that is not compressed: samples of 16 bits, 24 kHz, one channel, as OpenAI's API and Google's have them; alone
(PCM), and as a WAV file.

https://learn.microsoft.com/en-us/windows/win32/multimedia/resource-interchange-file-format-services
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Callable

__all__ = ["in_format", "joined", "samples_of", "wav_of"]

_RATE = 24_000
_WIDTH = 2
_HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FORMAT_PCM = 1
_CHUNK = struct.Struct("<4sI")
_RIFF, _WAVE, _FIRST_CHUNK = b"RIFF", b"WAVE", 12


def wav_of(sound: bytes) -> bytes:
    """A WAV file; `sound` is samples, or one already."""
    if sound.startswith(_RIFF):
        return sound
    size = len(sound)
    head = _HEAD.pack(
        *(_RIFF, _HEAD.size - _CHUNK.size + size, _WAVE),
        *(b"fmt ", 16, _FORMAT_PCM, 1, _RATE, _RATE * _WIDTH, _WIDTH, 8 * _WIDTH),
        *(b"data", size),
    )
    return head + sound


def samples_of(sound: bytes) -> bytes:
    """The samples; `sound` is a WAV file, or them already."""
    if not sound.startswith(_RIFF):
        return sound
    at = _FIRST_CHUNK
    while at + _CHUNK.size <= len(sound):
        kind, size = _CHUNK.unpack_from(sound, at)
        at += _CHUNK.size
        if kind == b"data":
            return sound[at : at + size]  # a file that was streamed says more than there is
        at += size + size % 2
    return b""


def joined(first: str, second: str) -> str:
    """Two pieces in base64 as one. Raises ValueError where one is none."""
    return b64encode(b64decode(first) + b64decode(second)).decode()


def in_format(data: str, wanted: str) -> str:
    """Sound in base64 as `wav` or `pcm16`. In any other format, or where it is no base64, it stays as it is."""
    write = _WRITERS.get(wanted)
    if write is None:
        return data
    try:
        return b64encode(write(b64decode(data))).decode()
    except ValueError:
        return data


_WRITERS: dict[str, Callable[[bytes], bytes]] = {"wav": wav_of, "pcm16": samples_of}
