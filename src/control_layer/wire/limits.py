"""What a server takes from clients, in bytes and seconds."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServerLimits"]


@dataclass(slots=True, frozen=True, kw_only=True)
class ServerLimits:
    """Bounds of one client connection.

    Worst case per connection: one head, one read of at most 256 KB that is being parsed, and the write buffer.
    """

    max_head_bytes: int = 64 * 1024
    max_headers: int = 128
    max_target_bytes: int = 16 * 1024
    max_pipelined: int = 64
    write_high_water: int = 64 * 1024
    write_low_water: int = 16 * 1024
    max_discarded_bytes: int = 256 * 1024 * 1024
    """Of a body that was answered early; a client that is still sending then has had its chance to read the answer."""
    head_timeout: float = 15.0
    body_timeout: float = 60.0
    keep_alive_timeout: float = 75.0
    write_timeout: float = 300.0
    linger_timeout: float = 5.0
