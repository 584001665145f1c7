"""A provider that says the same very bytes to everybody, over TCP or TLS, and then does nothing more."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

__all__ = ["COMPLETION", "STALLED_STREAM", "scripted_provider", "spoken"]

_READ_BYTES = 64 * 1024
_CHUNK = {"id": "s", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
_ANSWER = {
    "id": "s",
    "object": "chat.completion",
    "created": 1,
    "model": "scripted",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def spoken(body: bytes, content_type: str, *, length: int | None) -> bytes:
    """A 200 of that length, or, with `None`, one that goes on in further chunks."""
    framing = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n".encode()
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if length is None else body)


def _said(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    return b"data: %b\n\n" % json.dumps({**_CHUNK, "choices": [choice]}).encode()


_WHOLE = json.dumps(_ANSWER).encode()
COMPLETION = spoken(_WHOLE, "application/json", length=len(_WHOLE))
"""A whole answer to a chat request."""
STALLED_STREAM = spoken(_said("Once ") + _said("upon"), "text/event-stream", length=None)
"""The beginning of a stream, after which nothing comes."""


@contextmanager
def scripted_provider(*pieces: bytes, tls: ssl.SSLContext | None = None, listens: bool = True) -> Iterator[int]:
    """Yields its port. `pieces` answer each request and leave one by one, and the connection stays open; without
    `listens` they are said to whoever connects, before he has said anything.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, pieces, tls, listens), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, pieces: Sequence[bytes], tls: ssl.SSLContext | None, listens: bool) -> None:
    with suppress(OSError):
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_serve, args=(peer, pieces, tls, listens), daemon=True).start()


def _serve(peer: socket.socket, pieces: Sequence[bytes], tls: ssl.SSLContext | None, listens: bool) -> None:
    """One connection, until the other side hangs up."""
    with suppress(OSError):  # a refused certificate is one, too
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with peer if tls is None else tls.wrap_socket(peer, server_side=True) as open_:
            while not listens or _heard(open_):
                for piece in pieces:
                    open_.sendall(piece)
                if not listens:
                    break
            while open_.recv(_READ_BYTES):
                pass


def _heard(peer: socket.socket) -> bool:
    """Whether a whole request came."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = peer.recv(_READ_BYTES)
        if not more:
            return False
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    missing = int(fields.get(b"content-length", b"0")) - len(body)
    while missing > 0:
        more = peer.recv(_READ_BYTES)
        if not more:
            return False
        missing -= len(more)
    return True
