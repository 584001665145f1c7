"""Deterministic words, vectors and values, and the counting of tokens."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import Any

__all__ = ["count_tokens", "message_text", "value_for_schema", "vector", "words"]

_INTRODUCTION = "This is a simulated answer: no model was asked."
_WORDS = ("alpha", "bravo", "cedar", "delta", "ember", "frost", "grove", "haven", "iris", "juniper", "kelp", "lumen")
_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 4


def words(seed: str, count: int) -> list[str]:
    """The tokens of an answer, spaces included; the same for the same seed."""
    tokens = [word if index == 0 else f" {word}" for index, word in enumerate(_INTRODUCTION.split())]
    state = int.from_bytes(sha256(seed.encode()).digest()[:8], "big")
    while len(tokens) < count:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        tokens.append(" " + _WORDS[(state >> 33) % len(_WORDS)])
    return tokens[:count]


def message_text(content: Any) -> str:
    """The text of a message's content, whether a string or parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""


def count_tokens(text: str, messages: int = 0) -> int:
    """About four bytes a token, and a little for each message."""
    return max(1, -(-len(text.encode()) // _BYTES_PER_TOKEN)) + messages * _TOKENS_PER_MESSAGE


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector made of the text's hash."""
    values: list[float] = []
    block = 0
    while len(values) < dimensions:
        digest = sha256(f"{block}:{text}".encode()).digest()
        values += [int.from_bytes(digest[i : i + 4], "big") / 2**31 - 1 for i in range(0, 32, 4)]
        block += 1
    values = values[:dimensions]
    norm = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / norm for value in values]


def value_for_schema(schema: Any, root: Any = None) -> Any:
    """The simplest value that a JSON schema takes."""
    root = schema if root is None else root
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        target = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        return value_for_schema(target, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for combination in ("anyOf", "oneOf", "allOf"):
        if schema.get(combination):
            return value_for_schema(schema[combination][0], root)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object" or "properties" in schema:
        return {name: value_for_schema(inner, root) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [value_for_schema(schema.get("items", {}), root) for _ in range(max(1, schema.get("minItems", 1)))]
    return {"integer": 1, "number": 1.5, "boolean": True, "null": None}.get(str(kind), "simulated")
