"""Stretches of a text that something else takes the place of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Span", "cut", "merged", "shares"]


class Span(NamedTuple):
    """What stands between two offsets gives way to `by`."""

    start: int
    end: int
    by: bytes
    rule: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order and apart from each other: what overlaps becomes one, with the word of the one that begins first."""
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if apart and span.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return apart


def cut(text: bytes, spans: Sequence[Span]) -> bytes:
    """The text with `spans`, in order and apart, replaced."""
    parts: list[bytes] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], span.by)
        at = span.end
    return b"".join((*parts, text[at:]))


def shares(lengths: Sequence[int], spans: Sequence[Span]) -> list[list[Span]]:
    """What `spans` of a text are in each of its pieces, which have these lengths, by offsets of the pieces.

    The replacement stands in the piece in which the span begins; of the others only what is too much goes.
    """
    pieces: list[list[Span]] = []
    begin, pending = 0, list(spans)
    for length in lengths:
        end, here = begin + length, []
        while pending and pending[0].start < end:
            span = pending.pop(0)
            here.append(Span(span.start - begin, min(span.end, end) - begin, span.by, span.rule))
            if span.end > end:
                pending.insert(0, Span(end, span.end, b"", span.rule))
        pieces.append(here)
        begin = end
    return pieces
