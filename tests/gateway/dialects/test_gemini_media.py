"""Pictures and speech asked of Gemini's models; the simulator's strict API is the judge of what is sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.gateway.dialects import openai_chat_streams
from tests.gateway.dialects.gemini_requests import judged
from tests.gateway.dialects.gemini_streams import read
from tests.gateway.dialects.transcripts import scenarios

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects import openai_images, openai_speech
from control_layer.gateway.dialects.conversation import Audio, Image
from control_layer.gateway.dialects.dialect import FilteredAnswer, UnreadableAnswer, Unsupported
from control_layer.gateway.dialects.gemini import GEMINI
from control_layer.gateway.dialects.images import ImageDialect, ImagesGiven
from control_layer.gateway.dialects.speech import SpeechDialect, SpeechGiven

PAINTER, OLD_SPEAKER, SPEAKER = "gemini-3.1-flash-image", "gemini-3.1-flash-tts-preview", "gemini-3.8-flash-tts"
DRAWS: ImageDialect = GEMINI
SPEAKS: SpeechDialect = GEMINI


def drawn(*, lenient: bool = False, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The configuration that is sent, and what is left out."""
    asked = openai_images.read_request(msgspec.json.encode({"model": "painter", "prompt": "A boat.", **fields}))
    outgoing = DRAWS.write_images(asked, PAINTER, lenient=lenient)
    assert outgoing.path == f"/v1beta/models/{PAINTER}:generateContent"
    body = judged(outgoing)
    assert body["contents"] == [{"role": "user", "parts": [{"text": "A boat."}]}]
    return body["generationConfig"], outgoing.dropped


@pytest.mark.parametrize(
    ("size", "config"),
    [
        (None, None),
        ("auto", None),
        ("1024x1024", {"aspectRatio": "1:1"}),
        ("1536x1024", {"aspectRatio": "3:2"}),
        ("1024x1536", {"aspectRatio": "2:3"}),
        ("1792x1024", {"aspectRatio": "16:9"}),
        ("1024x1792", {"aspectRatio": "9:16"}),
        ("2048x2048", {"aspectRatio": "1:1", "imageSize": "2K"}),
        ("3840x2160", {"aspectRatio": "16:9", "imageSize": "4K"}),
    ],
)
def test_a_size_is_a_shape_and_how_large_it_is(size: str | None, config: dict[str, str] | None) -> None:
    sent, dropped = drawn(size=size)
    assert (sent["responseModalities"], sent.get("imageConfig"), dropped) == (["IMAGE"], config, ())


def test_several_pictures_are_several_candidates() -> None:
    assert drawn(n=3)[0]["candidateCount"] == 3
    assert "candidateCount" not in drawn(n=1)[0]


def test_what_says_no_more_than_is_done_anyway_is_no_matter() -> None:
    fields: dict[str, Any] = {
        "quality": "auto",
        "background": "opaque",
        "moderation": "auto",
        "response_format": "b64_json",
    }
    assert drawn(**fields, style=None)[1] == ()
    assert drawn(user="ana")[1] == ("user",)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("size", "1000x700"),
        ("size", "8192x8192"),
        ("quality", "high"),
        ("background", "transparent"),
        ("moderation", "low"),
        ("output_format", "webp"),
        ("style", "vivid"),
        ("n", 9),
    ],
)
def test_what_pictures_cannot_be_is_refused_or_listed(parameter: str, value: Any) -> None:
    with pytest.raises(Unsupported) as refusal:
        drawn(**{parameter: value})
    assert refusal.value.parameter == parameter
    assert drawn(lenient=True, **{parameter: value})[1] == (parameter,)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, "prompt"),
        ({"prompt": 7}, "$.prompt"),
        ({"prompt": "x", "n": 0}, "$.n"),
        ({"prompt": "x", "size": "large"}, "$.size"),
    ],
)
def test_a_mistake_is_told_with_its_place(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        openai_images.read_request(msgspec.json.encode(fields))
    assert place in str(error.value)


def answer(*parts: dict[str, Any], finish: str = "STOP", **more: Any) -> bytes:
    candidate = {"content": {"parts": list(parts)}, "finishReason": finish, **more}
    return msgspec.json.encode({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 3}})


def sound(data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": data}}


PICTURE = {"inlineData": {"mimeType": "image/jpeg", "data": "QQ=="}}
USED = Tokens(3, None, source="provider")


def test_pictures_are_read_and_written_for_openais_clients() -> None:
    given = DRAWS.read_images(answer({"text": "Here:"}, {**PICTURE, "thought": True}, PICTURE))
    assert given == ImagesGiven((Image("image/jpeg", "QQ=="),), USED)
    assert msgspec.json.decode(openai_images.write_answer(given, 7)) == {
        "created": 7,
        "data": [{"b64_json": "QQ=="}],
        "output_format": "jpeg",
        "usage": {
            "input_tokens": 3,
            "output_tokens": 0,
            "total_tokens": 3,
            "input_tokens_details": {"text_tokens": 3, "image_tokens": 0},
            "output_tokens_details": {"text_tokens": 0, "image_tokens": 0},
        },
    }
    several = ImagesGiven((Image("image/jpeg", "QQ=="), Image("image/png", "Qg==")))
    assert msgspec.json.decode(openai_images.write_answer(several, 7)).keys() == {"created", "data"}


@pytest.mark.parametrize("read", [GEMINI.read_images, GEMINI.read_speech])
def test_an_answer_that_has_nothing_in_it_says_why(read: Any) -> None:
    blocked = b'{"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"Not that."}}'
    for body, told in (
        (answer(finish="IMAGE_SAFETY"), "filter"),
        (answer(finish="SAFETY", finishMessage="Too sad."), "Too sad"),
        (blocked, "Not that"),
    ):
        with pytest.raises(FilteredAnswer, match=told):
            read(body)
    for body, told in ((answer({"text": "I would rather not."}), "rather not"), (b"{}", "candidates"), (b"[", "none")):
        with pytest.raises(UnreadableAnswer, match=told):
            read(body)


# -- speech ------------------------------------------------------------------------------------------------------------


def spoken(model: str = SPEAKER, *, lenient: bool = False, **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What is to be read aloud, and what is left out."""
    body = {"model": "speaker", "input": "Hello.", "voice": "Kore", **fields}
    asked = openai_speech.read_request(msgspec.json.encode(body))
    outgoing = SPEAKS.write_speech(asked, model, lenient=lenient)
    sent = judged(outgoing)
    assert sent["generationConfig"] == {
        "responseModalities": ["AUDIO"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    }
    return sent["contents"][0]["parts"][0], outgoing.dropped


def test_how_a_text_is_read_is_said_beside_it() -> None:
    assert spoken(instructions="Sadly.") == ({"text": "Hello.", "speechMetadata": {"style": "Sadly."}}, ())
    assert spoken(OLD_SPEAKER, voice={"id": "Kore"}, speed=1, stream_format="audio") == ({"text": "Hello."}, ())


@pytest.mark.parametrize(
    ("model", "parameter", "value"), [(OLD_SPEAKER, "instructions", "Sadly."), (SPEAKER, "speed", 2), (SPEAKER, "x", 1)]
)
def test_what_speech_cannot_be_is_refused_or_listed(model: str, parameter: str, value: Any) -> None:
    with pytest.raises(Unsupported) as refusal:
        spoken(model, **{parameter: value})
    assert refusal.value.parameter == parameter
    assert spoken(model, lenient=True, **{parameter: value}) == ({"text": "Hello."}, (parameter,))


def test_sound_is_read_and_written_for_openais_clients() -> None:
    given = SPEAKS.read_speech(answer(sound("AAE="), sound("AgM=")))
    assert given == SpeechGiven(b"\0\1\2\3", USED)
    for wanted, start in (
        ({"response_format": "pcm"}, b"\0\1\2\3"),
        ({"response_format": "wav"}, b"RIFF"),
        ({}, b"RIFF"),
    ):
        asked = openai_speech.read_request(msgspec.json.encode({"input": "x", "voice": "Kore", **wanted}))
        assert openai_speech.write_answer(given, asked).startswith(start)
    with pytest.raises(UnreadableAnswer, match="base64"):
        SPEAKS.read_speech(answer(sound("AAE")))


def test_a_streams_sound_has_one_name_however_many_pieces_it_has() -> None:
    """OpenAI's SDK puts the texts of all pieces together, the name's too."""
    (speech,) = (scenario for scenario in scenarios("gemini", "stream.sse") if scenario.name == "speech")
    stream = openai_chat_streams.written(read([speech.bytes("stream.sse")]))
    (choice,) = openai_chat_streams.sdk_completion(stream).choices
    assert (choice.message.audio.id, choice.message.audio.data) == ("audio_sp-1_0", "AAEC/wQF")


def test_a_whole_answers_sound_is_one_however_many_pieces_it_has() -> None:
    pieces = [{"inlineData": {"mimeType": "audio/L16", "data": data}} for data in ("AAEC", "/wQ=", "BQ==")]
    body = msgspec.json.encode({"candidates": [{"content": {"parts": pieces}, "finishReason": "STOP"}]})
    assert GEMINI.read_answer(body).choices[0].parts == (Audio("", "AAEC/wQF", "audio_gemini-0_0"),)
    pieces.append({"inlineData": {"mimeType": "audio/L16", "data": "A"}})
    odd = msgspec.json.encode({"candidates": [{"content": {"parts": pieces}, "finishReason": "STOP"}]})
    assert [type(part) for part in GEMINI.read_answer(odd).choices[0].parts] == [Audio, Audio]
