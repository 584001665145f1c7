"""The official Anthropic SDK for Python, unmodified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam
from bench.processes import GatewayProcess

MESSAGES: list[MessageParam] = [{"role": "user", "content": "Hello."}]


def base_url(gateway: GatewayProcess) -> str:
    """This SDK adds `/v1` itself."""
    return gateway.base_url.removesuffix("/v1")


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[Anthropic]:
    with Anthropic(base_url=base_url(gateway), api_key=gateway.secret, max_retries=0, timeout=15) as client:
        yield client


@pytest.fixture
async def aclient(gateway: GatewayProcess) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=base_url(gateway), api_key=gateway.secret, max_retries=0) as client:
        yield client


def test_messages_whole_and_streamed(client: Anthropic) -> None:
    answer = client.messages.create(model="sim-small", max_tokens=50, messages=MESSAGES)
    (block,) = answer.content
    assert block.type == "text"
    assert (answer.stop_reason, answer.usage.output_tokens) == ("end_turn", 24)
    assert answer._request_id
    with client.messages.stream(model="sim-small", max_tokens=50, messages=MESSAGES) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == block.text
    assert final.usage.output_tokens == answer.usage.output_tokens
    kinds = [
        event.type for event in client.messages.create(model="sim-small", max_tokens=5, messages=MESSAGES, stream=True)
    ]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


def test_a_bearer_token_does_as_well(gateway: GatewayProcess) -> None:
    with Anthropic(base_url=base_url(gateway), auth_token=gateway.secret, api_key=None, max_retries=0) as client:
        assert client.messages.create(model="sim-small", max_tokens=5, messages=MESSAGES).stop_reason == "max_tokens"


def test_count_tokens(client: Anthropic) -> None:
    assert client.messages.count_tokens(model="sim-small", messages=MESSAGES).input_tokens > 0


def test_models(client: Anthropic) -> None:
    names = [model.id for model in client.models.list()]
    assert "sim-small" in names
    assert "secret-model" not in names
    assert client.models.retrieve("sim-small").display_name == "sim-small"


@pytest.mark.parametrize(
    ("model", "kind", "told"),
    [
        ("no-such-model", anthropic.NotFoundError, "not_found_error"),
        ("secret-model", anthropic.PermissionDeniedError, "permission_error"),
        ("sim-error-400", anthropic.BadRequestError, "simulated_error"),
        ("sim-error-429", anthropic.RateLimitError, "rate_limit_error"),
        ("sim-error-500", anthropic.InternalServerError, "simulated_error"),
    ],
)
def test_errors_have_their_class_and_type(
    client: Anthropic, model: str, kind: type[anthropic.APIStatusError], told: str
) -> None:
    with pytest.raises(kind) as raised:
        client.messages.create(model=model, max_tokens=5, messages=MESSAGES)
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == told
    assert raised.value.request_id


def test_a_wrong_key_is_an_authentication_error(gateway: GatewayProcess) -> None:
    with (
        Anthropic(base_url=base_url(gateway), api_key="sk-wrong", max_retries=0) as client,
        pytest.raises(anthropic.AuthenticationError),
    ):
        client.messages.create(model="sim-small", max_tokens=5, messages=MESSAGES)


def test_a_stream_that_breaks_raises(client: Anthropic) -> None:
    with pytest.raises(anthropic.APIStatusError):
        list(client.messages.create(model="sim-reset-middle", max_tokens=50, messages=MESSAGES, stream=True))


def test_its_retries_work(client: Anthropic) -> None:
    retrying = client.with_options(max_retries=1)
    assert retrying.messages.create(model="sim-flaky-1-anthropic", max_tokens=5, messages=MESSAGES).content


async def test_async(aclient: AsyncAnthropic) -> None:
    answer = await aclient.messages.create(model="sim-small", max_tokens=50, messages=MESSAGES)
    async with aclient.messages.stream(model="sim-small", max_tokens=50, messages=MESSAGES) as stream:
        final = await stream.get_final_message()
    assert [block.to_dict()["text"] for block in final.content] == [block.to_dict()["text"] for block in answer.content]
    with pytest.raises(anthropic.NotFoundError):
        await aclient.messages.create(model="no-such-model", max_tokens=5, messages=MESSAGES)
