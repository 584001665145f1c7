"""Puts tracing together from the settings."""

from __future__ import annotations

import socket
from functools import partial

from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from control_layer import __version__
from control_layer.control.tracing.management import TracedRequests
from control_layer.control.tracing.shipping import SpanShipper
from control_layer.control.tracing.spans import spans_of
from control_layer.settings import Settings

__all__ = ["open_shipper", "trace_requests"]


def open_shipper(settings: Settings) -> SpanShipper:
    """What sends spans to the configured collector."""
    tracing = settings.tracing
    headers = {name: value.get_secret_value() for name, value in tracing.headers.items()}
    exporter = OTLPSpanExporter(endpoint=tracing.endpoint, headers=headers or None)
    return SpanShipper(exporter, partial(spans_of, resource=_resource(settings), scheme=_scheme(settings)))


def trace_requests(app: FastAPI, settings: Settings, shipper: SpanShipper) -> None:
    """Gives each request of the application a span."""
    provider = TracerProvider(
        resource=_resource(settings),
        sampler=ParentBased(TraceIdRatioBased(settings.tracing.sample_ratio)),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(shipper)
    tracer = provider.get_tracer("control_layer.control", __version__)
    app.add_middleware(TracedRequests, tracer=tracer, scheme=_scheme(settings))


def _resource(settings: Settings) -> Resource:
    """With what `OTEL_RESOURCE_ATTRIBUTES` says."""
    return Resource.create(
        {
            "service.name": settings.tracing.service_name,
            "service.version": __version__,
            "host.name": socket.gethostname(),
        }
    )


def _scheme(settings: Settings) -> str:
    return "http" if settings.gateway.tls.certificate is None else "https"
