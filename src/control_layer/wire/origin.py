"""Where a pool's connections go."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Origin"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True, frozen=True)
class Origin:
    """`http` or `https` at a host and port, or `unix` with the socket's path as `host`."""

    scheme: str
    host: str
    port: int

    @classmethod
    def unix(cls, path: str) -> Origin:
        """A server on a Unix socket."""
        return cls("unix", path, 0)

    @property
    def authority(self) -> bytes:
        """The Host field (RFC 9110, 7.2)."""
        if self.scheme == "unix":
            return b"localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        if _DEFAULT_PORTS.get(self.scheme) == self.port:
            return host.encode("idna" if not host.isascii() else "ascii")
        return host.encode("idna" if not host.isascii() else "ascii") + b":%d" % self.port
