"""Vectors of `/api/embed` (https://docs.ollama.com/api/embed)."""

from __future__ import annotations

import msgspec

from control_layer.gateway.dialects.dialect import Outgoing, UnreadableAnswer
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.omissions import Omissions
from control_layer.gateway.usage import from_object

__all__ = ["read_embeddings", "write_embeddings"]

_PATH = "/api/embed"


class _EmbedRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    model: str
    input: tuple[str, ...]
    truncate: bool
    """What is too long is an error, as it is to OpenAI's clients; Ollama would leave out its end."""
    dimensions: int | None = None


class _EmbedAnswer(msgspec.Struct):
    embeddings: tuple[tuple[float, ...], ...]
    prompt_eval_count: int | float | None = None


_decode = msgspec.json.Decoder(_EmbedAnswer).decode
_encode = msgspec.json.Encoder().encode


def write_embeddings(asked: EmbeddingsAsked, model: str, *, lenient: bool) -> Outgoing:
    """Raises `Unsupported`."""
    omissions = Omissions(lenient=lenient)
    if asked.user is not None:
        omissions.drop("user")
    for name in asked.others:
        omissions.refuse(name, f"Ollama's API has nothing like {name!r}.")
    body = _EmbedRequest(model, asked.texts, truncate=False, dimensions=asked.dimensions)
    return Outgoing(_PATH, _encode(body), dropped=omissions.dropped)


def read_embeddings(body: bytes) -> EmbeddingsGiven:
    """Raises `UnreadableAnswer`."""
    try:
        answer = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableAnswer(f"The provider's answer has no embeddings: {error}") from error
    return EmbeddingsGiven(answer.embeddings, from_object({"prompt_tokens": answer.prompt_eval_count}))
