"""What an answer is to be made of: words, pictures or sound.

https://ai.google.dev/gemini-api/docs/image-generation and …/speech-generation. A Gemini model speaks or writes: where a
client asks for speech with its words, as OpenAI's models give it, it has the speech.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.conversation import Conversation
from control_layer.gateway.dialects.gemini.requests import SpeechConfig
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["AUDIO", "IMAGE", "write_modalities"]

AUDIO, IMAGE, TEXT = "AUDIO", "IMAGE", "TEXT"
_FORMATS = ("wav", "pcm16")
_OF_STREAMS = "pcm16"


class _Voice(msgspec.Struct):
    id: str


class _AudioParam(msgspec.Struct):
    """OpenAI's `audio`."""

    format: str
    voice: str | _Voice


class _Asked(msgspec.Struct):
    audio: _AudioParam


_decode = msgspec.json.Decoder(_Asked).decode


def write_modalities(conversation: Conversation, omissions: Omissions) -> tuple[list[str] | None, SpeechConfig | None]:
    """`responseModalities` and `speechConfig`. Raises `Unsupported` and msgspec.ValidationError."""
    if conversation.audio_output is not None:
        return [AUDIO], _speech(conversation.audio_output, omissions, streamed=conversation.stream)
    match conversation.image_output:
        case "only":
            return [IMAGE], None
        case "with_text":
            return [TEXT, IMAGE], None
    return None, None


def _speech(audio: msgspec.Raw, omissions: Omissions, *, streamed: bool) -> SpeechConfig:
    asked = _decode(b'{"audio":%b}' % bytes(audio)).audio  # what is wrong with it is said with its name
    if streamed and asked.format != _OF_STREAMS:
        omissions.refuse("audio.format", f"In a stream, Gemini's sound is {_OF_STREAMS}.")
    elif asked.format not in _FORMATS:
        omissions.refuse("audio.format", "Gemini's sound is wav or pcm16: 16 bits, 24 kHz, one channel.")
    return SpeechConfig.of(asked.voice if isinstance(asked.voice, str) else asked.voice.id)
