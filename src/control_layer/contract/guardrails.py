"""What both planes know of guardrails: the row that gateways get, what patterns find, what external checks are asked.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax), which take time in proportion to the text whatever the
pattern. The library is loaded by the first pattern, so that an instance without guardrails never loads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol

import msgspec

__all__ = [
    "LARGEST_WINDOW",
    "LEAST_WINDOW",
    "SEPARATOR",
    "WINDOW_CHARACTERS",
    "Fail",
    "Guardrail",
    "InvalidPattern",
    "Kind",
    "Pattern",
    "Question",
    "Stage",
    "Verdict",
    "check_pattern",
    "compiled",
]

Kind = Literal["deny_pattern", "allow_pattern", "redact", "external"]
Stage = Literal["request", "answer", "both"]
Fail = Literal["open", "closed"]
"""Of an external check that cannot be asked: `open` lets pass, `closed` blocks."""

WINDOW_CHARACTERS: Mapping[Kind, int] = {"deny_pattern": 256, "redact": 256, "external": 1000}
"""How much of a stream is looked at together where a guardrail does not say: for patterns, the longest match that is
surely found, for so much text is held back until what follows it has come; how much a service is asked about at a time.
"""
LEAST_WINDOW, LARGEST_WINDOW = 16, 32_768
"""A window is searched again with each event that comes: the largest one costs some 90 µs each time, 256 take 6."""
SEPARATOR = "\x1e"
"""Stands between the texts of one question (U+001E, record separator)."""
_MOST_MEMORY = 8 * 1024 * 1024
"""Of a pattern's program and its automaton."""


class Guardrail(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A check that requests or answers must pass. Lower positions come first."""

    id: str
    name: str
    position: int
    stage: Stage
    kind: Kind
    models: tuple[str, ...] | None = None
    """Ids of the models it holds for; `None` for all."""
    groups: tuple[str, ...] | None = None
    """Ids of the groups whose members it holds for; `None` for everybody."""
    pattern: str = ""
    replacement: str = ""
    url: str = ""
    timeout: float = 0.0
    """Seconds that an external check may take."""
    fail: Fail = "closed"
    whole: bool = False
    """The external check is asked about a stream once, when all of it has come."""
    sealed_secret: bytes | None = None
    """What identifies us to the external check (see `sealing`)."""
    window: int | None = None
    """How many characters of a stream it looks at together; `None`: as `WINDOW_CHARACTERS` says."""

    @property
    def window_characters(self) -> int:
        """The same, whatever says so; not of one that looks at the whole."""
        return self.window or WINDOW_CHARACTERS[self.kind]


class Question(msgspec.Struct):
    """What an external check is asked. `text` holds several texts with `SEPARATOR` between them."""

    stage: Literal["request", "answer"]
    model: str
    key_id: str
    user_id: str
    text: str


class Verdict(msgspec.Struct):
    """What it answers. `text` stands in the place of the question's, for `redact`; clients are told the `reason`."""

    action: Literal["allow", "deny", "redact"]
    text: str | None = None
    reason: str | None = None


class InvalidPattern(ValueError):
    """The pattern is none; the message says why."""


class _Match(Protocol):
    def span(self) -> tuple[int, int]: ...


class Pattern(Protocol):
    """A compiled pattern, for UTF-8. What stands before `pos` is not searched, but is known to `^` and `\\b`."""

    def search(self, text: bytes, pos: int = 0) -> _Match | None: ...

    def finditer(self, text: bytes, pos: int = 0) -> Iterator[_Match]: ...


def compiled(pattern: str) -> Pattern:
    """The pattern, ready for use. Raises `InvalidPattern`."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MOST_MEMORY
    try:
        ready: Any = re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else "it cannot be understood"
        raise InvalidPattern(f"not a pattern that RE2 understands: {reason}") from error
    except UnicodeEncodeError as error:
        raise InvalidPattern("not a pattern: it has half of a surrogate pair") from error
    found: Pattern = ready
    return found


def check_pattern(pattern: str, kind: Kind) -> None:
    """Raises `InvalidPattern` for what is no pattern, or would find nothing at all between any two letters."""
    if compiled(pattern).search(b"") is not None and kind != "allow_pattern":
        raise InvalidPattern("the pattern matches the empty text; write one that needs at least a character")
