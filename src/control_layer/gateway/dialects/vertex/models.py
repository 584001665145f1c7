"""Models of Vertex AI: whose they are, and where they are asked."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote

from control_layer.gateway.dialects.dialect import Unsupported

__all__ = ["Publisher", "method_path", "publisher_of"]

Publisher = Literal["google", "anthropic"]
_FULL = re.compile(r"(?:publishers/)?([a-z0-9-]+)/(?:models/)?([^/]+)")
_TUNED = re.compile(r"endpoints/[^/]+")
_PUBLISHERS: dict[str, Publisher] = {"google": "google", "anthropic": "anthropic", "models": "google"}


def publisher_of(model: str) -> Publisher:
    """Whose dialect a model speaks. Raises `Unsupported` for those of others than Google and Anthropic.

    `anthropic/claude-…`, `publishers/google/models/gemini-…` and bare names are understood; what has no publisher is
    Anthropic's where it is called Claude, and else Google's, as tuned models at `endpoints/…` are.
    """
    if _TUNED.fullmatch(model):
        return "google"
    found = _FULL.fullmatch(model)
    if found is None:
        return "anthropic" if model.lower().startswith("claude") else "google"
    publisher = _PUBLISHERS.get(found[1])
    if publisher is None:
        raise Unsupported(
            "model", f"Models of {found[1]!r} are served at Vertex AI's OpenAI-compatible address, not at this one."
        )
    return publisher


def method_path(model: str, method: str) -> str:
    """Where one asks a model, but for project and location."""
    if _TUNED.fullmatch(model):
        return f"/v1/{quote(model, safe='/')}:{method}"
    name = model.rsplit("/", 1)[-1]
    return f"/v1/publishers/{publisher_of(model)}/models/{quote(name, safe='@')}:{method}"
