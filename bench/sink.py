"""A stand-in for a provider, as cheap as Python allows: prebuilt answers, no parsing beyond a request's length.

`python -m bench.sink` prints its port. A request whose body asks for a stream gets one in which each chunk carries the
time at which it was sent (nanoseconds of the machine's monotonic clock), so that the receiver knows how long it took.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import deque
from typing import cast

import uvloop

__all__ = ["ANSWER_BODY", "SENT_AT", "main"]

SENT_AT = b"@"
"""Stands before the 19 digits of a chunk's time of sending."""

ANSWER_BODY = (
    b'{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"sim-small","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hello! How can I help you today?"},"logprobs":null,'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":180,"completion_tokens":9,"total_tokens":189}}'
)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(ANSWER_BODY),
    ANSWER_BODY,
)
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_CHUNK = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"sim-small",'
    b'"choices":[{"index":0,"delta":{"content":" @%019d"},"logprobs":null,"finish_reason":null}]}\n\n'
)
_STREAM_END = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"sim-small",'
    b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"sim-small",'
    b'"choices":[],"usage":{"prompt_tokens":180,"completion_tokens":400,"total_tokens":580}}\n\n'
    b"data: [DONE]\n\n"
)
_WINDOW = 64 * 1024
"""Of a body only its beginning is looked at."""
_TICK_SECONDS = 0.001


class Streams:
    """All streams of the process: each gets its next chunk at its own phase of the interval, from one shared timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chunks: int, interval: float) -> None:
        self._loop = loop
        self._chunks = chunks
        self._interval = interval
        self._due: deque[tuple[float, Sink, int]] = deque()
        self._ticking = False

    def begin(self, sink: Sink) -> None:
        """Sends head and first chunk."""
        sink.write(_STREAM_HEAD)
        self._send(time.monotonic(), sink, self._chunks)

    def _send(self, now: float, sink: Sink, left: int) -> None:
        if not left:
            sink.end_stream()
            return
        data = _CHUNK % time.monotonic_ns()
        sink.write(b"%x\r\n%b\r\n" % (len(data), data))
        # Every stream waits equally long, so the queue is in order.
        self._due.append((now + self._interval, sink, left - 1))
        if not self._ticking:
            self._ticking = True
            self._loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        due = self._due
        self._ticking = False
        while due and due[0][0] <= now:
            at, sink, left = due.popleft()
            self._ticking = True  # one timer is enough: it is set again below
            self._send(at, sink, left)
        self._ticking = bool(due)
        if due:
            self._loop.call_later(_TICK_SECONDS, self._tick)


class Sink(asyncio.Protocol):
    """One connection."""

    __slots__ = ("_begun", "_left", "_streams", "_transport", "_window")

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._transport: asyncio.WriteTransport | None = None
        self._begun = False
        self._left = 0
        self._window = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._transport = None

    def data_received(self, data: bytes) -> None:
        if self._begun:
            self._left -= len(data)
            if len(self._window) < _WINDOW:
                self._window += data
        else:
            self._window += data
            end = self._window.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begun = True
            self._left = end + 4 + _content_length(self._window[:end]) - len(self._window)
        if not self._left:
            self._begun = False
            window, self._window = self._window, b""
            if b'"stream":true' in window:
                self._streams.begin(self)
            else:
                self.write(_ANSWER)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def end_stream(self) -> None:
        self.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(_STREAM_END), _STREAM_END))


def _content_length(head: bytes) -> int:
    at = head.find(b"ontent-")
    while at >= 0:
        name = head[at : at + 14].lower()
        if name == b"ontent-length:":
            return int(head[at + 14 : (head + b"\r\n").index(b"\r\n", at)])
        at = head.find(b"ontent-", at + 1)
    return 0


async def _serve(chunks: int, interval: float) -> None:
    loop = asyncio.get_running_loop()
    streams = Streams(loop, chunks, interval)
    server = await loop.create_server(lambda: Sink(streams), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.sink")
    parser.add_argument("--chunks", type=int, default=200)
    parser.add_argument("--interval", type=float, default=0.05, help="seconds between two chunks of a stream")
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.chunks, arguments.interval))


if __name__ == "__main__":
    main()
