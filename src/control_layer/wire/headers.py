"""Header fields as the wire carries them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["NAMES", "Header", "first", "is_token", "render_lines"]

Header = tuple[bytes, bytes]
"""A field's name in lower case and its value without surrounding white space. Order and repetition are kept."""

_colon = b": ".join
_TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Names(dict[bytes, bytes]):
    """Field names in any spelling, and in lower case as one object each, whose hash is then known.

    Only tokens are kept, so that being in here is being one. It is emptied when a client has filled it with nonsense.
    """

    def __missing__(self, spelled: bytes) -> bytes:
        name = spelled.lower()
        if len(name) > _MAX_KEPT_NAME or not is_token(name):
            return name
        if len(self) >= _MAX_KEPT_NAMES:
            self.clear()
        name = self.setdefault(name, name)
        self[spelled] = name
        return name


_MAX_KEPT_NAME = 64
_MAX_KEPT_NAMES = 2048
"""Clients and providers of one gateway use some hundred; at the bound it is about 400 KB."""
NAMES = _Names()
"""`NAMES[spelled]` is the name in lower case."""


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
    lines = b"\r\n".join(map(_colon, headers))
    return lines + b"\r\n" if lines else lines
