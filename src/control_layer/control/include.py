"""`include=`: a comma-separated list; what is unknown is ignored (§1.4)."""

from __future__ import annotations

__all__ = ["included"]


def included(value: str | None) -> frozenset[str]:
    """The items asked for."""
    return frozenset(item.strip() for item in (value or "").split(",") if item.strip())
