"""How the length of a message is told, and what makes a head ambiguous (RFC 9112, 6; RFC 9110, 8.6).

llhttp refuses most of what follows; these checks say it once more in our own terms, for both roles, so that a change
of the parser's leniency cannot open a way to smuggle.
"""

from __future__ import annotations

from control_layer.wire.headers import NAMES, Header, is_token

__all__ = ["Ambiguous", "Framing", "framing_of"]


_FRAMING = frozenset((b"content-length", b"transfer-encoding"))


class Ambiguous(Exception):
    """The head can be read in two ways, or says what we do not do. `status` is what a server answers."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Framing:
    """`length` of the body in bytes, or `chunked`; neither where nothing is said."""

    __slots__ = ("chunked", "length")

    def __init__(self, length: int | None, chunked: bool) -> None:
        self.length = length
        self.chunked = chunked


def framing_of(headers: list[Header], http_minor: int) -> Framing:
    """Reads length and transfer coding. Raises `Ambiguous`."""
    length: int | None = None
    chunked = False
    for name, value in headers:
        if name not in _FRAMING:
            if name not in NAMES and not is_token(name):
                raise Ambiguous("a field name has a character it may not have")
        elif name == b"content-length":
            if length is not None:
                raise Ambiguous("more than one content-length")
            if not value.isdigit() or len(value) > 18:
                raise Ambiguous("content-length is not a number")
            length = int(value)
        else:
            if chunked or value.lower() != b"chunked":
                # RFC 9112, 6.1 would have a server say 501; to our clients their own bad input is never a 5xx.
                raise Ambiguous("only the chunked transfer coding is understood")
            chunked = True
    if chunked and length is not None:
        raise Ambiguous("both content-length and transfer-encoding")
    if chunked and http_minor == 0:
        raise Ambiguous("transfer-encoding in HTTP/1.0")
    return Framing(length, chunked)
