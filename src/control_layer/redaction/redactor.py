"""Bodies with what the rules find replaced: JSON stays JSON, streams stay streams, and all else stays as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from control_layer.contract.spans import Span, cut, merged
from control_layer.redaction.literals import Literal, literals, written
from control_layer.redaction.rules import Rule, compiled
from control_layer.redaction.spans import shares
from control_layer.redaction.streams import Stream, is_stream

__all__ = ["Redacted", "Redactor"]

_DEEPEST = 3
"""JSON within strings of JSON: the arguments of tools are, and what tools answer may be."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A body, and how often each rule found something in it."""

    body: bytes
    found: Counter[str]


class Redactor:
    """A set of rules, ready for any number of bodies; threads may share it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Raises `InvalidRule`."""
        self._rules = [(rule, compiled(rule.pattern)) for rule in rules]
        self._any = compiled("|".join(f"(?:{rule.pattern})" for rule in rules)) if rules else None
        self._anchored = any(rule.anchored for rule in rules)
        """A rule may find in a string by itself what it does not find where the string is a part of more."""

    def redact(self, body: bytes) -> Redacted:
        """`body` without what the rules find.

        In JSON it is looked for in strings, however they are escaped, and in numbers of five digits and more; in a
        stream of JSON also where it is split over several events. In what is no JSON, wherever it stands.
        """
        found: Counter[str] = Counter()
        if self._any is None:
            return Redacted(body, found)
        if is_stream(body):
            return Redacted(self._in_stream(body, found), found)
        if b"\\" not in body and self._is_clean(body):
            return Redacted(body, found)
        whole = _is_json(body)
        if whole or _looks_like_json(body):
            body = self._in_json(body, found, 1)
        if whole:
            return Redacted(body, found)
        # No JSON, or cut off: what is left of it may stand outside of any string.
        return Redacted(self._in_text(body, found), found)

    def _in_text(self, text: bytes, found: Counter[str]) -> bytes:
        spans = self._spans(text)
        if not spans:
            return text
        found.update(span.source for span in spans)
        return cut(text, spans)

    def _in_json(self, body: bytes, found: Counter[str], depth: int) -> bytes:
        return cut(body, list(self._in_literals(list(literals(body)), found, depth)))

    def _in_literals(self, places: Sequence[Literal], found: Counter[str], depth: int) -> Iterable[Span[str]]:
        """What must change in a body: `Span`s of it."""
        texts = [literal.text for literal in places]
        if self._is_clean(b"\n".join(texts)) and not any(map(_hides_json, texts)):
            return
        for literal in places:
            text = literal.text
            if depth < _DEEPEST and _hides_json(text):
                text = self._in_json(text, found, depth + 1)
            text = self._in_text(text, found)
            if text != literal.text:
                yield Span(literal.start, literal.end, written(literal, text), "")

    def _in_stream(self, body: bytes, found: Counter[str]) -> bytes:
        stream = Stream.of(body, only_pieces=self._is_clean(body))
        changes = list(self._in_literals(stream.alone, found, 1))
        for pieces in stream.channels.values():
            changes += self._in_pieces(pieces, found)
        for start, end in stream.texts:
            spans = self._spans(body[start:end])
            found.update(span.source for span in spans)
            changes += (span._replace(start=start + span.start, end=start + span.end) for span in spans)
        return cut(body, sorted(changes))

    def _in_pieces(self, pieces: Sequence[Literal], found: Counter[str]) -> Iterable[Span[str]]:
        spans = self._spans(b"".join(piece.text for piece in pieces))
        if not spans:
            return
        found.update(span.source for span in spans)
        for piece, own in zip(pieces, shares([len(piece.text) for piece in pieces], spans), strict=True):
            if own:
                yield Span(piece.start, piece.end, written(piece, cut(piece.text, own)), "")

    def _is_clean(self, texts: bytes) -> bool:
        """Whether surely nothing will be found in any of some texts that stand in one behind the other."""
        return self._any is None or (not self._anchored and self._any.search(texts) is None)

    def _spans(self, text: bytes) -> list[Span[str]]:
        """What must go, in order and apart from each other."""
        if self._any is None or self._any.search(text) is None:
            return []
        return merged(
            Span(match.start() + start, match.start() + end, rule.replacement.encode(), rule.name)
            for rule, pattern in self._rules
            for match in pattern.finditer(text)
            for start, end in ([(0, len(match.group()))] if rule.narrow is None else rule.narrow(match.group()))
            if end > start
        )


def _looks_like_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[", b'"')


def _hides_json(text: bytes) -> bool:
    """Whether escapes within a string's own text may hide something."""
    return b"\\" in text and _looks_like_json(text)


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True
