"""The form of an answer as chat completions ask for it (https://platform.openai.com/docs/guides/structured-outputs).

OpenAI keeps to a schema where it is `strict`, and refuses as strict those that leave something open. Clients of APIs
that keep to every schema do not say so: theirs are strict wherever they may be at OpenAI's own models. What other
servers take as strict is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from control_layer.gateway.dialects.conversation import ResponseFormat
from control_layer.gateway.dialects.openai_chat.provider_reasoning import is_openais
from control_layer.gateway.dialects.openai_chat.requests import JsonSchema, ResponseFormatParam

__all__ = ["format_of"]

_NAME = "answer"
"""Where the client's dialect has no name for a form."""


_Format = Literal["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]


class _Schema(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"reference": "$ref", "defs": "$defs", "dialect": "$schema"},
):
    """What a strict schema may say ("Supported schemas" of the guide)."""

    type: str | list[str] | None = None
    properties: dict[str, _Schema] = {}
    required: list[str] = []
    additionalProperties: Any = None  # noqa: N815
    items: _Schema | None = None
    anyOf: list[_Schema] = []  # noqa: N815
    defs: dict[str, _Schema] = {}
    definitions: dict[str, _Schema] = {}
    reference: str | None = None
    dialect: str | None = None
    title: str | None = None
    description: str | None = None
    enum: Any = None
    const: Any = None
    pattern: Any = None
    format: _Format | None = None
    minimum: Any = None
    maximum: Any = None
    exclusiveMinimum: Any = None  # noqa: N815
    exclusiveMaximum: Any = None  # noqa: N815
    multipleOf: Any = None  # noqa: N815
    minItems: Any = None  # noqa: N815
    maxItems: Any = None  # noqa: N815

    def inner(self) -> Iterator[_Schema]:
        """The schemas in it."""
        yield from self.properties.values()
        yield from self.defs.values()
        yield from self.definitions.values()
        yield from self.anyOf
        if self.items is not None:
            yield self.items

    def is_closed(self) -> bool:
        """Every object has all the properties that it names, and no other."""
        is_object = self.properties or self.type == "object" or "object" in (self.type or ())
        if is_object and (self.additionalProperties is not False or set(self.required) != self.properties.keys()):
            return False
        return all(schema.is_closed() for schema in self.inner())


_decode = msgspec.json.Decoder(_Schema).decode


def format_of(wanted: ResponseFormat, model: str) -> ResponseFormatParam:
    """`response_format`."""
    if wanted.kind == "json_object" or wanted.schema is None:
        return ResponseFormatParam("json_object")
    strict = wanted.strict
    if wanted.name is None and strict is None and is_openais(model):
        strict = _may_be_strict(wanted.schema) or None
    return ResponseFormatParam(
        "json_schema", JsonSchema(wanted.name or _NAME, wanted.description, wanted.schema, strict)
    )


def _may_be_strict(schema: msgspec.Raw) -> bool:
    try:
        tree = _decode(schema)
        return tree.type == "object" and tree.is_closed()
    except (msgspec.ValidationError, RecursionError):
        return False
