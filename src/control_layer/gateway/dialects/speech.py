"""Texts read aloud: what clients ask for and providers give, in no API's words."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import Outgoing

__all__ = ["SoundFormat", "SpeechAsked", "SpeechDialect", "SpeechGiven"]

SoundFormat = Literal["wav", "pcm"]


class SpeechAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    text: str
    voice: str
    instructions: str | None = None
    """How it is to be read."""
    format: SoundFormat = "wav"
    others: tuple[str, ...] = ()
    """The names of fields that nothing above says."""


class SpeechGiven(msgspec.Struct, frozen=True):
    """An answer."""

    sound: bytes
    """A WAV file, or samples alone (16 bits, 24 kHz, one channel)."""
    tokens: Tokens | None = None
    """`None` where the provider does not say what was used."""


class SpeechDialect(Protocol):
    """How a provider is asked to read aloud. `model` is the provider's own name for it."""

    def write_speech(self, asked: SpeechAsked, model: str, *, lenient: bool) -> Outgoing:
        """Raises `Unsupported`; with `lenient`, what cannot be said is left out and listed instead."""
        ...

    def read_speech(self, body: bytes) -> SpeechGiven:
        """Raises `UnreadableAnswer`, and `FilteredAnswer` where a filter left nothing of it."""
        ...
