"""The head of a request, as a handler sees it."""

from __future__ import annotations

from control_layer.wire.headers import Header, first

__all__ = ["Request"]


class Request:
    """One request's head. Fixed from the moment a handler gets it."""

    __slots__ = (
        "content_length", "has_body", "headers", "http_minor", "method", "path", "peer", "query", "target", "upgrade"
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

    def header(self, name: bytes) -> bytes | None:
        """The first value of a field, by its lower-case name."""
        return first(self.headers, name)
