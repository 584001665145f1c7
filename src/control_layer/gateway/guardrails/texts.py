"""What is said in a JSON text: the strings that are content, where they stand, and how they are written anew.

Every string value counts, under whatever name: a second spelling of a name or a second value of it hides nothing. Left
out are identifiers under the names that protocols use for them, and payloads (images, sounds, files) in base64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

__all__ = ["Place", "Unreadable", "edited", "is_content", "places", "readings", "rewritten", "told_apart"]

Edit = Callable[[bytes], bytes]

_TOKEN = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"|\\?\Z)|(?<![\w.+-])-?\d{5,}[\d.eE+-]*', re.DOTALL)
"""A string, to its end or that of the text, or a number that may be somebody's (RFC 8259). Takes time in proportion to
the text: what is consumed is never looked at again."""
_COLON = re.compile(rb"\s*:\s*")
_DEEPEST = 3
"""JSON within strings of JSON: the arguments of tools are, and what tools answer may be."""
_IDENTIFIERS = frozenset(
    b"id type role name tool_call_id tool_use_id call_id item_id response_id previous_response_id file_id object model "
    b"finish_reason stop_reason stop_sequence native_finish_reason system_fingerprint service_tier status phase "
    b"detail format media_type encoding cache_control ttl signature encrypted_content obfuscation provider "
    b"object_id container_id server_label request_id created created_at".split()
)
_IDENTIFIER = re.compile(rb"[A-Za-z0-9_.:/|+=-]{0,128}")
_PAYLOADS = frozenset(
    b"data url image_url file_data file_url b64_json partial_image_b64 bytes result signature encrypted_content".split()
)
_LEAST_PAYLOAD = 1024
_PAYLOAD = re.compile(rb"(?:data:[^,]{0,256};base64,)?[A-Za-z0-9+/=_\r\n-]*")


class Unreadable(ValueError):
    """A string that cannot be read cannot be checked; says why."""


class Place(NamedTuple):
    """A string or a long number."""

    start: int
    end: int
    """Of all of it, quotes included."""
    text: bytes
    """What it says, in UTF-8."""


def is_content(name: bytes | None, text: bytes) -> bool:
    """Whether a string under that name is something that somebody says."""
    if not text:
        return False
    if name in _IDENTIFIERS and _IDENTIFIER.fullmatch(text):
        return False
    if len(text) < _LEAST_PAYLOAD or not (name in _PAYLOADS or text.startswith(b"data:")):
        return True
    return _PAYLOAD.fullmatch(text) is None


def places(body: bytes, *, numbers: bool = False, strict: bool = True) -> Iterator[Place]:
    """What is said in a JSON text, in order; with `numbers`, long numbers too.

    Raises `Unreadable`, if `strict`; else what cannot be read is taken as it stands.
    """
    name, value_at = None, -1
    for token in _TOKEN.finditer(body):
        if token.start(1) < 0:
            if numbers and not (token.start() == value_at and name in _IDENTIFIERS):
                yield Place(*token.span(), token.group())
            continue
        raw = token.group(1)
        colon = _COLON.match(body, token.end())
        if colon is not None:
            name, value_at = _said(raw, strict), colon.end()
            continue
        text = _said(raw, strict)
        if is_content(name if token.start() == value_at else None, text):
            yield Place(*token.span(), text)


def rewritten(body: bytes, edit: Edit, *, numbers: bool = False) -> bytes:
    """The JSON text with what is said in it edited. Where nothing changes, the very bytes."""
    return told_apart(body, [(place, edit(place.text)) for place in places(body, numbers=numbers, strict=False)])


def told_apart(body: bytes, edits: list[tuple[Place, bytes]]) -> bytes:
    """The JSON text that says at each place, in order, what stands beside it. A changed number becomes a string."""
    parts: list[bytes] = []
    at = 0
    for place, text in edits:
        if text != place.text:
            parts += (body[at : place.start], _written(text))
            at = place.end
    return b"".join((*parts, body[at:])) if at else body


def readings(text: bytes, depth: int = 1) -> Iterator[bytes]:
    """A text and, where it is JSON, what is said in it: escapes hide nothing."""
    yield text
    if depth < _DEEPEST and _hides_json(text):
        for place in places(text, strict=False):
            yield from readings(place.text, depth + 1)


def edited(text: bytes, edit: Edit, depth: int = 1) -> bytes:
    """A text after `edit`; where it is JSON, it stays JSON, and what is said in it is edited."""
    if depth < _DEEPEST and _looks_like_json(text) and _is_json(text):
        return rewritten(text, lambda inner: edited(inner, edit, depth + 1), numbers=True)
    if depth < _DEEPEST and _hides_json(text):
        text = rewritten(text, lambda inner: edited(inner, edit, depth + 1))
    return edit(text)


def _said(raw: bytes, strict: bool) -> bytes:
    if b"\\" not in raw:
        return raw
    quoted = b'"%b"' % raw
    try:
        return msgspec.json.decode(quoted, type=str).encode()
    except (msgspec.DecodeError, UnicodeDecodeError):  # half of a surrogate pair: what follows is slower and takes it
        pass
    try:
        said: str = json.loads(quoted, strict=False)
    except ValueError:
        if strict:
            raise Unreadable("it has a string that cannot be read") from None
        return raw
    return said.encode(errors="surrogatepass")


def _written(text: bytes) -> bytes:
    try:
        return msgspec.json.encode(text.decode())
    except UnicodeDecodeError:
        return json.dumps(text.decode(errors="surrogatepass")).encode()


def _looks_like_json(text: bytes) -> bool:
    return text.lstrip()[:1] in (b"{", b"[")


def _hides_json(text: bytes) -> bool:
    return b"\\" in text and _looks_like_json(text)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
