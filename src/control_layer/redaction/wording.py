"""The words of a body, for whoever looks for them: what its strings say, without the JSON around them."""

from __future__ import annotations

from collections.abc import Iterable

from control_layer.redaction.literals import literals
from control_layer.redaction.streams import Stream, is_stream

__all__ = ["wording"]

_LONGEST_WORD = 500
"""What is longer without a space is an image, a sound, or nothing that anybody looks for."""


def wording(body: bytes, *, most: int) -> str:
    """At most `most` bytes of what a body says; nothing of what is no text."""
    if is_stream(body):
        channels = Stream.of(body, only_pieces=True).channels.values()
        texts: Iterable[bytes] = (b"".join(piece.text for piece in pieces) for pieces in channels)
    elif body.lstrip()[:1] in (b"{", b"["):
        texts = (literal.text for literal in literals(body) if literal.quoted and not literal.is_name)
    else:
        texts = () if b"\0" in body else (body,)
    said = b"\n".join(text for text in texts if len(text) <= _LONGEST_WORD or _has_words(text))
    return said[:most].decode(errors="replace").replace("\0", " ")


def _has_words(text: bytes) -> bool:
    return b" " in text[:_LONGEST_WORD] or b"\n" in text[:_LONGEST_WORD]
