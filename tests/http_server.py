"""A small server of HTTP/1.1 that answers as a test says, each connection in a thread of its own."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Handler", "serving"]


class Handler(BaseHTTPRequestHandler, ABC):
    """Answers POST."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.post(self.rfile.read(int(self.headers["content-length"])))

    @abstractmethod
    def post(self, body: bytes) -> None:
        """A request has come: `answer` it."""

    def answer(self, status: int, body: bytes) -> None:
        """An answer of JSON."""
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing is said of what was asked."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on loopback, which ends with the context."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
