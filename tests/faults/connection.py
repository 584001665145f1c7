"""A blocking HTTP/1.1 client that can misbehave: it sends half of what it announced, leaves whenever it is told to, and
says whether an answer's framing was whole. It shares no code with what it tests.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

__all__ = ["Answer", "Broken", "Connection"]

_READ_BYTES = 64 * 1024
_MAX_HEAD_BYTES = 64 * 1024


class Broken(Exception):
    """The connection ended, or spoke something else than HTTP, before the answer was whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole one."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body, which is an object."""
        fields = json.loads(self.body)
        assert isinstance(fields, dict), self.body[:100]
        return fields


class Connection:
    """One connection to the host of `base_url`; one request after the other. Whatever ends it early is `Broken`."""

    def __init__(self, base_url: str, *, seconds: float = 30.0) -> None:
        """Every wait ends after `seconds`, with TimeoutError. Raises OSError where nobody listens."""
        parts = urlsplit(base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        assert parts.hostname is not None
        self._host = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._socket = socket.create_connection((parts.hostname, port), timeout=seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=parts.hostname)
        self._buffer = b""
        self._headers: dict[str, str] = {}
        self.reusable = True
        """Whether another request may follow."""

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Goes away without a word."""
        self.reusable = False
        self._socket.close()

    # -- a request ---------------------------------------------------------------------------------------------------

    def send(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        method: str = "POST",
        announced: int | None = None,
    ) -> None:
        """A request to `path` below the base. Where `announced` is more than `body` has, it is left hanging."""
        length = len(body) if announced is None else announced
        lines = [f"{method} {self._path}{path} HTTP/1.1", f"host: {self._host}", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send_raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def send_raw(self, data: bytes) -> None:
        """These very bytes."""
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise
        except OSError as error:
            self.reusable = False
            raise Broken(str(error)) from error

    # -- its answer --------------------------------------------------------------------------------------------------

    def answer(self) -> Answer:
        """Reads a whole answer."""
        status = self.status()
        return Answer(status, self._headers, b"".join(self.pieces()))

    def status(self) -> int:
        """Reads an answer's head."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD_BYTES:
                raise Broken("an endless head")
            self._more()
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        version, _, rest = lines[0].partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise Broken(f"no status line: {lines[0][:100]!r}")
        fields = (line.partition(":") for line in lines[1:])
        self._headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        if self._headers.get("connection", "").lower() == "close":
            self.reusable = False
        status = int(rest[:3])
        return self.status() if status == 100 else status

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes, without its framing; ends only where the answer does."""
        if self._headers.get("transfer-encoding", "").lower() == "chunked":
            yield from self._chunks()
        elif "content-length" in self._headers:
            yield from self._exactly(int(self._headers["content-length"]))
        else:
            self.reusable = False
            while self._buffer or self._fill():
                piece, self._buffer = self._buffer, b""
                yield piece

    def _chunks(self) -> Iterator[bytes]:
        while True:
            while (end := self._buffer.find(b"\r\n")) < 0:
                self._more()
            line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                raise Broken(f"no chunk size: {line[:100]!r}") from None
            yield from self._exactly(size)
            while len(self._buffer) < 2:
                self._more()
            if not self._buffer.startswith(b"\r\n"):
                raise Broken("a chunk that does not end")
            self._buffer = self._buffer[2:]
            if size == 0:
                return

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            if not self._buffer:
                self._more()
            piece, self._buffer = self._buffer[:size], self._buffer[size:]
            size -= len(piece)
            yield piece

    def _more(self) -> None:
        if not self._fill():
            raise Broken("the connection was closed before the answer was whole")

    def _fill(self) -> bool:
        try:
            data = self._socket.recv(_READ_BYTES)
        except TimeoutError:
            self.reusable = False
            raise
        except OSError as error:
            self.reusable = False
            raise Broken(str(error)) from error
        if not data:
            self.reusable = False
        self._buffer += data
        return bool(data)
