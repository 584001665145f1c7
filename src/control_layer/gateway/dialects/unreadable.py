"""What is told of an error answer that says nothing of itself in its dialect."""

from __future__ import annotations

from http import HTTPStatus

__all__ = ["MAX_QUOTED", "answered", "quoted"]

MAX_QUOTED = 500
"""Characters."""


def answered(status: int) -> str:
    """The status in words."""
    try:
        return f"The provider answered {status} {HTTPStatus(status).phrase}."
    except ValueError:
        return f"The provider answered {status}."


def quoted(body: bytes, status: int) -> str:
    """The beginning of what came, or else the status."""
    return body[: 4 * MAX_QUOTED].decode(errors="replace").strip()[:MAX_QUOTED] or answered(status)
