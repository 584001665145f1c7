"""Header fields as the wire carries them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Header", "first", "is_token", "render_lines"]

Header = tuple[bytes, bytes]
"""A field's name in lower case and its value without surrounding white space. Order and repetition are kept."""

_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def first(headers: Sequence[Header], name: bytes) -> bytes | None:
    """The first value of a field."""
    for known, value in headers:
        if known == name:
            return value
    return None


def is_token(value: bytes) -> bool:
    """Whether `value` is a token (RFC 9110, 5.6.2)."""
    return bool(value) and not value.translate(None, _TOKEN)


def render_lines(headers: Iterable[Header]) -> bytes:
    """Field lines, without the empty line that ends a head."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
