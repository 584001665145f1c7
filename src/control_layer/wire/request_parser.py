"""Bytes to requests, over llhttp: heads under their limits, framing said twice, requests for an upgrade that nobody
switches to parsed as the ordinary requests they then are, and heads that came before not parsed again.
"""

from __future__ import annotations

from typing import NoReturn, Protocol

import httptools

from control_layer.wire.framing import Ambiguous, Framing, framing_of
from control_layer.wire.headers import NAMES, Header
from control_layer.wire.known_head import KnownHead
from control_layer.wire.limits import ServerLimits
from control_layer.wire.request import Request

__all__ = ["Deaf", "RequestParser", "Sink"]

_VERSIONS = {"1.1": 1, "1.0": 0}


class Deaf(Exception):
    """Raised by a sink that takes nothing more: the rest of the bytes is dropped."""


class Sink(Protocol):
    """Gets the requests of one connection in order."""

    def on_request(self, request: Request, *, keeps_alive: bool, expects_continue: bool) -> None:
        """A head is complete."""

    def on_body(self, data: bytes) -> None:
        """A piece of its body. The sink sets the parser's `silent` to 0, which tells that there was progress."""

    def on_end(self) -> None:
        """The request is complete."""

    def on_raw(self, data: bytes) -> None:
        """What followed a request for a WebSocket, which is no HTTP."""


class RequestParser:
    """The parser of one connection. What a sink raises comes out of `feed`."""

    __slots__ = (
        "_expects", "_first", "_head_bytes", "_headers", "_known", "_left", "_limits", "_muted", "_parser", "_peer",
        "_sink", "_skipped", "_switching", "_within", "in_head", "on_body", "silent", "target",
    )  # fmt: skip

    def __init__(self, sink: Sink, limits: ServerLimits, peer: str) -> None:
        self._sink = sink
        self._limits = limits
        self._peer = peer
        self._headers: list[Header] = []
        self.target = b""
        """Of the request that is being read, as far as it has come."""
        self._head_bytes = 0
        """Of the head that is being read, and of the trailers behind its body."""
        self._expects = False
        self._skipped: Framing | None = None
        """The framing of a body that the parser would skip, see `_restart`."""
        self._muted = False
        self._switching = False
        """A WebSocket was asked for: what follows is for the sink to understand."""
        self._known: KnownHead | None = None
        """The latest head that may come again."""
        self._left = 0
        """Of the body behind a known head, which needs no parser."""
        self._within = False
        """The parser is inside a message."""
        self._first = b""
        """The bytes that a message begins with, until its head is complete."""
        self.in_head = False
        self.silent = 0
        """Bytes since the last progress, all of which the parser may hold: half a field, an endless chunk extension."""
        self.on_body = sink.on_body
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        """Takes what the client sent. Raises `Ambiguous` for what is no request."""
        self.silent += len(data)
        while data:
            if self._left:
                data = self._take_known_body(data)
                continue
            if not self._within:
                rest = self._take_known_head(data)
                if rest is not None:
                    data = rest
                    continue
                self._first = data
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                if self._switching:
                    self._sink.on_raw(data)
                    return
                self._restart()
                continue
            except httptools.HttpParserCallbackError as error:
                raise error.__context__ or error from None
            except httptools.HttpParserError as error:
                raise Ambiguous(f"malformed request: {str(error) or type(error).__name__}") from error
            break
        self._first = b""
        if self.silent > self._limits.max_head_bytes:
            self._refuse("the request's head is too large", 431)

    def close(self) -> None:
        """Lets go of the sink: parser and connection would otherwise keep each other alive."""
        del self._parser, self._sink, self.on_body

    # -- httptools callbacks -----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._muted:
            return
        self._within = True
        self._headers = []
        self.target = b""
        self._head_bytes = self.silent = 0
        self._expects = False
        self.in_head = True

    def on_url(self, url: bytes) -> None:
        if not self.in_head:
            return
        self.target += url
        self._head_bytes += len(url)
        if self._head_bytes > self._limits.max_target_bytes:
            self._refuse("the request target is too long", 414)

    def on_header(self, name: bytes, value: bytes) -> None:
        size = self._head_bytes = self._head_bytes + len(name) + len(value) + 4
        limits, headers = self._limits, self._headers
        if size > limits.max_head_bytes or len(headers) >= limits.max_headers:
            self._refuse("the request's head is too large", 431)
        if not self.in_head:
            return  # a trailer: dropped (RFC 9110, 6.5.1), since it may not change a head that was acted upon
        name = NAMES[name]
        value = value.strip(b" \t")
        headers.append((name, value))
        if name == b"expect":
            if value.lower() != b"100-continue":
                self._refuse("only the expectation 100-continue is understood", 417)
            self._expects = True

    def on_headers_complete(self) -> None:
        if not self.in_head:
            return
        self.in_head = False
        parser, headers = self._parser, self._headers
        http_minor = _VERSIONS.get(parser.get_http_version())
        if http_minor is None:
            self._refuse("only HTTP/1.1 and HTTP/1.0 are spoken here")
        framing = framing_of(headers, http_minor)
        hosts = [name for name, _ in headers].count(b"host")
        if hosts > 1 or (not hosts and http_minor):
            self._refuse("exactly one host field is needed")  # RFC 9112, 3.2
        method = parser.get_method()
        target = self.target if self.target.startswith(b"/") else self._origin_form(method)
        if b"#" in target:
            self._refuse("the request target has a fragment")
        has_body = framing.chunked or bool(framing.length)
        upgrade = parser.should_upgrade()
        if upgrade and has_body:
            self._skipped = framing
        elif upgrade and method == b"GET":
            self._switching = any(name == b"upgrade" and value.lower() == b"websocket" for name, value in headers)
        request = Request(
            method,
            target,
            headers,
            http_minor=http_minor,
            content_length=framing.length,
            has_body=has_body,
            upgrade=self._switching,
            peer=self._peer,
        )
        keeps_alive = parser.should_keep_alive()
        if not keeps_alive:
            self._known = None
        elif self._first and framing.length is not None and http_minor and not upgrade and not self._expects:
            self._known = KnownHead.of(self._first, request) or self._known
        self._first = b""
        self._sink.on_request(
            request,
            keeps_alive=keeps_alive,
            expects_continue=self._expects and http_minor > 0,
        )

    def on_message_complete(self) -> None:
        if self._skipped is None:
            self._within = False
            self.silent = 0
            self._sink.on_end()

    # -- heads that came before --------------------------------------------------------------------------------------

    def _take_known_head(self, data: bytes) -> bytes | None:
        """Begins the next message where its head is known; what is behind the head. The parser is between messages."""
        found = self._known.match(data) if self._known is not None else None
        if found is None:
            return None
        request, end = found
        self.silent = 0
        self._left = request.content_length or 0
        self._sink.on_request(request, keeps_alive=True, expects_continue=False)
        if not self._left:
            self._sink.on_end()
        return data[end:]

    def _take_known_body(self, data: bytes) -> bytes:
        """The next piece of the body behind a known head; what is behind the body."""
        left, size = self._left, len(data)
        self._left = max(left - size, 0)
        if size <= left:
            self.on_body(data)
            rest = b""
        else:
            self.on_body(data[:left])
            rest = data[left:]
        if not self._left:
            self.silent = 0
            self._sink.on_end()
        return rest

    # -- details -----------------------------------------------------------------------------------------------------

    def _origin_form(self, method: bytes) -> bytes:
        """RFC 9112, 3.2: absolute form is understood, and its authority not trusted for anything."""
        target = self.target
        if method == b"CONNECT":
            self._refuse("this is not a forward proxy", 405)
        if target == b"*" and method == b"OPTIONS":
            return target
        scheme, found, rest = target.partition(b"://")
        if not found or scheme.lower() not in (b"http", b"https"):
            self._refuse("the request target is not understood")
        ends = [at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0]
        path = rest[min(ends) :] if ends else b""
        return path if path.startswith(b"/") else b"/" + path

    def _restart(self) -> None:
        """Goes on behind a request whose upgrade we ignore, as RFC 9110, 7.8 allows.

        httptools stops at each of them and takes the body for what comes after the switch: read as a next request, it
        would let a client smuggle one. A fresh parser is brought into the state of having just read the head.
        """
        self._parser = httptools.HttpRequestParser(self)
        framing, self._skipped = self._skipped, None
        if framing is None:
            return
        told = b"transfer-encoding: chunked" if framing.chunked else b"content-length: %d" % (framing.length or 0)
        self._muted = True
        self._parser.feed_data(b"POST / HTTP/1.1\r\nhost: -\r\n%b\r\n\r\n" % told)
        self._muted = False

    def _refuse(self, reason: str, status: int = 400) -> NoReturn:
        raise Ambiguous(reason, status)
