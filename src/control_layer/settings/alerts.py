"""`alerts.*`: what is noticed, by which limits, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from control_layer.settings.section import Duration, Section

__all__ = ["Alerts"]


class ErrorRateRule(Section):
    """More of a model's requests fail than before."""

    enabled: bool = True
    """Whether it is noticed."""
    increase: float = Field(0.1, gt=0, le=1)
    """By how much the share of failed requests must have risen: 0.1 is from 2 % to 12 %."""


class LatencyRule(Section):
    """A model's answers begin later than before."""

    enabled: bool = True
    """Whether it is noticed."""
    factor: float = Field(2.0, gt=1)
    """How many times later half of the answers must begin."""
    increase: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=1)
    """How much later at least."""


class UnusualUsageRule(Section):
    """A key uses far more than it usually does."""

    enabled: bool = True
    """Whether it is noticed."""
    days: int = Field(7, ge=1, le=60)
    """How far back what is usual is looked for."""
    minimum_hours: int = Field(24, ge=2)
    """In how many hours of these a key must have been used: before, nobody knows what is usual."""
    minimum_tokens: int = Field(50_000, ge=1)
    """Less than this in an hour is never unusual."""
    score: float = Field(6.0, gt=0)
    """How many spreads (1.4826 median absolute deviations) above the median is unusual."""


class LowBalanceRule(Section):
    """An account falls below its `low_balance_threshold`."""

    enabled: bool = True
    """Whether it is noticed."""


class BudgetThresholdRule(Section):
    """A budget is spent to one of its `alert_thresholds`."""

    enabled: bool = True
    """Whether it is noticed."""


class Alerts(Section):
    """What people should know, noticed by one host and told by mail and webhooks."""

    enabled: bool = True
    """Look at all."""
    interval: Annotated[Duration, Field(ge=timedelta(seconds=5), le=timedelta(hours=1))] = timedelta(minutes=5)
    """How often; 5 seconds to an hour."""
    window: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(hours=6))] = timedelta(minutes=15)
    """The stretch of time that error rates and latencies are taken over, and compared with the one before it."""
    minimum_requests: int = Field(50, ge=1)
    """With fewer requests in a window nothing is said about a model."""
    recipients: tuple[str, ...] | None = None
    """Addresses that get mails, but for those about balances, which go to their accounts'. `None`: `admin_email`'s."""
    retention: Annotated[Duration, Field(ge=timedelta(days=1))] = timedelta(days=365)
    """How long alerts are kept that are over; a day at least."""
    error_rate: ErrorRateRule = ErrorRateRule()
    """More of a model's requests fail than before."""
    latency: LatencyRule = LatencyRule()
    """A model's answers begin later than before."""
    unusual_usage: UnusualUsageRule = UnusualUsageRule()
    """A key uses far more than it usually does."""
    low_balance: LowBalanceRule = LowBalanceRule()
    """An account falls below its threshold."""
    budget_threshold: BudgetThresholdRule = BudgetThresholdRule()
    """A budget is spent to one of its thresholds."""
