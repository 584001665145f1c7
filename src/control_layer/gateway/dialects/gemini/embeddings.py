"""Vectors of `:batchEmbedContents` (https://ai.google.dev/api/embeddings)."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.dialect import Outgoing, UnreadableAnswer
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.gemini.requests import NOTHING, Content, Part, method_path, resource_of
from control_layer.gateway.dialects.gemini.tokens import tokens_of
from control_layer.gateway.dialects.omissions import Omissions

__all__ = ["read_embeddings", "write_embeddings"]


class _EmbedRequest(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    model: str
    content: Content
    output_dimensionality: int | None = None


class _BatchRequest(msgspec.Struct, frozen=True):
    requests: list[_EmbedRequest]


class _Embedding(msgspec.Struct):
    values: tuple[float, ...]


class _BatchAnswer(msgspec.Struct, rename="camel"):
    embeddings: list[_Embedding]
    usage_metadata: msgspec.Raw = NOTHING


_decode = msgspec.json.Decoder(_BatchAnswer).decode
_encode = msgspec.json.Encoder().encode


def write_embeddings(asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported`."""
    omissions = Omissions(lenient=lenient)
    if asked.user is not None:
        omissions.drop("user")
    for name in asked.others:
        omissions.refuse(name, f"Gemini's API has nothing like {name!r}.")
    resource = resource_of(model)
    requests = [_EmbedRequest(resource, Content([Part(text=text)]), asked.dimensions) for text in asked.texts]
    body = _encode(_BatchRequest(requests))
    return Outgoing(method_path(model, "batchEmbedContents"), body, dropped=omissions.dropped)


def read_embeddings(body: bytes) -> EmbeddingsGiven:
    """Raises `UnreadableAnswer`."""
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer has no embeddings: {error}") from error
    vectors = tuple(embedding.values for embedding in answer.embeddings)
    return EmbeddingsGiven(vectors, tokens_of(answer.usage_metadata))
