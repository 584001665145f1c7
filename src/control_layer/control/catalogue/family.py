"""A family of models that can the same, known by their name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from control_layer.contract.model_apis import Api

__all__ = ["CHAT", "Family"]

CHAT: tuple[Api, ...] = ("chat", "responses")
_BEFORE = r"(?:.*[/.])?(?:ft:)?"
"""Whoever serves it, and where: `openai/`, `us.anthropic.`, `models/`."""
_BEHIND = r"(?:[-@](?:latest|preview|exp|\d{4}-\d\d-\d\d|\d\d-\d\d(?:\d\d)?|\d{3,8}))*(?:-v\d+)?(?:[:@].*)?"
"""Which version it is. A word that is none of these makes it another model."""
_CAPABILITIES = {"image": "vision", "audio": "audio", "video": "video", "document": "documents"}
"""Of what is read beside text."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a model of such a name can do, by its provider's public description. `pattern` is of the name in lower case,
    without who serves it and without a version.
    """

    pattern: str
    apis: tuple[Api, ...] = CHAT
    input: tuple[str, ...] = ("text",)
    """`text`, `image`, `audio`, `video`, `document`."""
    output: tuple[str, ...] = ("text",)
    """`text`, `image`, `audio`, `embedding`, `score`."""
    does: tuple[str, ...] = ()
    """`tools`, `structured_output`, `reasoning`: all that it does of these."""
    context_window: int | None = None
    """Tokens. `None` where it depends on who serves it."""
    max_output_tokens: int | None = None
    bare: bool = False
    """Known only under its maker's name for it: whoever sells it under another one has other APIs for it."""
    _names: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        before = "" if self.bare else _BEFORE
        object.__setattr__(self, "_names", re.compile(f"{before}(?:{self.pattern}){_BEHIND}"))

    def has(self, name: str) -> bool:
        """Whether a model of that name, in lower case, is of the family."""
        return self._names.fullmatch(name) is not None

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What it does and what it reads beside text, in the words of `Model.capabilities`."""
        return (*self.does, *(_CAPABILITIES[medium] for medium in self.input if medium in _CAPABILITIES))
