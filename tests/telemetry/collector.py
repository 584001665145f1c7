"""A real collector of spans, as small as one can be: OTLP over HTTP, protobuf."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from tests.running import until

__all__ = ["Collector", "Span", "collecting"]


@dataclass(frozen=True, slots=True)
class Span:
    """One span as it was received."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    state: str
    failed: bool
    start: int
    end: int
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope: str


@dataclass(slots=True)
class Collector:
    """What has come."""

    url: str
    spans: list[Span] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refusing: bool = False
    """Answers 400 instead, which nobody tries again."""

    def trace(self, trace_id: str, count: int) -> list[Span]:
        """The spans of a trace by their start, once there are `count`; more would be a failure."""
        until(lambda: sum(span.trace_id == trace_id for span in self.spans) >= count, message=f"trace {trace_id}")
        found = [span for span in self.spans if span.trace_id == trace_id]
        assert len(found) == count, found
        return sorted(found, key=lambda span: (span.start, -span.end))

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for group in request.resource_spans:
            resource = {item.key: _value(item.value) for item in group.resource.attributes}
            for scoped in group.scope_spans:
                self.spans += [_span(span, resource, scoped.scope.name) for span in scoped.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Serves one on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            collector.headers.append({name.lower(): value for name, value in self.headers.items()})
            if not collector.refusing:
                collector.take(body)
            self.send_response(400 if collector.refusing else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            """Tests have their own words."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def _span(span: Message, resource: dict[str, Any], scope: str) -> Span:
    return Span(
        name=span.name,
        kind=Message.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        state=span.trace_state,
        failed=span.status.code == 2,
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        attributes={item.key: _value(item.value) for item in span.attributes},
        resource=resource,
        scope=scope,
    )


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind is not None else None
