"""Text that people type into fields."""

from __future__ import annotations

from control_layer.control.errors import invalid

__all__ = ["not_blank"]

_LONGEST = 1024
"""Characters. Postgres makes the pieces that a name is found by in a time that grows with the square of its length."""


def not_blank(field: str, text: str) -> str:
    """`text` trimmed. Raises 400 where nothing is left, or more than a name can be."""
    text = text.strip()
    if not text:
        raise invalid(f"Field '{field}' must not be empty or whitespace", code="blank")
    if len(text) > _LONGEST:
        raise invalid(f"Field '{field}' must be no more than {_LONGEST} characters", code="too_long")
    return text
