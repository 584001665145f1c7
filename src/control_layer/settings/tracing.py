"""`tracing.*`: OpenTelemetry traces."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from control_layer.settings.section import Section

__all__ = ["Tracing"]


def _sendable(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """Raises `ValueError` for what cannot stand in a header field (RFC 9110, 5.5), without showing a value."""
    for name, value in headers.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"{name!r} is no name of a header field")
        if not value.get_secret_value().isprintable():
            raise ValueError(f"the value of {name!r} has a character that no header field may have")
    return headers


class Tracing(Section):
    """OpenTelemetry traces."""

    enabled: bool = False
    """Whether requests are traced."""
    endpoint: str | None = Field(None, pattern="^https?://")
    """Where spans go, by OTLP over HTTP, such as `http://collector:4318/v1/traces`; else what the variables
    `OTEL_EXPORTER_OTLP_…` say, else this machine's port 4318."""
    headers: Annotated[dict[str, SecretStr], AfterValidator(_sendable)] = Field(default_factory=dict)
    """Header fields for it, such as a vendor's key."""
    sample_ratio: float = Field(1.0, ge=0.0, le=1.0)
    """The part of the traces that begin here that is recorded. A caller that sends `traceparent` has decided."""
    propagate: bool = True
    """Tell providers where they stand in the trace. When false they are not told of the caller's either."""
    service_name: str = Field("control-layer", min_length=1)
    """What the service is called in traces."""
