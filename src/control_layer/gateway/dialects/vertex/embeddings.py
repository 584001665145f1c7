"""Vectors of Vertex AI: `:predict` for models of text, `:embedContent` for those of Gemini's second generation.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api,
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/projects.locations.publishers.models/embedContent
"""

from __future__ import annotations

import re

import msgspec

from control_layer.contract.usage import Tokens
from control_layer.gateway.dialects.dialect import Outgoing, UnreadableAnswer
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.gemini.requests import NOTHING, Content, Part
from control_layer.gateway.dialects.gemini.tokens import tokens_of
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.dialects.vertex.models import method_path

__all__ = ["read_embeddings", "write_embeddings"]

_SINGLE = re.compile(r"(?:.*/)?gemini-embedding-")
"""Models that take one text at a time."""
_PREDICTS = re.compile(r"(?:.*/)?gemini-embedding-(?:001|exp)")


class _Instance(msgspec.Struct, frozen=True):
    content: str


class _Parameters(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    auto_truncate: bool
    """What is too long is an error, as it is to OpenAI's clients; Vertex AI would leave out its end."""
    output_dimensionality: int | None = None


class _PredictRequest(msgspec.Struct, frozen=True):
    instances: list[_Instance]
    parameters: _Parameters


class _EmbedRequest(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    content: Content
    auto_truncate: bool
    output_dimensionality: int | None = None


class _Statistics(msgspec.Struct):
    token_count: float | None = None


class _Vector(msgspec.Struct):
    values: tuple[float, ...]
    statistics: _Statistics = msgspec.field(default_factory=_Statistics)


class _Prediction(msgspec.Struct):
    embeddings: _Vector


class _AnswerBody(msgspec.Struct, rename="camel"):
    """One of both."""

    predictions: list[_Prediction] | None = None
    embedding: _Vector | None = None
    usage_metadata: msgspec.Raw = NOTHING


_decode = msgspec.json.Decoder(_AnswerBody).decode
_encode = msgspec.json.Encoder().encode


def write_embeddings(asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported`."""
    omissions = Omissions(lenient=lenient)
    if asked.user is not None:
        omissions.drop("user")
    for name in asked.others:
        omissions.refuse(name, f"Vertex AI has nothing like {name!r}.")
    if _SINGLE.match(model) and len(asked.texts) != 1:
        # Not to be left out, however lenient: each text is to have its vector.
        Omissions(lenient=False).refuse("input", "At Vertex AI the model takes one text at a time.")
    size = asked.dimensions
    if _SINGLE.match(model) and not _PREDICTS.match(model):
        content = _EmbedRequest(Content([Part(text=asked.texts[0])], "user"), False, size)
        return Outgoing(method_path(model, "embedContent"), _encode(content), dropped=omissions.dropped)
    request = _PredictRequest([_Instance(text) for text in asked.texts], _Parameters(False, size))
    return Outgoing(method_path(model, "predict"), _encode(request), dropped=omissions.dropped)


def read_embeddings(body: bytes) -> EmbeddingsGiven:
    """Raises `UnreadableAnswer`."""
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer has no embeddings: {error}") from error
    if answer.embedding is not None:
        return EmbeddingsGiven((answer.embedding.values,), tokens_of(answer.usage_metadata))
    if answer.predictions is None:
        raise UnreadableAnswer("The provider's answer has no embeddings")
    given = [prediction.embeddings for prediction in answer.predictions]
    counts = [vector.statistics.token_count for vector in given]
    told = [int(count) for count in counts if count is not None and 0 <= count < 1e12]
    tokens = Tokens(sum(told), None, source="provider") if counts and len(told) == len(counts) else None
    return EmbeddingsGiven(tuple(vector.values for vector in given), tokens)
