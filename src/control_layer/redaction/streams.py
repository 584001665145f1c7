"""Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as they are kept.

What a model says comes in pieces, a few letters an event: pieces that belong together are told by the name of the
member that they stand in, and by the indexes beside it. That is so in all dialects that we know.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field

from control_layer.redaction.literals import Literal, literals

__all__ = ["Stream", "is_stream"]

_BEGINS = (b"data:", b"event:", b"id:", b"retry:", b":")
_LINE = re.compile(rb"[^\r\n]+")
_DATA = re.compile(rb"data:\s*(?=[{[])")
_INDEX = re.compile(rb'"(?:index|output_index|content_index|summary_index)"\s*:\s*(\d+)')
_PIECES = frozenset(
    b"content text delta arguments partial_json thinking reasoning reasoning_content refusal transcript".split()
)
"""Members whose values are pieces of something longer."""
_PIECE = re.compile(rb'"(%b)"\s*:\s*"([^"]*)"' % b"|".join(_PIECES))


def is_stream(body: bytes) -> bool:
    """Whether a body is one, by its first line."""
    return body.lstrip().startswith(_BEGINS)


@dataclass(slots=True)
class Stream:
    """The parts of a stream's bytes."""

    channels: dict[Hashable, list[Literal]] = field(default_factory=lambda: defaultdict(list))
    """Pieces that belong together."""
    alone: list[Literal] = field(default_factory=list)
    """All other strings and numbers."""
    texts: list[tuple[int, int]] = field(default_factory=list)
    """Lines that are no JSON, by their offsets."""

    @classmethod
    def of(cls, body: bytes, *, only_pieces: bool) -> Stream:
        """Takes a stream apart; with `only_pieces`, of lines without escapes no more than what may belong together."""
        stream = cls()
        for line in _LINE.finditer(body):
            data = _DATA.match(body, *line.span())
            if data is None:
                stream.texts.append(line.span())
                continue
            indexes = tuple(_INDEX.findall(line.group()))
            if only_pieces and b"\\" not in line.group():
                for piece in _PIECE.finditer(body, *line.span()):
                    key, text = piece.groups()
                    stream.channels[key, indexes].append(Literal(*piece.span(2), text, True, key))
                continue
            for literal in literals(body, data.end(), line.end()):
                if literal.key in _PIECES and literal.quoted:
                    stream.channels[literal.key, indexes].append(literal)
                else:
                    stream.alone.append(literal)
        return stream
