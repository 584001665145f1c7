"""Pictures and speech of a provider that speaks Gemini's API only, for the official SDKs, unmodified."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from anthropic import Anthropic
from bench.processes import GatewayProcess
from openai import OpenAI
from tests.gateway.conftest import Journal

from control_layer.simulator.endpoints import PIXEL

_PNG = base64.b64decode(PIXEL)
_URL = f"data:image/png;base64,{PIXEL}"
_DRAW: list[Any] = [{"role": "user", "content": "Draw a boat."}]
_WITH_PICTURES: Any = ["text", "image"]


@pytest.fixture
def client(crossed: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=crossed.base_url, api_key=crossed.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
def messages(crossed: GatewayProcess) -> Iterator[Anthropic]:
    base_url = crossed.base_url.removesuffix("/v1") + "/anthropic"
    with Anthropic(base_url=base_url, api_key=crossed.secret, max_retries=0, timeout=15) as client:
        yield client


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_pictures_are_made(client: OpenAI, journal: Journal) -> None:
    with journal.admitted() as ends:
        made = client.images.generate(model="gemini-image", prompt="A boat.", n=2, size="1536x1024", user="ana")
    assert [base64.b64decode(picture.b64_json or "") for picture in made.data or []] == [_PNG, _PNG]
    assert made.output_format == "png"
    assert made.usage is not None
    (end,) = ends
    assert (end.tokens.input, end.tokens.output) == (made.usage.input_tokens, made.usage.output_tokens)
    assert end.tokens.image_output == made.usage.output_tokens > 2000
    assert (end.outcome, end.status, end.tokens.source) == ("completed", 200, "provider")


@pytest.mark.parametrize("image", [("a.png", _PNG), io.BytesIO(_PNG), [("a.png", _PNG), ("b.bin", _PNG), _PNG]])
def test_pictures_are_changed(client: OpenAI, journal: Journal, image: Any) -> None:
    with journal.admitted() as ends:
        made = client.images.edit(model="gemini-image", image=image, prompt="Make it blue.", n=2, size="1536x1024")
    assert [base64.b64decode(picture.b64_json or "") for picture in made.data or []] == [_PNG, _PNG]
    (end,) = ends
    assert made.usage is not None
    seen = 258 * (len(image) if isinstance(image, list) else 1)
    assert made.usage.input_tokens_details.image_tokens == end.tokens.image_input == seen
    assert (end.tokens.input, end.tokens.output) == (made.usage.input_tokens, made.usage.output_tokens)
    assert end.tokens.image_output == made.usage.output_tokens > 2000
    assert (end.outcome, end.status, end.tokens.source) == ("completed", 200, "provider")


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"mask": ("mask.png", _PNG)}, "mask"),
        ({"quality": "high"}, "quality"),
        ({"input_fidelity": "high"}, "input_fidelity"),
        ({"size": "100x700"}, "size"),
        ({"stream": True}, "stream"),
        ({"n": 9}, "n"),
    ],
)
def test_what_cannot_be_done_to_a_picture_is_refused_by_name(
    client: OpenAI, fields: dict[str, Any], parameter: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(model="gemini-image", image=("a.png", _PNG), prompt="Make it blue.", **fields)
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", parameter)


def test_a_changed_picture_that_a_filter_took_is_an_error(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(model="gemini-image-filtered", image=("a.png", _PNG), prompt="Make it blue.")
    assert refused.value.code == "content_filter"


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"background": "transparent"}, "background"),
        ({"quality": "high"}, "quality"),
        ({"size": "100x700"}, "size"),
        ({"response_format": "url"}, "response_format"),
        ({"stream": True}, "stream"),
        ({"n": 9}, "n"),
    ],
)
def test_what_a_picture_cannot_be_is_refused_by_name(client: OpenAI, fields: dict[str, Any], parameter: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model="gemini-image", prompt="A boat.", **fields)
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", parameter)


def test_a_picture_that_a_filter_took_is_an_error(client: OpenAI, journal: Journal) -> None:
    with journal.admitted() as ends, pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model="gemini-image-filtered", prompt="A boat.")
    assert refused.value.code == "content_filter"
    assert (ends[0].status, ends[0].error) == (400, "content_filter")


def test_a_model_that_makes_no_pictures_is_told_so_by_its_provider(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="modalities"):
        client.images.generate(model="gemini", prompt="A boat.")
    for model in ("claude", "claude-image"):
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(model=model, messages=_DRAW, modalities=_WITH_PICTURES)
        assert refused.value.param == "modalities"


def test_pictures_of_chat_completions_go_around(client: OpenAI, journal: Journal) -> None:
    asked: dict[str, Any] = {"model": "gemini-image", "messages": _DRAW, "modalities": _WITH_PICTURES}
    with journal.admitted(2) as ends:
        whole = client.chat.completions.create(**asked).choices[0].message.to_dict()
        with client.chat.completions.stream(**asked) as stream:
            streamed = stream.get_final_completion().choices[0].message.to_dict()
    for said in (whole, streamed):
        (picture,) = _list(said["images"])
        assert (picture["type"], picture["image_url"]) == ("image_url", {"url": _URL})
        assert said["content"]
        answer = client.chat.completions.create(
            model="gemini-image",
            messages=[*_DRAW, said, {"role": "user", "content": "Make it blue."}],  # type: ignore[list-item]
        )
        assert answer.choices[0].finish_reason == "stop"
    assert [end.tokens.image_output for end in ends] == [1120, 1120]
    only = client.chat.completions.create(**asked | {"modalities": ["image"]}).choices[0].message
    assert only.content is None


def test_pictures_of_responses_go_around(client: OpenAI) -> None:
    whole = client.responses.create(model="gemini-image", input="Draw a boat.", store=False)
    with client.responses.stream(model="gemini-image", input="Draw a boat.", store=False) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_response()
    assert "response.image_generation_call.completed" in kinds
    for response in (whole, streamed):
        assert [item.type for item in response.output] == ["message", "image_generation_call"]
        assert [item.result for item in response.output if item.type == "image_generation_call"] == [PIXEL]
        turns: Any = [
            {"role": "user", "content": "Draw a boat."},
            *[item.to_dict() for item in response.output],
            {"role": "user", "content": "Make it blue."},
        ]
        assert client.responses.create(model="gemini-image", input=turns, store=False).output_text


def test_pictures_of_messages_are_blocks_as_in_requests_and_go_around(messages: Anthropic) -> None:
    prompt: list[Any] = [{"role": "user", "content": "Draw a boat."}]
    whole = messages.messages.create(model="gemini-image", max_tokens=500, messages=prompt)
    with messages.messages.stream(model="gemini-image", max_tokens=500, messages=prompt) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        words, picture = [block.to_dict() for block in message.content]
        assert words["type"] == "text"
        assert picture == {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
        }
        turns: list[Any] = [
            *prompt, {"role": "assistant", "content": message.content}, {"role": "user", "content": "Make it blue."},
        ]  # fmt: skip
        last = messages.messages.create(model="gemini-image", max_tokens=500, messages=turns)
        assert last.stop_reason == "end_turn"


def _list(value: Any) -> list[dict[str, Any]]:
    return [dict(each) for each in value]


# -- speech ------------------------------------------------------------------------------------------------------------


def test_texts_are_read_aloud(client: OpenAI, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        wav = client.audio.speech.create(
            model="gemini-speech",
            voice="Kore",
            input="Good morning.",
            instructions="Cheerfully.",
            response_format="wav",
        )
        pcm = client.audio.speech.create(
            model="gemini-speech", voice="Kore", input="Good morning.", response_format="pcm"
        )
    assert (wav.response.headers["content-type"], pcm.response.headers["content-type"]) == ("audio/wav", "audio/pcm")
    assert _samples(wav.content) == pcm.content
    assert [(end.outcome, end.status) for end in ends] == [("completed", 200)] * 2
    assert {end.tokens.audio_output for end in ends} == {end.tokens.output for end in ends} != {None}


def _samples(wav: bytes) -> bytes:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24_000, 2, 1)
        samples: bytes = file.readframes(file.getnframes())
    return samples


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"response_format": "mp3"}, "response_format"),
        ({"speed": 2.0}, "speed"),
        ({"stream_format": "sse"}, "stream_format"),
    ],
)
def test_what_speech_cannot_be_is_refused_by_name(client: OpenAI, fields: dict[str, Any], parameter: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model="gemini-speech", voice="Kore", input="Good morning.", **fields)
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", parameter)


def test_a_voice_that_is_not_googles_is_refused_with_those_that_are(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="puck"):
        client.audio.speech.create(model="gemini-speech", voice="alloy", input="Good morning.", response_format="wav")


def test_chat_completions_speak(client: OpenAI, journal: Journal) -> None:
    asked: dict[str, Any] = {"model": "gemini-speech", "messages": _DRAW, "modalities": ["text", "audio"]}
    with journal.admitted(2) as ends:
        whole = client.chat.completions.create(**asked, audio={"voice": "Kore", "format": "wav"})
        chunks = list(client.chat.completions.create(**asked, audio={"voice": "Kore", "format": "pcm16"}, stream=True))
    spoken = whole.choices[0].message.audio
    assert spoken is not None
    deltas: list[dict[str, Any]] = [dict(chunk.choices[0].delta.to_dict()) for chunk in chunks]
    pieces = [base64.b64decode(delta["audio"]["data"]) for delta in deltas if "audio" in delta]
    assert len(pieces) > 1
    assert b"".join(pieces) == _samples(base64.b64decode(spoken.data))
    assert {end.tokens.audio_output for end in ends} == {end.tokens.output for end in ends} != {None}


def test_other_forms_are_not_translated(client: OpenAI) -> None:
    """Who sends sound to a Gemini model does so in a chat completion."""
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.transcriptions.create(model="gemini-speech", file=("a.wav", b"RIFF"))
    assert refused.value.code == "unsupported_api"
