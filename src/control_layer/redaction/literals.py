"""The strings and long numbers of a JSON text (RFC 8259), where they stand in it; the text may be cut off."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

__all__ = ["Literal", "literals", "written"]

# A string, to its end or that of the text; or a number that may be somebody's.
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|(?<![\w.+-])-?\d{5,}[\d.eE+-]*', re.DOTALL)
_COLON = re.compile(rb"\s*:\s*")
_TO_ESCAPE = re.compile(rb'[\x00-\x1f"\\]|\xed[\xa0-\xbf][\x80-\xbf]')
"""RFC 8259, 7; and halves of surrogate pairs, which are no UTF-8."""


class Literal(NamedTuple):
    """A string or number."""

    start: int
    end: int
    """Of what stands between the quotes."""
    text: bytes
    """What it says, in UTF-8."""
    quoted: bool
    key: bytes | None
    """The name of the member whose value it is; `None` for elements of arrays, and for names."""
    is_name: bool = False


def literals(body: bytes, begin: int = 0, end: int | None = None) -> Iterator[Literal]:
    """Those between two offsets of `body`, in order."""
    end = len(body) if end is None else end
    key, value_at = None, -1
    for token in _TOKEN.finditer(body, begin, end):
        quoted = token.start(1) >= 0
        group = 1 if quoted else 0
        text = _said(token.group(group)) if quoted else token.group()
        colon = _COLON.match(body, token.end(), end) if quoted else None
        of = key if token.start() == value_at else None
        yield Literal(*token.span(group), text, quoted, of, colon is not None)
        if colon is not None:
            key, value_at = text, colon.end()


def written(literal: Literal, text: bytes) -> bytes:
    """What stands in the body where the literal stood, if it says `text`. A number becomes a string."""
    escaped = _TO_ESCAPE.sub(_escape, text)
    return escaped if literal.quoted else b'"' + escaped + b'"'


def _said(raw: bytes) -> bytes:
    if b"\\" not in raw:
        return raw
    quoted = b'"%b"' % raw
    try:
        return msgspec.json.decode(quoted, type=str).encode()
    except msgspec.DecodeError:  # what follows is slower and takes more
        pass
    try:
        said: str = json.loads(quoted, strict=False)
    except ValueError:  # cut off within an escape, or no JSON
        return raw
    return said.encode(errors="surrogatepass")


def _escape(found: re.Match[bytes]) -> bytes:
    character = found.group()
    if character in b'"\\':
        return b"\\" + character
    return b"\\u%04x" % ord(character.decode(errors="surrogatepass"))
