"""Rules: what is looked for, and what stands in its place.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax), which take time in proportion to the text whatever the
pattern: nobody's expression can hold up recording.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import re2

__all__ = ["BUILT_IN", "BuiltIn", "InvalidRule", "Rule", "check_pattern", "compiled"]

Narrow = Callable[[bytes], Iterable[tuple[int, int]]]
"""Takes what a pattern found, in UTF-8, and says which stretches of it are meant, where no pattern can say it all."""

_CARD_DIGITS = 13, 19
_DIGITS = re.compile(rb"[0-9]+")
_MOST_MEMORY = 8 * 1024 * 1024
"""Of a pattern's program and its automaton."""


class InvalidRule(ValueError):
    """The pattern is none; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be replaced."""

    name: str
    pattern: str
    replacement: str
    narrow: Narrow | None = None

    @property
    def anchored(self) -> bool:
        """Whether it may find in a text what it does not find where lines or quotes stand around it."""
        return self.pattern not in _OURS and any(mark in self.pattern for mark in _ANCHORS)


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A pattern that comes with us."""

    pattern: str
    narrow: Narrow | None = None


def compiled(pattern: str) -> Any:
    """The pattern, for UTF-8 in bytes. Raises `InvalidRule`."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args else "it cannot be understood"
        raise InvalidRule(f"not a pattern that RE2 understands: {reason}") from error
    except UnicodeEncodeError as error:
        raise InvalidRule("not a pattern: it has half of a surrogate pair") from error


def check_pattern(pattern: str) -> None:
    """Raises `InvalidRule` for what is no pattern, or would find nothing at all between any two letters."""
    if compiled(pattern).search(b"") is not None:
        raise InvalidRule("the pattern matches the empty text; write one that needs at least a character")


def _card_numbers(found: bytes) -> Iterator[tuple[int, int]]:
    """Groups of digits that are a card's number together, whatever other numbers stand beside them."""
    groups = [group.span() for group in _DIGITS.finditer(found)]
    for first, (start, _) in enumerate(groups):
        for _, end in groups[first:]:
            digits = [byte - 48 for byte in found[start:end] if byte not in b" -"]
            if len(digits) > _CARD_DIGITS[1]:
                break
            if len(digits) >= _CARD_DIGITS[0] and _has_check_digit(digits):
                yield start, end


def _has_check_digit(digits: list[int]) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_SECRETS = (
    r"\bsk-[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic, ourselves and many more
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS access key ids
    r"\bgh[pousr]_[A-Za-z0-9]{30,}",  # GitHub
    r"\bgithub_pat_[A-Za-z0-9_]{22,}",
    r"\bglpat-[A-Za-z0-9_-]{20,}",  # GitLab
    r"\bxox[a-z]-[A-Za-z0-9-]{10,}",  # Slack
    r"\bAIza[0-9A-Za-z_-]{35}",  # Google
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # JSON Web Tokens
    r"(?i:\bbearer\s+[a-z0-9._~+/-]{16,}=*)",  # RFC 6750
    # A private key in PEM (RFC 7468); to the end of the text where its own end is missing.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)",
)

BUILT_IN: Mapping[str, BuiltIn] = {
    "secrets": BuiltIn("|".join(_SECRETS)),
    # RFC 5321, without quoted local parts, which nobody has.
    "emails": BuiltIn(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"),
    "credit_cards": BuiltIn(r"\b[0-9](?:[ -]?[0-9]){12,}\b", _card_numbers),
}
"""By name."""

_OURS = frozenset(rule.pattern for rule in BUILT_IN.values())
_ANCHORS = ("^", "$", "\\A", "\\z")
