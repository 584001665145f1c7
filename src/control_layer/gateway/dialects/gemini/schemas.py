"""JSON schemas in the words that Gemini knows of the language.

https://ai.google.dev/api/generate-content#FIELDS.response_json_schema: a reference stands alone, to a place in `$defs`.
What the API does not know it passes over, or refuses where something refers to it. So what says the same in other words
is said in these, and the rest stays as it came.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["known"]

_OTHER_WORDS = (b'"$ref"', b'"const"', b'"allOf"')
_DEFINITIONS, _DEFS = "definitions", "$defs"
_OLD, _NEW = "#/definitions/", "#/$defs/"
_NAMED = ("properties", _DEFS, _DEFINITIONS)
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def known(schema: msgspec.Raw) -> msgspec.Raw:
    """The schema as Gemini takes it; the very bytes where nothing in it is to be said otherwise."""
    given = bytes(schema)
    if not any(word in given for word in _OTHER_WORDS):
        return schema
    try:
        return msgspec.Raw(_encode(_known(_decode(given))))
    except RecursionError:
        return schema


def _known(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    said = {name: _inside(name, value) for name, value in schema.items()}
    if isinstance(said.get(_DEFINITIONS), dict):
        said[_DEFS] = said.pop(_DEFINITIONS) | said.get(_DEFS, {})
    if isinstance(reference := said.get("$ref"), str) and reference.startswith(_OLD):
        said["$ref"] = _NEW + reference.removeprefix(_OLD)
    _say_constant(said)
    _say_alternatives(said)
    return said


def _inside(name: str, value: Any) -> Any:
    if name in _NAMED and isinstance(value, dict):
        return {key: _known(inner) for key, inner in value.items()}
    if name in _LISTED and isinstance(value, list):
        return [_known(inner) for inner in value]
    return _known(value) if name in _SINGLE else value


def _say_constant(said: dict[str, Any]) -> None:
    """The API knows lists of texts and numbers only."""
    value = said.get("const")
    if isinstance(value, str | int | float) and not isinstance(value, bool) and "enum" not in said:
        del said["const"]
        said["enum"] = [value]


def _say_alternatives(said: dict[str, Any]) -> None:
    """A reference beside something else, or all of a single schema, is one of a single alternative."""
    if "anyOf" in said or "oneOf" in said:
        return
    every = said.get("allOf")
    if isinstance(every, list) and len(every) == 1 and "$ref" not in said:
        said["anyOf"] = said.pop("allOf")
    elif "$ref" in said and any(not name.startswith("$") for name in said):
        said["anyOf"] = [{"$ref": said.pop("$ref")}]
