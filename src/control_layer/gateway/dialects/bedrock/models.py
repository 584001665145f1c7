"""What the models of Bedrock take that Converse has no common words for, by their names.

Names are those of models (`anthropic.claude-…`), of inference profiles, which have a place before them
(`eu.anthropic.claude-…`), or ARNs that end in either.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec

from control_layer.gateway.dialects.anthropic.models import Abilities, abilities

__all__ = ["Model", "model_of"]

Family = Literal["claude", "nova", "gpt-oss", "other"]


class Model(msgspec.Struct, frozen=True):
    """One model."""

    family: Family
    able: Abilities
    """What it takes if it is a Claude."""

    @property
    def caches(self) -> bool:
        """Takes marks for prompt caching."""
        return self.family in ("claude", "nova")

    @property
    def cites(self) -> bool:
        """Takes what a search has found as such; others are shown it as a document."""
        return self.family == "claude"

    @property
    def thinks(self) -> bool:
        """Takes back what was thought; others refuse a signature."""
        return self.family == "claude"


@lru_cache(maxsize=512)
def model_of(name: str) -> Model:
    """The model of that name; one that nobody here knows is sent what all of them take."""
    able = abilities(name)
    if able.claude:
        return Model("claude", able)
    lower = name.lower()
    if "amazon.nova" in lower:
        return Model("nova", able)
    return Model("gpt-oss" if "gpt-oss" in lower else "other", able)
