"""Embeddings in OpenAI's form, as clients ask for them and as OpenAI's own SDK reads them."""

from __future__ import annotations

import math
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI
from openai.types import CreateEmbeddingResponse

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.openai_embeddings import read_request, write_answer

floats = st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"input": "one"}, EmbeddingsAsked(texts=("one",))),
        ({"input": ["one", ""], "model": "m"}, EmbeddingsAsked(texts=("one", ""))),
        ({"input": "x", "dimensions": 8, "user": "u"}, EmbeddingsAsked(texts=("x",), dimensions=8, user="u")),
        ({"input": "x", "encoding_format": "base64"}, EmbeddingsAsked(texts=("x",), packed=True)),
        ({"input": "x", "encoding_format": "float", "user": None}, EmbeddingsAsked(texts=("x",))),
        (
            {"input": "x", "truncate": "END", "metadata": None},
            EmbeddingsAsked(texts=("x",), others={"truncate": msgspec.Raw(b'"END"')}),
        ),
    ],
)
def test_a_request_is_read(body: dict[str, Any], asked: EmbeddingsAsked) -> None:
    assert read_request(bytearray(msgspec.json.encode(body))) == asked


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2]], ["one", [2]]])
def test_tokens_are_refused(tokens: Any) -> None:
    with pytest.raises(Unsupported) as refusal:
        read_request(msgspec.json.encode({"input": tokens}))
    assert refusal.value.parameter == "input"


@pytest.mark.parametrize("body", [{}, {"input": 7}, {"input": "x", "encoding_format": "hex"}, {"input": {}}])
def test_what_is_no_request_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_request(msgspec.json.encode(body))


@given(st.lists(st.lists(floats, max_size=4).map(tuple), max_size=3).map(tuple), st.none() | st.integers(0, 99))
def test_the_sdk_reads_the_same_vectors_in_both_forms(vectors: tuple[tuple[float, ...], ...], used: int | None) -> None:
    given = EmbeddingsGiven(vectors, None if used is None else Tokens(used, source="provider"))
    bodies = {
        form: write_answer(given, EmbeddingsAsked(texts=(), packed=form == "base64"), "alias")
        for form in ("float", "base64")
    }
    plain = msgspec.json.decode(bodies["float"])
    if used is not None:
        CreateEmbeddingResponse.model_validate(plain)
    assert [tuple(each["embedding"]) for each in plain["data"]] == list(vectors)
    assert plain.get("usage") == (None if used is None else {"prompt_tokens": used, "total_tokens": used})
    if vectors:
        assert _heard(bodies["base64"]) == list(vectors)


@given(st.lists(floats, min_size=1, max_size=4).map(tuple))
def test_vectors_of_a_length_that_was_asked_for_are_of_length_one(vector: tuple[float, ...]) -> None:
    body = write_answer(EmbeddingsGiven((vector,)), EmbeddingsAsked(texts=(), dimensions=len(vector)), "alias")
    [told] = (tuple(each["embedding"]) for each in msgspec.json.decode(body)["data"])
    if any(vector):
        assert math.hypot(*told) == pytest.approx(1)
        assert told == pytest.approx(tuple(value / math.hypot(*vector) for value in vector))
        again = write_answer(EmbeddingsGiven((told,)), EmbeddingsAsked(texts=(), dimensions=len(vector)), "alias")
        assert again == body
    else:
        assert told == vector


def _heard(body: bytes) -> list[tuple[float, ...]]:
    """What the SDK makes of an answer. It asks for base64 by itself."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert read_request(request.content).packed
        return httpx2.Response(200, content=body, headers={"content-type": "application/json"})

    with OpenAI(
        api_key="k", base_url="http://test/v1", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    ) as client:
        return [tuple(each.embedding) for each in client.embeddings.create(input=["x"], model="m").data]
