"""What the models of Bedrock take that Converse has no common words for, by their names.

Names are those of models (`anthropic.claude-…`), of inference profiles, which have a place before them
(`eu.anthropic.claude-…`), or ARNs that end in either.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

from control_layer.gateway.dialects.anthropic.models import Abilities, abilities

__all__ = ["Model", "model_of"]

Family = Literal["claude", "nova", "gpt-oss", "other"]
_NOVA = re.compile(r"amazon\.nova-(?:(\d{1,2})-)?")
_FIRST_THAT_REASONS = 2


class Model(msgspec.Struct, frozen=True):
    """One model."""

    family: Family
    able: Abilities
    """What it takes if it is a Claude."""
    reasons: bool = False
    """A Nova that can be told how much to think."""

    @property
    def caches(self) -> bool:
        """Takes marks for prompt caching."""
        return self.family in ("claude", "nova")

    @property
    def cites(self) -> bool:
        """Takes what a search has found as such; others are shown it as a document."""
        return self.family == "claude"

    @property
    def marks_errors(self) -> bool:
        """Takes it that a tool has failed (`status`); others refuse the field."""
        return self.family in ("claude", "nova")

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
    nova = _NOVA.search(lower)
    if nova is not None:
        return Model("nova", able, reasons=int(nova[1] or 1) >= _FIRST_THAT_REASONS)
    return Model("gpt-oss" if "gpt-oss" in lower else "other", able)
