"""Which header fields the request log keeps beside bodies, and what of them: nothing that gives access to anything."""

from __future__ import annotations

import re

from control_layer.wire import Header

__all__ = ["logged_headers"]

_HIDDEN = "…"
_NOT_SHOWN = frozenset(
    (
        b"sec-websocket-protocol",  # browsers carry the key in it
        b"referer",  # with a query that may hold anything
    )
)
_SECRET_WORDS = tuple(
    b"apikey assertion cookie credential credentials jwt key passphrase passwd password secret session signature token "
    b"tokenid".split()
)
"""Ends of words of names: whoever invents a field for a secret calls it that."""
_SAFE = frozenset((b"idempotency-key", b"sec-websocket-key"))
_SECRET_VALUES = (b"bearer ", b"basic ", b"digest ", b"sk-", b"eyj")
_LEFT_OUT = frozenset((b"content-length",))
"""A head is read once for requests that differ in it only; what was sent and answered is counted elsewhere."""
_WORD = re.compile(rb"[^-_.]+")
_LONGEST_VALUE = 1024
_MOST_BYTES = 8 * 1024
_MAX_DECIDED = 2048


class _Hidden(dict[bytes, bool]):
    """Which fields' values are never kept: decided once for each name, forgotten when there are too many."""

    def __missing__(self, name: bytes) -> bool:
        if len(self) >= _MAX_DECIDED:
            self.clear()
        hidden = self[name] = name not in _SAFE and (
            name in _NOT_SHOWN
            or any(word.endswith(_SECRET_WORDS) or word.startswith(b"auth") for word in _WORD.findall(name))
        )
        return hidden


_hidden = _Hidden()


def logged_headers(headers: list[Header], secret: bytes | None = None) -> tuple[tuple[str, str], ...]:
    """Names, in lower case, with values: `…` for what is a credential by its name, by how it begins, or because the
    caller's `secret` is in it.

    Long values are cut, and where there are more than 8 KiB of them the last one says how many are left out.
    """
    kept: list[tuple[str, str]] = []
    room = _MOST_BYTES
    for number, (name, value) in enumerate(headers):
        if name in _LEFT_OUT:
            continue
        if _hidden[name] or (secret and secret in value) or value[:7].lower().startswith(_SECRET_VALUES):
            shown = _HIDDEN
        elif len(value) > _LONGEST_VALUE:
            shown = value[:_LONGEST_VALUE].decode("latin-1") + "…"
        else:
            shown = value.decode("latin-1")
        room -= len(name) + len(shown)
        if room < 0:
            kept.append(("…", f"{len(headers) - number} more"))
            break
        kept.append((name.decode("latin-1"), shown))
    return tuple(kept)
