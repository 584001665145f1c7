"""Everything that is not AI traffic goes to the control plane as it is, and its answer back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_layer.wire import Call, ExchangeError, Header, Request, Responder

if TYPE_CHECKING:
    from control_layer.gateway.data_plane import DataPlane

__all__ = ["Relay"]

_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)  # RFC 9110, 7.6.1
_FRAMING = frozenset((b"content-length", b"expect"))
_OURS = b"x-control-layer-"
_PEER = b"x-control-layer-peer"
_AWAY_HEADERS = ((b"content-type", b"application/json"), (b"retry-after", b"5"), (b"cache-control", b"no-store"))
_AWAY = (
    b'{"error":"service_unavailable","message":"The management API is restarting or its database cannot be reached; '
    b'try again shortly. AI requests are not affected.","retry_after_seconds":5}'
)


class Relay:
    """One request on its way to the control plane: the client's side."""

    __slots__ = ("_call",)

    def __init__(self, plane: DataPlane, request: Request, responder: Responder) -> None:
        responder.send_continue()
        self._call: Call = plane.control.send(
            _Reply(responder),
            request.method,
            request.target,
            _lines(request, plane.config.identity_fields),
            None if request.has_body else b"",
            body_length=request.content_length,
        )

    def on_body(self, data: bytes) -> None:
        self._call.write(data)

    def on_end(self) -> None:
        self._call.end()

    def on_disconnect(self) -> None:
        self._call.cancel()

    def pause_writing(self) -> None:
        self._call.pause()

    def resume_writing(self) -> None:
        self._call.resume()


class _Reply:
    """The control plane's answer on its way back."""

    __slots__ = ("_responder",)

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    def on_response(self, status: int, headers: list[Header], length: int | None) -> None:
        dropped = _named_by_connection(headers)
        kept = [
            header
            for header in headers
            if header[0] not in _HOP_BY_HOP and header[0] != b"content-length" and header[0] not in dropped
        ]
        self._responder.start(status, kept, length)

    def on_data(self, data: bytes) -> None:
        self._responder.write(data)

    def on_complete(self) -> None:
        self._responder.end()

    def on_error(self, error: ExchangeError) -> None:
        del error  # the supervisor and the control plane log why; the client needs to know what to do
        if self._responder.started:
            self._responder.abort()
        else:
            self._responder.respond(503, _AWAY_HEADERS, _AWAY)

    def pause_writing(self) -> None:
        self._responder.pause_body()

    def resume_writing(self) -> None:
        self._responder.resume_body()


def _lines(request: Request, identity_fields: frozenset[bytes]) -> bytes:
    """The client's fields for the control plane, its own Host among them, and what only we can say."""
    dropped = _named_by_connection(request.headers)
    lines = [
        b"%b: %b\r\n" % header
        for header in request.headers
        if header[0] not in _HOP_BY_HOP
        and header[0] not in _FRAMING
        and (not header[0].startswith(_OURS) or header[0] in identity_fields)
        and header[0] not in dropped
    ]
    # The control plane throttles logins by peer and believes proxies by it; only we set this line, no client can.
    lines.append(b"%b: %b\r\n" % (_PEER, request.peer.encode()))
    # The wire puts a Host of its own unless the lines begin with one.
    lines.sort(key=_is_not_host)
    return b"".join(lines)


def _is_not_host(line: bytes) -> bool:
    return not line.startswith(b"host:")


def _named_by_connection(headers: list[Header]) -> frozenset[bytes]:
    named = [value for name, value in headers if name == b"connection"]
    if not named:
        return frozenset()
    return frozenset(token.strip().lower() for value in named for token in value.split(b","))
