"""A probe of the state file (see docs/probes.md)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from control_layer.operator.declarative.spec import Name, Spec

__all__ = ["ProbeSpec"]


class ProbeSpec(Spec):
    """A health check of a model, which has one at most."""

    model: Name
    """Its alias."""
    interval_seconds: int = Field(ge=1, le=2**31 - 1)
    active: bool = True
    http_method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    request_path: Name | None = None
    """Absent: what fits the model's type, where nothing else has been said before."""
    request_body: Any | None = None
