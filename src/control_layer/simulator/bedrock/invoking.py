"""InvokeModel for the models that make vectors, each of which has a language of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from control_layer.simulator.bedrock.checks import parsed, refusal
from control_layer.simulator.native import Answered
from control_layer.simulator.script import Script
from control_layer.simulator.text import count_tokens, vector

__all__ = ["MODELS_OF_VECTORS", "invoked"]

MODELS_OF_VECTORS = ("amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3")
_TITAN = re.compile(r"amazon\.titan-embed-text-v(\d)")
_COHERE = re.compile(r"cohere\.embed-(v4|english-v3|multilingual-v3)")
_FIRST_LENGTH, _LENGTH = 1536, 1024
_MAX_TEXTS = 96
_MAX_CHARACTERS = 2048

_Use = Literal["search_document", "search_query", "classification", "clustering"]
_Type = Literal["float", "int8", "uint8", "binary", "ubinary"]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class _FirstTitan(_Strict, rename="camel"):
    input_text: str


class _Titan(_Strict, rename="camel"):
    input_text: str
    dimensions: Literal[256, 512, 1024] = 1024
    normalize: bool = True
    embedding_types: list[Literal["float", "binary"]] | None = None


class _Cohere(_Strict):
    texts: list[str]
    input_type: _Use
    truncate: Literal["NONE", "START", "END"] = "NONE"
    embedding_types: list[_Type] | None = None


class _NewerCohere(_Strict):
    texts: list[str]
    input_type: _Use
    truncate: Literal["NONE", "LEFT", "RIGHT"] = "NONE"
    embedding_types: list[_Type] | None = None
    output_dimension: Literal[256, 512, 1024, 1536] = 1536
    max_tokens: int = 128_000


def invoked(model: str, fields: dict[str, Any]) -> Callable[[Script, str], Answered]:
    """What answers, once the request was checked. Raises Refusal."""
    titan = _TITAN.search(model)
    if titan is not None:
        return _titans(parsed(fields, _FirstTitan) if titan[1] == "1" else parsed(fields, _Titan))
    cohere = _COHERE.search(model)
    if cohere is None:
        raise refusal("Malformed input request: the model is not simulated here, please use Converse instead.")
    request = parsed(fields, _NewerCohere) if cohere[1] == "v4" else parsed(fields, _Cohere)
    if not 0 < len(request.texts) <= _MAX_TEXTS:
        raise refusal(f"Malformed input request: #/texts: expected maximum item count: {_MAX_TEXTS}")
    if isinstance(request, _Cohere) and max(map(len, request.texts)) > _MAX_CHARACTERS:
        raise refusal(f"Malformed input request: #/texts: expected maxLength: {_MAX_CHARACTERS}")
    return _coheres(request)


def _titans(request: _FirstTitan | _Titan) -> Callable[[Script, str], Answered]:
    if not request.input_text:
        raise refusal("Malformed input request: #/inputText: expected minLength: 1, actual: 0")

    def answer(script: Script, answer_id: str) -> Answered:
        del answer_id
        size = request.dimensions if isinstance(request, _Titan) else _FIRST_LENGTH
        values, count = vector(request.input_text, size), count_tokens(request.input_text)
        body: dict[str, Any] = {"embedding": values, "inputTextTokenCount": count}
        if isinstance(request, _Titan):
            body["embeddingsByType"] = {"float": values}
        return _answered(body, count, script)

    return answer


def _coheres(request: _Cohere | _NewerCohere) -> Callable[[Script, str], Answered]:
    def answer(script: Script, answer_id: str) -> Answered:
        size = request.output_dimension if isinstance(request, _NewerCohere) else _LENGTH
        vectors = [vector(f"{request.input_type} {text}", size) for text in request.texts]
        types = request.embedding_types
        body = {
            "id": answer_id,
            "texts": request.texts,
            "embeddings": vectors if types is None else dict.fromkeys(types, vectors),
            "response_type": "embeddings_floats" if types is None else "embeddings_by_type",
        }
        return _answered(body, sum(map(count_tokens, request.texts)), script)

    return answer


def _answered(body: dict[str, Any], count: int, script: Script) -> Answered:
    headers = [] if script.usage == "none" else [(b"x-amzn-bedrock-input-token-count", b"%d" % count)]
    return Answered(body=body, usage={"inputTokens": count}, headers=headers)
