"""The head of a request, as a handler sees it."""

from __future__ import annotations

from typing import Any

from control_layer.wire.headers import Header, first

__all__ = ["Request"]


class Request:
    """One request's head. Fixed from the moment a handler gets it."""

    __slots__ = (
        "content_length", "derived", "has_body", "headers", "http_minor", "method", "path", "peer", "query", "target",
        "upgrade",
    )  # fmt: skip

    def __init__(
        self,
        method: bytes,
        target: bytes,
        headers: list[Header],
        *,
        http_minor: int,
        content_length: int | None,
        has_body: bool,
        upgrade: bool,
        peer: str,
    ) -> None:
        self.method = method
        self.target = target
        """In origin form (RFC 9112, 3.2.1), as the client sent it."""
        self.path, _, self.query = target.partition(b"?")
        self.headers = headers
        self.http_minor = http_minor
        self.content_length = content_length
        """`None` for a chunked body, and where there is none."""
        self.has_body = has_body
        self.upgrade = upgrade
        """Whether it asks for a WebSocket; other upgrades are ignored (RFC 9110, 7.8)."""
        self.peer = peer
        self.derived: Any = None
        """For the handler to keep what it makes of the head: a request with the same head finds it here."""

    def with_length(self, length: int) -> Request:
        """The request with the same head but for its content-length."""
        if length == self.content_length:
            return self
        other = Request.__new__(Request)
        other.method = self.method
        other.target = self.target
        other.path = self.path
        other.query = self.query
        told = (b"content-length", b"%d" % length)
        other.headers = [told if header[0] == b"content-length" else header for header in self.headers]
        other.http_minor = self.http_minor
        other.content_length = length
        other.has_body = length > 0
        other.upgrade = self.upgrade
        other.peer = self.peer
        other.derived = self.derived
        return other

    def header(self, name: bytes) -> bytes | None:
        """The first value of a field, by its lower-case name."""
        return first(self.headers, name)
