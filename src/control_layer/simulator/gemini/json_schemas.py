"""References in JSON schemas: each stands alone, and refers to what is defined in `$defs`."""

from __future__ import annotations

from typing import Any

from control_layer.simulator.gemini.refusals import refusal

__all__ = ["check_references"]

_DEFS = "#/$defs/"
_NAMED = ("properties", "$defs")
_LISTED = ("anyOf", "oneOf", "prefixItems")


def check_references(schema: Any) -> None:
    """Raises Refusal."""
    if isinstance(schema, dict):
        defined = schema.get("$defs")
        _check("", schema, frozenset(defined if isinstance(defined, dict) else ()))


def _check(at: str, schema: Any, defined: frozenset[str]) -> None:
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if not reference.startswith(_DEFS) or reference.removeprefix(_DEFS) not in defined:
            raise refusal(f"reference to undefined schema at {at or 'top-level'}")
        if any(not name.startswith("$") for name in schema):
            raise refusal(f"$ref '{reference}' was set alongside unsupported fields.")
    for name in _NAMED:
        inner = schema.get(name)
        for key, each in inner.items() if isinstance(inner, dict) else ():
            _check(f"{at}{name}.{key}", each, defined)
    for name in _LISTED:
        inner = schema.get(name)
        for number, each in enumerate(inner if isinstance(inner, list) else ()):
            _check(f"{at}.{name}.{number}", each, defined)
    for name in ("items", "additionalProperties"):
        _check(f"{at}.{name}", schema.get(name), defined)
