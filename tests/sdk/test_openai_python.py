"""The official OpenAI SDK for Python, unmodified: two lines of configuration, everything else as against OpenAI."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator

import openai
import pytest
from bench.processes import GatewayProcess
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Use the tool get_weather, please."}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}


class Weather(BaseModel):
    """What a structured answer is parsed into."""

    city: str
    days: int
    windy: bool


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
async def aclient(gateway: GatewayProcess) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


# -- chat ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_chat_with_models_for_when_the_first_one_fails(client: OpenAI, stream: bool) -> None:
    more = {"models": ["no-such-model", "sim-error-429", "sim-small"]}
    if stream:
        chunks = client.chat.completions.create(model="sim-error-500", messages=MESSAGES, stream=True, extra_body=more)
        assert "simulated" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        return
    raw = client.chat.completions.with_raw_response.create(model="sim-error-500", messages=MESSAGES, extra_body=more)
    assert raw.headers["x-control-layer-model"] == "sim-small"
    assert "simulated" in (raw.parse().choices[0].message.content or "")


def test_chat(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="sim-small", messages=MESSAGES)
    assert "simulated" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id


def test_streams_carry_usage_only_when_it_is_asked_for(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="sim-small", messages=MESSAGES)
    with client.chat.completions.create(model="sim-small", messages=MESSAGES, stream=True) as stream:
        plain = list(stream)
    counted = list(
        client.chat.completions.create(
            model="sim-small", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in plain)
    assert text == whole.choices[0].message.content
    assert all(chunk.usage is None and chunk.choices for chunk in plain)
    assert plain[-1].choices[0].finish_reason == "stop"
    assert counted[-1].usage == whole.usage
    assert counted[-1].choices == []


def test_the_stream_helper_accumulates(client: OpenAI) -> None:
    with client.chat.completions.stream(model="sim-small", messages=MESSAGES) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].finish_reason == "stop"


def test_a_stream_that_is_left_can_be_followed_by_another_request(client: OpenAI) -> None:
    with client.chat.completions.create(
        model="sim-slow-chunks-50ms-tokens-200", messages=MESSAGES, stream=True
    ) as stream:
        for _, _chunk in zip(range(3), stream, strict=False):
            pass
    assert client.chat.completions.create(model="sim-small", messages=MESSAGES).choices


def test_tools_whole_and_streamed(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="sim-small", messages=MESSAGES, tools=[TOOL], tool_choice="required")
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, answer.choices[0].finish_reason) == ("get_weather", "tool_calls")
    arguments = ""
    for chunk in client.chat.completions.create(model="sim-small", messages=MESSAGES, tools=[TOOL], stream=True):
        for delta in chunk.choices[0].delta.tool_calls or []:
            if delta.function is not None:
                arguments += delta.function.arguments or ""
    assert arguments == call.function.arguments


def test_structured_output_is_parsed(client: OpenAI) -> None:
    answer = client.chat.completions.parse(model="sim-small", messages=MESSAGES, response_format=Weather)
    assert isinstance(answer.choices[0].message.parsed, Weather)


def test_raw_responses_show_our_headers(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="sim-small", messages=MESSAGES, extra_headers={"x-request-id": "my-own-id"}
    )
    assert raw.headers["x-request-id"] == raw.request_id == "my-own-id"
    assert raw.headers["x-control-layer-model"] == "sim-small"
    assert raw.parse().choices
    with client.chat.completions.with_streaming_response.create(model="sim-small", messages=MESSAGES) as streamed:
        assert b"simulated" in b"".join(streamed.iter_bytes())


def test_legacy_completions(client: OpenAI) -> None:
    answer = client.completions.create(model="sim-small", prompt="x", max_tokens=7)
    assert (answer.choices[0].finish_reason, answer.usage and answer.usage.completion_tokens) == ("length", 7)
    streamed = client.completions.create(model="sim-small", prompt="x", max_tokens=7, stream=True)
    assert "".join(chunk.choices[0].text for chunk in streamed) == answer.choices[0].text


# -- the other resources ---------------------------------------------------------------------------------------------


def test_embeddings(client: OpenAI) -> None:
    answer = client.embeddings.create(model="sim-embed", input=["a", "b"], dimensions=64)
    assert [len(item.embedding) for item in answer.data] == [64, 64]
    floats = client.embeddings.create(model="sim-embed", input="a", dimensions=64, encoding_format="float")
    assert floats.data[0].embedding == pytest.approx(answer.data[0].embedding, abs=1e-6)


def test_models(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert "sim-small" in names
    assert "secret-model" not in names
    assert client.models.retrieve("sim-small").id == "sim-small"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


def test_responses_whole_and_streamed(client: OpenAI) -> None:
    answer = client.responses.create(model="sim-small", input="hello")
    assert answer.status == "completed"
    with client.responses.stream(model="sim-small", input="hello") as stream:
        kinds = [event.type for event in stream]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    events = list(client.responses.create(model="sim-small", input="hello", stream=True))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == answer.output_text


def test_files_in_forms(client: OpenAI) -> None:
    sound = io.BytesIO(b"RIFF" + b"\x00" * 200_000)
    sound.name = "sound.wav"
    said = client.audio.transcriptions.create(model="sim-transcribe", file=sound)
    assert said.text.endswith("bytes for sim-transcribe.")
    image = client.images.edit(model="sim-image", image=("a.png", b"\x89PNG" * 50_000), prompt="x")
    assert image.data is not None
    assert image.data[0].b64_json


def test_images_speech_and_moderations(client: OpenAI) -> None:
    image = client.images.generate(model="sim-image", prompt="x")
    assert image.data is not None
    assert image.data[0].b64_json
    speech = client.audio.speech.create(model="sim-speech", voice="alloy", input="hello")
    assert speech.content.startswith(b"RIFF")
    assert client.moderations.create(model="sim-small", input="x").results[0].flagged is False


# -- errors and retries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind", "code"),
    [
        ("no-such-model", openai.NotFoundError, "model_not_found"),
        ("secret-model", openai.PermissionDeniedError, "model_access_denied"),
        ("sim-error-400", openai.BadRequestError, "simulated_error"),
        ("sim-error-422", openai.UnprocessableEntityError, "simulated_error"),
        ("sim-error-429", openai.RateLimitError, "upstream_rate_limited"),
        ("sim-error-500", openai.InternalServerError, "simulated_error"),
        ("sim-context", openai.BadRequestError, "context_length_exceeded"),
    ],
)
def test_errors_have_their_class_and_code(
    client: OpenAI, model: str, kind: type[openai.APIStatusError], code: str
) -> None:
    with pytest.raises(kind) as raised:
        client.chat.completions.create(model=model, messages=MESSAGES)
    assert raised.value.code == code
    assert raised.value.request_id


def test_a_wrong_key_is_an_authentication_error(gateway: GatewayProcess) -> None:
    with (
        OpenAI(base_url=gateway.base_url, api_key="sk-wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError, match="Incorrect API key provided") as raised,
    ):
        client.chat.completions.create(model="sim-small", messages=MESSAGES)
    assert raised.value.code == "invalid_api_key"


@pytest.mark.parametrize("model", ["sim-cut", "sim-reset-middle", "sim-error-in-stream"])
def test_a_stream_that_breaks_raises(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.APIError):
        list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True))


def test_a_timeout_is_the_clients_own(client: OpenAI) -> None:
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.3).chat.completions.create(model="sim-slow-first-5000ms", messages=MESSAGES)


def test_its_retries_work(client: OpenAI) -> None:
    answer = client.with_options(max_retries=2).chat.completions.create(model="sim-flaky-2-sync", messages=MESSAGES)
    assert answer.choices


# -- async -----------------------------------------------------------------------------------------------------------


async def test_async_chat_stream_and_parse(aclient: AsyncOpenAI) -> None:
    answer = await aclient.chat.completions.create(model="sim-small", messages=MESSAGES)
    stream = await aclient.chat.completions.create(model="sim-small", messages=MESSAGES, stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == answer.choices[0].message.content
    parsed = await aclient.chat.completions.parse(model="sim-small", messages=MESSAGES, response_format=Weather)
    assert isinstance(parsed.choices[0].message.parsed, Weather)
    assert len((await aclient.embeddings.create(model="sim-embed", input="a")).data) == 1
    assert "sim-small" in [model.id async for model in aclient.models.list()]


async def test_async_errors_and_retries(aclient: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await aclient.chat.completions.create(model="no-such-model", messages=MESSAGES)
    retrying = aclient.with_options(max_retries=2)
    assert (await retrying.chat.completions.create(model="sim-flaky-2-async", messages=MESSAGES)).choices
