"""The traffic policy of a model in the state file (see docs/routing.md and docs/caching.md)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from control_layer.operator.declarative.spec import Amount, Name, Spec

__all__ = ["TrafficPolicySpec"]

_Seconds = Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)]


class CanarySpec(Spec):
    """A component that is tried out with a part of the requests."""

    component: Name
    """Its alias."""
    percent: float = Field(ge=0, le=100, allow_inf_nan=False)


class TimeoutsSpec(Spec):
    """Deadlines in seconds; absent takes the gateway's."""

    connect: _Seconds | None = None
    first_byte: _Seconds | None = None
    idle: _Seconds | None = None
    total: _Seconds | None = None


class CachingSpec(Spec):
    """Answers that are given again to the same request; an empty mapping keeps them with these defaults."""

    ttl_seconds: float = Field(3600.0, gt=0, le=30 * 86400, allow_inf_nan=False)
    scope: Literal["key", "user", "group", "shared"] = "key"
    max_entry_bytes: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    shared: bool = False
    """By workers and hosts, in the database."""


class FallbackCostsSpec(Spec):
    """What attempts may cost that came to nothing."""

    max_wasted_cost: Amount
    max_wasted_percent: Annotated[Amount, Field(le=100)] | None = None


class HedgingSpec(Spec):
    """A second attempt at another component, and when it begins."""

    after_ms: int | None = Field(None, ge=1, le=3_600_000)
    after_percentile: float | None = Field(None, ge=50, lt=100, allow_inf_nan=False)
    budget_percent: float = Field(5.0, gt=0, le=100, allow_inf_nan=False)

    @model_validator(mode="after")
    def _begins_once(self) -> Self:
        if (self.after_ms is None) == (self.after_percentile is None):
            raise ValueError("give either 'after_ms' or 'after_percentile'")
        return self


class BreakerSpec(Spec):
    """When the deployment is left alone, and for how long."""

    failures: int = Field(5, ge=1, le=1_000_000)
    error_rate: float = Field(0.5, gt=0, le=1, allow_inf_nan=False)
    min_requests: int = Field(20, ge=1, le=1_000_000_000)
    window_seconds: float = Field(10.0, ge=1, le=3600, allow_inf_nan=False)
    cooldown_seconds: float = Field(5.0, ge=0.1, le=3600, allow_inf_nan=False)
    longest_cooldown_seconds: float = Field(60.0, ge=0.1, le=86400, allow_inf_nan=False)

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.longest_cooldown_seconds < self.cooldown_seconds:
            raise ValueError("longest_cooldown_seconds must be at least cooldown_seconds")
        return self


class TrafficPolicySpec(Spec):
    """How requests find their deployment, and how long it may take. Models are named by their aliases."""

    balancing: Literal["least_busy", "lowest_latency"] | None = None
    sticky: Literal["key", "user", "session"] | None = None
    canary: CanarySpec | None = None
    on_context_overflow: Name | None = None
    on_content_refusal: Name | None = None
    fallback: FallbackCostsSpec | None = None
    hedging: HedgingSpec | None = None
    timeouts: TimeoutsSpec | None = None
    caching: CachingSpec | None = None
    breaker: BreakerSpec | None = None
