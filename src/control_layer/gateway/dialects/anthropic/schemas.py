"""JSON schemas within the limits of Anthropic's structured outputs and strict tools.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations": objects have no
properties but those named, and much of what narrows a value down is refused. What is refused goes into the description,
so that the model is told.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Inexpressible", "constrained", "of_an_object"]

_KEPT = frozenset(
    (
        *("type", "enum", "const", "default", "description", "title", "required", "$ref", "properties", "$defs"),
        *("definitions", "items", "anyOf", "allOf", "additionalProperties"),
    )
)
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"),
)
_SAYS_NOTHING = frozenset(("$schema", "$id", "$comment"))
_NAMED = ("properties", "$defs", "definitions")


class _Typed(msgspec.Struct):
    type: str | list[str] | None = None


_decode = msgspec.json.Decoder().decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_type = msgspec.json.Decoder(_Typed).decode
_encode = msgspec.json.Encoder().encode


class Inexpressible(Exception):
    """The schema wants something that would be lost without it."""


def of_an_object(schema: msgspec.Raw) -> msgspec.Raw:
    """The schema of a tool's arguments with its type, which Anthropic and Amazon insist on."""
    try:
        if _decode_type(schema).type is not None:
            return schema
        return msgspec.Raw(_encode({"type": "object", **_decode_fields(schema)}))
    except (msgspec.MsgspecError, RecursionError):
        return schema


def constrained(schema: msgspec.Raw, description: str | None = None) -> msgspec.Raw:
    """The schema as Anthropic takes it. Raises `Inexpressible` for objects with properties of any name."""
    try:
        tree = _decode(schema)
        if isinstance(tree, dict) and description is not None:
            tree.setdefault("description", description)
        return msgspec.Raw(_encode(_constrained(tree)))
    except RecursionError:
        raise Inexpressible("It is nested too deeply.") from None


def _constrained(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    hints: dict[str, Any] = {}
    for name, value in schema.items():
        if name == "oneOf":
            kept["anyOf"] = _each(value)
        elif _taken(name, value):
            kept[name] = _inside(name, value)
        elif name not in _SAYS_NOTHING:
            hints[name] = value
    if _is_object(kept):
        if kept.get("additionalProperties", False) is not False:
            raise Inexpressible("Anthropic takes no object with `additionalProperties`.")
        kept["additionalProperties"] = False
    if hints:
        told = ", ".join(f"{name}: {_encode(value).decode()}" for name, value in hints.items())
        before = kept.get("description")
        kept["description"] = f"{before}\n\n({told})" if before else f"({told})"
    return kept


def _taken(name: str, value: Any) -> bool:
    if name == "format":
        return value in _FORMATS
    return value in (0, 1) if name == "minItems" else name in _KEPT


def _inside(name: str, value: Any) -> Any:
    if name in _NAMED and isinstance(value, dict):
        return {key: _constrained(inner) for key, inner in value.items()}
    if name in ("anyOf", "allOf"):
        return _each(value)
    return _constrained(value) if name == "items" else value


def _each(value: Any) -> Any:
    return [_constrained(inner) for inner in value] if isinstance(value, list) else value


def _is_object(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema
