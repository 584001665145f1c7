"""Speech as OpenAI's clients ask for it and get it (https://platform.openai.com/docs/api-reference/audio/createSpeech).

There is no other form for clients. Nothing is compressed here: who asks for no format has a WAV file.
"""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.openai_chat.client_requests import NOTHING_SAID
from control_layer.gateway.dialects.sound import samples_of, wav_of
from control_layer.gateway.dialects.speech import SoundFormat, SpeechAsked, SpeechGiven

__all__ = ["CONTENT_TYPES", "read_request", "write_answer"]

CONTENT_TYPES: dict[SoundFormat, bytes] = {"wav": b"audio/wav", "pcm": b"audio/pcm"}
_WHOLE = "audio"
"""Of `stream_format`: the bytes of the sound and no events."""
_AS_IT_IS = 1.0


class _Voice(msgspec.Struct):
    id: str


class _RequestBody(msgspec.Struct):
    input: str
    voice: str | _Voice
    instructions: str | None = None
    response_format: str | None = None
    speed: float | None = None
    stream_format: str | None = None
    model: str | None = None


_decode = msgspec.json.Decoder(_RequestBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(_RequestBody))


def read_request(body: bytes | bytearray) -> SpeechAsked:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    request = _decode(body)
    if request.stream_format not in (None, _WHOLE):
        raise Unsupported("stream_format", "The speech of this model comes as sound, not as events.")
    fields = _decode_fields(body).items()
    others = [name for name, value in fields if name not in _KNOWN and bytes(value) not in NOTHING_SAID]
    if request.speed not in (None, _AS_IT_IS):
        others.append("speed")
    return SpeechAsked(
        text=request.input,
        voice=request.voice if isinstance(request.voice, str) else request.voice.id,
        instructions=request.instructions or None,
        format=_format(request.response_format),
        others=tuple(others),
    )


def _format(wanted: str | None) -> SoundFormat:
    match wanted:
        case None | "wav":
            return "wav"
        case "pcm":
            return "pcm"
    raise Unsupported("response_format", f"The speech of this model comes as `wav` or `pcm`, not as {wanted!r}.")


def write_answer(given: SpeechGiven, asked: SpeechAsked) -> bytes:
    """The sound, of the type that `CONTENT_TYPES` says."""
    return samples_of(given.sound) if asked.format == "pcm" else wav_of(given.sound)
