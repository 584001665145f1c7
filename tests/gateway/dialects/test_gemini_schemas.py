"""Schemas that clients send, in the words that Gemini knows of the language."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from control_layer.gateway.dialects.gemini.schemas import known
from control_layer.simulator.gemini.json_schemas import check_references
from control_layer.simulator.strictness import Refusal


def said(schema: Any) -> Any:
    """What Gemini gets, which the simulation takes."""
    written = msgspec.json.decode(known(msgspec.Raw(msgspec.json.encode(schema))))
    check_references(written)
    return written


PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {"properties": {"at": {"$ref": "#/$defs/P", "description": "Where."}}, "$defs": {"P": PLACE}},
            {"properties": {"at": {"anyOf": [{"$ref": "#/$defs/P"}], "description": "Where."}}, "$defs": {"P": PLACE}},
            id="a reference with a description",
        ),
        pytest.param(
            {
                "properties": {"at": {"allOf": [{"$ref": "#/definitions/P"}], "title": "At"}},
                "definitions": {"P": PLACE},
            },
            {"properties": {"at": {"anyOf": [{"$ref": "#/$defs/P"}], "title": "At"}}, "$defs": {"P": PLACE}},
            id="older definitions, and all of one",
        ),
        pytest.param(
            {"items": {"anyOf": [{"const": "a", "type": "string"}, {"const": 7}, {"const": True}]}},
            {"items": {"anyOf": [{"enum": ["a"], "type": "string"}, {"enum": [7]}, {"const": True}]}},
            id="constants",
        ),
        pytest.param(
            {"$ref": "#/$defs/Tree", "$defs": {"Tree": {"properties": {"sub": {"items": {"$ref": "#/$defs/Tree"}}}}}},
            {"$ref": "#/$defs/Tree", "$defs": {"Tree": {"properties": {"sub": {"items": {"$ref": "#/$defs/Tree"}}}}}},
            id="what refers to itself",
        ),
        pytest.param(
            {"properties": {"const": {"type": "string"}, "$ref": {"default": {"const": 1, "$ref": "x"}}}},
            {"properties": {"const": {"type": "string"}, "$ref": {"default": {"const": 1, "$ref": "x"}}}},
            id="names and values are no words of the language",
        ),
        pytest.param(
            {"allOf": [{"const": 1}, PLACE], "anyOf": [True]},
            {"allOf": [{"enum": [1]}, PLACE], "anyOf": [True]},
            id="what has no other words",
        ),
    ],
)
def test_the_same_in_words_that_gemini_knows(schema: Any, expected: Any) -> None:
    assert said(schema) == expected


def test_what_needs_no_other_words_is_sent_as_it_came() -> None:
    raw = msgspec.Raw(b'{ "type" :"object",  "properties":{"a":{"type":["string","null"]}}}')
    assert known(raw) is raw


def test_what_is_nested_too_deeply_is_sent_as_it_came() -> None:
    raw = msgspec.Raw(b'{"items":' * 3000 + b'{"$ref":"x"}' + b"}" * 3000)
    assert known(raw) is raw


def test_the_simulation_refuses_what_gemini_does() -> None:
    for schema in (
        {"properties": {"at": {"$ref": "#/definitions/P"}}, "definitions": {"P": PLACE}},
        {"properties": {"at": {"$ref": "#/$defs/P", "title": "At"}}, "$defs": {"P": PLACE}},
    ):
        with pytest.raises(Refusal):
            check_references(json.loads(json.dumps(schema)))
