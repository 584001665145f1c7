"""Vectors of Bedrock's models: what each is sent, which a strict simulation takes, and what is read of its answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.bedrock import BEDROCK
from control_layer.gateway.dialects.dialect import UnreadableAnswer, Unsupported
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.simulator.bedrock.invoking import invoked
from control_layer.simulator.script import Script

_TITAN, _FIRST = "amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1"
_COHERE, _NEWER = "cohere.embed-english-v3", "us.cohere.embed-v4:0"
_NONE = {"input_type": "search_document", "truncate": "NONE", "embedding_types": ["float"]}
_QUERY = msgspec.Raw(b'"search_query"')
_COUNT = ((b"x-amzn-requestid", b"r"), (b"x-amzn-bedrock-input-token-count", b"7"))


@pytest.mark.parametrize(
    ("model", "asked", "body"),
    [
        (_TITAN, EmbeddingsAsked(texts=("a",)), {"inputText": "a"}),
        (_TITAN, EmbeddingsAsked(texts=("a",), dimensions=256), {"inputText": "a", "dimensions": 256}),
        (f"arn:aws:bedrock:eu-west-1::foundation-model/{_FIRST}", EmbeddingsAsked(texts=("a",)), {"inputText": "a"}),
        (_COHERE, EmbeddingsAsked(texts=("a", "b")), {"texts": ["a", "b"], **_NONE}),
        (
            _COHERE,
            EmbeddingsAsked(texts=("a",), others={"input_type": _QUERY}),
            {"texts": ["a"], **_NONE, "input_type": "search_query"},
        ),
        (_NEWER, EmbeddingsAsked(texts=("a",), dimensions=512), {"texts": ["a"], **_NONE, "output_dimension": 512}),
    ],
)
def test_each_model_is_asked_in_its_own_words(model: str, asked: EmbeddingsAsked, body: dict[str, Any]) -> None:
    outgoing = BEDROCK.write_embeddings(asked, model, lenient=False)
    sent = msgspec.json.decode(outgoing.body)
    assert (sent, outgoing.dropped) == (body, ())
    assert outgoing.path == f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/invoke"
    answered = invoked(model, sent)(Script(), "id")
    given = BEDROCK.read_embeddings(msgspec.json.encode(answered.body), answered.headers)
    assert len(given.vectors) == len(asked.texts)
    if asked.dimensions is not None:
        assert {len(vector) for vector in given.vectors} == {asked.dimensions}
    assert given.tokens is not None
    assert given.tokens.input == len(asked.texts)


@pytest.mark.parametrize(
    ("model", "asked", "parameter"),
    [
        (_FIRST, EmbeddingsAsked(texts=("a",), dimensions=256), "dimensions"),
        (_COHERE, EmbeddingsAsked(texts=("a",), dimensions=256), "dimensions"),
        (_TITAN, EmbeddingsAsked(texts=("a",), others={"input_type": _QUERY}), "input_type"),
        (_COHERE, EmbeddingsAsked(texts=("a",), others={"task": _QUERY}), "task"),
    ],
)
def test_what_a_model_has_no_word_for_is_refused_or_listed(model: str, asked: EmbeddingsAsked, parameter: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        BEDROCK.write_embeddings(asked, model, lenient=False)
    assert refusal.value.parameter == parameter
    with_user = msgspec.structs.replace(asked, user="me")
    outgoing = BEDROCK.write_embeddings(with_user, model, lenient=True)
    assert outgoing.dropped == ("user", parameter)
    invoked(model, msgspec.json.decode(outgoing.body))


@pytest.mark.parametrize(
    ("model", "asked", "parameter"),
    [
        (_TITAN, EmbeddingsAsked(texts=("a", "b")), "input"),
        ("anthropic.claude-sonnet-4-5", EmbeddingsAsked(texts=("a",)), "model"),
        (_COHERE, EmbeddingsAsked(texts=("a",), others={"input_type": msgspec.Raw(b"7")}), "input_type"),
    ],
)
def test_some_things_no_leniency_helps(model: str, asked: EmbeddingsAsked, parameter: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        BEDROCK.write_embeddings(asked, model, lenient=True)
    assert refusal.value.parameter == parameter


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (
            b'{"embedding":[1,0.5],"inputTextTokenCount":3}',
            EmbeddingsGiven(((1.0, 0.5),), Tokens(3, source="provider")),
        ),
        (b'{"embedding":[1]}', EmbeddingsGiven(((1.0,),))),
        (b'{"embeddings":[[1],[2]],"id":"x"}', EmbeddingsGiven(((1.0,), (2.0,)), Tokens(7, source="provider"))),
        (b'{"embeddings":{"float":[[1]]},"texts":["a"]}', EmbeddingsGiven(((1.0,),), Tokens(7, source="provider"))),
    ],
)
def test_an_answer_of_each_form_is_read(body: bytes, given: EmbeddingsGiven) -> None:
    assert BEDROCK.read_embeddings(body, _COUNT) == given


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"embedding":["x"]}', b'{"embeddings":{"int8":[[1]]}}', b"\xff"])
def test_what_has_no_vectors_is_told_so(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer, match="no embeddings"):
        BEDROCK.read_embeddings(body)
