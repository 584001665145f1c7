"""Stretches of a text that something else takes the place of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

__all__ = ["Span", "cut", "merged"]

T = TypeVar("T")


class Span(NamedTuple, Generic[T]):
    """What stands between two offsets gives way to `by`; `source` is what found it."""

    start: int
    end: int
    by: bytes
    source: T


def merged(spans: Iterable[Span[T]]) -> list[Span[T]]:
    """In order and apart from each other: what overlaps becomes one, with the word of the one that begins first.

    Of those that begin at the same place the first given has the word.
    """
    apart: list[Span[T]] = []
    for span in sorted(spans, key=lambda span: span.start):
        if apart and span.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return apart


def cut(text: bytes, spans: Sequence[Span[T]]) -> bytes:
    """The text with `spans`, in order and apart, replaced."""
    parts: list[bytes] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], span.by)
        at = span.end
    return b"".join((*parts, text[at:]))
