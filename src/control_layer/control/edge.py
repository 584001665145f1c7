"""The outermost layer: every answer gets security headers and its request's name; a plain 500 where all else failed."""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_layer.control.request_id import HEADER, name_request

__all__ = ["Edge"]

_log = structlog.get_logger(__name__)
_SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_NOT_STORED = ("/admin/api/", "/authentication/", "/scim/")


class Edge:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, *, security_headers: bool) -> None:
        self._app = app
        self._headers = _SECURITY_HEADERS if security_headers else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id = False, name_request(scope)

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._complete(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - the last line: whatever it was, the client gets an answer and we get a trace
            _log.error(
                "request_failed", method=scope["method"], path=scope["path"], request_id=request_id, exc_info=True
            )
            if not started:
                await PlainTextResponse("Internal server error", 500)(scope, receive, send_with_headers)

    def _complete(self, headers: MutableHeaders, path: str, request_id: str) -> None:
        headers[HEADER] = request_id
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if path.startswith(_NOT_STORED):
            headers.setdefault("cache-control", "no-store")
