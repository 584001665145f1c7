"""Speech of Gemini's TTS models (https://ai.google.dev/gemini-api/docs/speech-generation).

Models from Gemini 3.8 on answer with a WAV file and take in a place of its own how a text is to be read; earlier ones
answer with samples, and would read it aloud.
"""

from __future__ import annotations

from base64 import b64decode

from control_layer.gateway.dialects.conversation import Audio
from control_layer.gateway.dialects.dialect import UnreadableAnswer
from control_layer.gateway.dialects.gemini.answers import nothing_made, read_answer
from control_layer.gateway.dialects.gemini.modalities import AUDIO
from control_layer.gateway.dialects.gemini.models import abilities
from control_layer.gateway.dialects.gemini.requests import (
    Content,
    GenerationConfig,
    Part,
    RequestBody,
    SpeechConfig,
    SpeechMetadata,
)
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.speech import SpeechAsked, SpeechGiven

__all__ = ["read_speech", "written_speech"]


def written_speech(asked: SpeechAsked, model: str, omissions: Omissions) -> RequestBody:
    """A request for content, without the model's name, which is in the path. Raises `Unsupported`."""
    for name in asked.others:
        omissions.refuse(name, f"Gemini's API has nothing like {name!r} for speech.")
    style = asked.instructions
    if style is not None and not abilities(model).styled_speech:
        omissions.refuse("instructions", "The model reads them aloud. Ask one of Gemini 3.8 or newer.")
        style = None
    spoken = Part(text=asked.text, speech_metadata=None if style is None else SpeechMetadata(style))
    config = GenerationConfig(response_modalities=[AUDIO], speech_config=SpeechConfig.of(asked.voice))
    return RequestBody(generation_config=config, contents=[Content([spoken], "user")])


def read_speech(body: bytes) -> SpeechGiven:
    """Raises `UnreadableAnswer`, and `FilteredAnswer` where a filter left nothing of it."""
    answer = read_answer(body)
    spoken = [part.data for choice in answer.choices for part in choice.parts if isinstance(part, Audio)]
    if not spoken:
        raise nothing_made(answer, "no sound")
    try:
        sound = b"".join(map(b64decode, spoken))
    except ValueError as error:
        raise UnreadableAnswer(f"The sound of the provider's answer is no base64: {error}") from error
    return SpeechGiven(sound, answer.tokens)
