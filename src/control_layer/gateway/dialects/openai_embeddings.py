"""Embeddings as OpenAI's clients ask for them and get them (https://platform.openai.com/docs/api-reference/embeddings).

There is no other form for clients.
"""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from typing import Literal

import msgspec

from control_layer.gateway.dialects.dialect import Unsupported
from control_layer.gateway.dialects.embeddings import EmbeddingsAsked, EmbeddingsGiven
from control_layer.gateway.dialects.openai_chat.client_requests import NOTHING_SAID

__all__ = ["read_request", "write_answer"]


class _RequestBody(msgspec.Struct):
    input: str | list[str | int | list[int]]
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
    model: str | None = None


class _Embedding(msgspec.Struct, frozen=True, tag_field="object", tag="embedding"):
    index: int
    embedding: str | tuple[float, ...]


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int
    total_tokens: int


class _AnswerBody(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="object", tag="list"):
    data: list[_Embedding]
    model: str
    usage: _Usage | None = None


_decode = msgspec.json.Decoder(_RequestBody).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_CLOSE_TO_ONE = 1e-6
"""What is as near to it as 32-bit floats are stays as it came."""
_KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(_RequestBody))


def read_request(body: bytes | bytearray) -> EmbeddingsAsked:
    """Raises `Unsupported` and msgspec.ValidationError, both with the name of what is at fault."""
    request = _decode(body)
    given = [request.input] if isinstance(request.input, str) else request.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise Unsupported("input", "Only OpenAI's own API takes tokens. Send the texts.")
    fields = _decode_fields(body)
    others = {name: value for name, value in fields.items() if name not in _KNOWN and bytes(value) not in NOTHING_SAID}
    return EmbeddingsAsked(
        texts=tuple(texts),
        dimensions=request.dimensions,
        packed=request.encoding_format == "base64",
        user=request.user,
        others=others,
    )


def write_answer(given: EmbeddingsGiven, asked: EmbeddingsAsked, model: str) -> bytes:
    """`model` is the name that the client used. Without counts there is no `usage`."""
    vectors = given.vectors if asked.dimensions is None else [_of_length_one(vector) for vector in given.vectors]
    data = [_Embedding(index, _packed(vector) if asked.packed else vector) for index, vector in enumerate(vectors)]
    used = None if given.tokens is None else given.tokens.input
    return _encode(_AnswerBody(data, model, None if used is None else _Usage(used, used)))


def _of_length_one(vector: tuple[float, ...]) -> tuple[float, ...]:
    """As OpenAI's are, cut short or not: clients compare them by their products. Gemini's are not, once they are cut
    (https://ai.google.dev/gemini-api/docs/embeddings#quality-for-smaller-dimensions).
    """
    length = math.hypot(*vector)
    if length == 0 or abs(length - 1) < _CLOSE_TO_ONE:
        return vector
    return tuple(value / length for value in vector)


def _packed(vector: tuple[float, ...]) -> str:
    """32-bit floats, little-endian."""
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
