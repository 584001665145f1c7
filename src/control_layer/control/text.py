"""Text that people type into fields."""

from __future__ import annotations

from control_layer.control.errors import invalid

__all__ = ["not_blank"]


def not_blank(field: str, text: str) -> str:
    """`text` trimmed. Raises 400 where nothing is left."""
    text = text.strip()
    if not text:
        raise invalid(f"Field '{field}' must not be empty or whitespace", code="blank")
    return text
