"""Pictures and speech of the Gemini API: which models make them, what they refuse, and what they are.

https://ai.google.dev/gemini-api/docs/image-generation, …/speech-generation. A model makes pictures that has `image` in
its name, and speaks that has `speech` or `tts`.
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass, field
from typing import Any

from control_layer.simulator.endpoints import PIXEL
from control_layer.simulator.gemini.refusals import refusal
from control_layer.simulator.gemini.schema import GenerateRequest

__all__ = ["Made", "check_media", "made", "seen_tokens"]

_DRAWS = re.compile(r"image")
_SPEAKS = re.compile(r"speech|tts")
_SHAPES = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1")
_SIZES = ("512", "1K", "2K", "4K")
_PICTURE_TOKENS = 1120
_SEEN_TOKENS = 258
"""Of a picture in a request."""
_VOICES = (
    *("achernar", "achird", "algenib", "algieba", "alnilam", "aoede", "autonoe", "callirrhoe", "charon", "despina"),
    *("enceladus", "erinome", "fenrir", "gacrux", "iapetus", "kore", "laomedeia", "leda", "orus", "puck"),
    *("pulcherrima", "rasalgethi", "sadachbia", "sadaltager", "schedar", "sulafat", "umbriel", "vindemiatrix"),
    *("zephyr", "zubenelgenubi"),
)
_BEFORE_38 = re.compile(r"gemini-(?:2|3\.[0-7])\b")
"""Of models that answer with samples, and take no style."""
_RATE = 24_000
_SAMPLES_PER_LETTER = 600
_TOKENS_PER_SECOND = 25
_PIECE = 4800
"""Samples in a piece of a stream."""


@dataclass(slots=True)
class Made:
    """What an answer has beside words, or instead of them."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    modality: str = ""
    tokens: int = 0
    alone: bool = False
    """There are no words."""


def check_media(request: GenerateRequest, model: str) -> None:
    """Raises Refusal."""
    config = request.generation_config
    wanted = sorted(config.response_modalities)
    if _SPEAKS.search(model):
        if wanted != ["AUDIO"]:
            raise refusal(
                f"The requested combination of response modalities ({', '.join(wanted) or 'TEXT'}) is not supported by "
                f"the model. models/{model} accepts the following combination of response modalities:\n* AUDIO\n"
            )
        _check_speech(request, model)
    elif "AUDIO" in wanted or ("IMAGE" in wanted and not _DRAWS.search(model)):
        raise refusal(f"Model does not support the requested response modalities: {', '.join(wanted).lower()}")
    if config.image_config is not None and not _DRAWS.search(model):
        raise refusal("Image config is not supported for this model.")
    if config.image_config is not None and config.image_config.aspect_ratio not in (None, *_SHAPES):
        raise refusal(f"aspect_ratio must be one of {list(_SHAPES)}.")
    if config.image_config is not None and config.image_config.image_size not in (None, *_SIZES):
        raise refusal(f"image_size must be one of {list(_SIZES)}.")
    if _DRAWS.search(model):
        _check_signed(request)


def _check_speech(request: GenerateRequest, model: str) -> None:
    config = request.generation_config
    speech = config.speech_config
    voice = None if speech is None or speech.voice_config is None else speech.voice_config.prebuilt_voice_config
    if voice is not None and voice.voice_name.lower() not in _VOICES:
        raise refusal(f"Voice name {voice.voice_name} is not supported. Allowed voice names are: {', '.join(_VOICES)}")
    if request.system_instruction is not None:
        raise refusal("Developer instruction is not enabled for this model.")
    earlier = _BEFORE_38.search(model)
    if not earlier and (config.temperature, config.top_p, config.top_k) != (None, None, None):
        raise refusal("Sampling parameters are not supported for this model.")
    styled = any(part.speech_metadata is not None for content in request.contents for part in content.parts)
    if earlier and styled:
        raise refusal("Speech metadata is not supported for this model.")


def _check_signed(request: GenerateRequest) -> None:
    """A picture of the model's comes back as it was signed."""
    for place, content in enumerate(request.contents):
        for number, part in enumerate(content.parts):
            if content.role == "model" and part.inline_data is not None and part.thought_signature is None:
                raise refusal(
                    f"Image part is missing a thought_signature in content position {place + 1}, part position "
                    f"{number + 1}."
                )


def seen_tokens(request: GenerateRequest) -> int:
    """How many tokens the pictures of a request are."""
    parts = (part for content in request.contents for part in content.parts)
    files = (part.inline_data or part.file_data for part in parts)
    return _SEEN_TOKENS * sum((file.mime_type or "").startswith("image/") for file in files if file is not None)


def made(request: GenerateRequest, model: str, text: str, signature: str, *, streamed: bool) -> Made:
    """What the model makes of `text`. `signature` is that of a picture."""
    modalities = request.generation_config.response_modalities
    if _SPEAKS.search(model):
        return _spoken(text, wav=not streamed and not _BEFORE_38.search(model), streamed=streamed)
    if not _DRAWS.search(model) or modalities == ["TEXT"]:
        return Made()
    picture = {"inlineData": {"mimeType": "image/png", "data": PIXEL}, "thoughtSignature": signature}
    return Made([picture], "IMAGE", _PICTURE_TOKENS, alone=modalities == ["IMAGE"])


def _spoken(text: str, *, wav: bool, streamed: bool) -> Made:
    """Silence, longer for longer texts: PCM of 16 bits, 24 kHz."""
    count = _SAMPLES_PER_LETTER * max(1, len(text))
    size = _PIECE if streamed else count
    pieces = [bytes(2 * min(size, count - at)) for at in range(0, count, size)]
    kind = "audio/wav" if wav else f"audio/L16;codec=pcm;rate={_RATE}"
    parts = [_sound(kind, _wav(piece) if wav else piece) for piece in pieces]
    return Made(parts, "AUDIO", -(-count * _TOKENS_PER_SECOND // _RATE), alone=True)


def _sound(kind: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode()}}


def _wav(samples: bytes) -> bytes:
    size = len(samples)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(form) + 8 + size, b"WAVE")
        + form
        + struct.pack("<4sI", b"data", size)
        + samples
    )
