"""JSON with halves of surrogate pairs in it, as servers send it that cut text between the two (RFC 8259, 8.2).

No such half is a character, and the decoder refuses it. In its place stands U+FFFD, as in any text that was cut badly:
the rest of the answer is worth more than that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

__all__ = ["decoded"]

_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
"""A pair, a half, or any other escape, which may be a backslash before what looks like one."""
_REPLACEMENT = b"\\ufffd"

T = TypeVar("T")


def decoded(decode: Callable[[bytes], T], data: bytes) -> T:
    """What `decode` makes of it. Raises what that raises where halves were not all that is wrong."""
    try:
        return decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = _ESCAPE.sub(_whole, data)
        if mended == data:
            raise
        return decode(mended)


def _whole(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape["half"] is None else _REPLACEMENT
