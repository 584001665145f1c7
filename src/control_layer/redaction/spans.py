"""What is replaced in a text, in the pieces of which it is made."""

from __future__ import annotations

from collections.abc import Sequence

from control_layer.contract.spans import Span, T

__all__ = ["shares"]


def shares(lengths: Sequence[int], spans: Sequence[Span[T]]) -> list[list[Span[T]]]:
    """What `spans` of a text are in each of its pieces, which have these lengths, by offsets of the pieces.

    The replacement stands in the piece in which the span begins; of the others only what is too much goes.
    """
    pieces: list[list[Span[T]]] = []
    begin, pending = 0, list(spans)
    for length in lengths:
        end, here = begin + length, []
        while pending and pending[0].start < end:
            span = pending.pop(0)
            here.append(Span(span.start - begin, min(span.end, end) - begin, span.by, span.source))
            if span.end > end:
                pending.insert(0, Span(end, span.end, b"", span.source))
        pieces.append(here)
        begin = end
    return pieces
