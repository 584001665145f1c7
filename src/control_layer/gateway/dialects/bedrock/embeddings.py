"""Vectors of InvokeModel, which speaks each model's own language.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html (Cohere). What a model of Cohere's has
counted stands in the head of its answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import Outgoing, UnreadableAnswer, Unsupported
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.usage import from_object
from control_layer.wire import Header

__all__ = ["read_embeddings", "write_embeddings"]

_TITAN, _COHERE = "amazon.titan-embed-text-", "cohere.embed-"
_ONE_LENGTH = re.compile(r"titan-embed-text-v1|cohere\.embed-(?:english|multilingual)-v3")
"""Models of earlier generations, whose vectors have one length."""
_USE = "input_type"
_COUNT = b"x-amzn-bedrock-input-token-count"


class _TitanRequest(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    input_text: str
    dimensions: int | None = None


class _CohereRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    texts: tuple[str, ...]
    input_type: str
    truncate: Literal["NONE"]
    """What is too long is an error, as it is to OpenAI's clients."""
    embedding_types: tuple[Literal["float"]]
    output_dimension: int | None = None


class _ByType(msgspec.Struct):
    floats: tuple[tuple[float, ...], ...] = msgspec.field(name="float")


class _AnswerBody(msgspec.Struct, rename="camel"):
    """One of both: Titan's has an `embedding`, Cohere's `embeddings`."""

    embedding: tuple[float, ...] | None = None
    input_text_token_count: int | float | None = None
    embeddings: _ByType | tuple[tuple[float, ...], ...] | None = None


_decode = msgspec.json.Decoder(_AnswerBody).decode
_decode_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode


def write_embeddings(asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported`."""
    omissions = Omissions(lenient=lenient)
    if asked.user is not None:
        omissions.drop("user")
    cohere = _COHERE in model
    for name in asked.others:
        if not (cohere and name == _USE):
            omissions.refuse(name, f"The model has nothing like {name!r}.")
    size = asked.dimensions
    if size is not None and _ONE_LENGTH.search(model):
        omissions.refuse("dimensions", "The model's vectors have one length.")
        size = None
    if cohere:
        # To those who do not say what for, all texts are alike: documents.
        use = _use(asked.others[_USE]) if _USE in asked.others else "search_document"
        body = _encode(_CohereRequest(asked.texts, use, "NONE", ("float",), size))
    elif _TITAN in model:
        if len(asked.texts) != 1:
            # Not to be left out, however lenient: each text is to have its vector.
            raise Unsupported("input", "Titan takes one text in a request. Send each in a request of its own.")
        body = _encode(_TitanRequest(asked.texts[0], size))
    else:
        raise Unsupported(
            "model", f"Vectors are asked of Bedrock's models `{_TITAN}…` and `{_COHERE}…` only, by these names."
        )
    return Outgoing(f"/model/{quote(model, safe='')}/invoke", body, dropped=omissions.dropped)


def _use(said: msgspec.Raw) -> str:
    try:
        return _decode_text(said)
    except msgspec.ValidationError:
        raise Unsupported(_USE, "It must be a text, such as `search_query`.") from None


def read_embeddings(body: bytes, headers: Sequence[Header] = ()) -> EmbeddingsGiven:
    """Raises `UnreadableAnswer`."""
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer has no embeddings: {error}") from error
    if answer.embedding is not None:
        return EmbeddingsGiven((answer.embedding,), _counted(answer.input_text_token_count))
    given = answer.embeddings
    if given is None:
        raise UnreadableAnswer("The provider's answer has no embeddings")
    vectors = given.floats if isinstance(given, _ByType) else given
    told = next((value.decode("latin-1") for name, value in headers if name == _COUNT), None)
    return EmbeddingsGiven(vectors, _counted(told))


def _counted(tokens: object) -> Tokens | None:
    return from_object({"prompt_tokens": tokens})
