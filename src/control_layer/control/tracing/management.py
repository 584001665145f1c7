"""A span for each request of the management API, by the conventions for HTTP servers."""

from __future__ import annotations

from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_layer.control.request_id import HEADER

__all__ = ["TracedRequests"]

_NOT_TRACED = ("/healthz",)
"""Load balancers ask every few seconds."""


class _HeadersGetter(Getter[Headers]):
    def get(self, carrier: Headers, key: str) -> list[str] | None:
        return carrier.getlist(key) or None

    def keys(self, carrier: Headers) -> list[str]:
        return carrier.keys()


_PROPAGATOR = TraceContextTextMapPropagator()
_GETTER = _HeadersGetter()


class TracedRequests:
    """ASGI middleware, around all others. The caller's `traceparent` is the span's parent."""

    def __init__(self, app: ASGIApp, *, tracer: Tracer, scheme: str) -> None:
        """`scheme` is what clients speak: `http` or `https`."""
        self._app = app
        self._tracer = tracer
        self._scheme = scheme

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _NOT_TRACED:
            await self._app(scope, receive, send)
            return
        headers, method = Headers(scope=scope), scope["method"]
        # No path: those of password resets and of single sign-on hold what must not be known. The route says enough.
        attributes = {"http.request.method": method, "url.scheme": self._scheme}
        if (agent := headers.get("user-agent")) is not None:
            attributes["user_agent.original"] = agent
        with self._tracer.start_as_current_span(
            method,
            context=_PROPAGATOR.extract(headers, getter=_GETTER),
            kind=SpanKind.SERVER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    span.set_attribute("control_layer.request.id", Headers(raw=message["headers"]).get(HEADER, ""))
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, send_noted)
            route = scope.get("route")
            if route is not None:
                span.set_attribute("http.route", route.path)
                span.update_name(f"{method} {route.path}")
