"""The rules there are. A new one is a module with a class of `AlertKind`'s shape, and a line here."""

from __future__ import annotations

from control_layer.control.alerts.budget_threshold import BudgetThresholdKind
from control_layer.control.alerts.error_rate import ErrorRateKind
from control_layer.control.alerts.latency import LatencyKind
from control_layer.control.alerts.low_balance import LowBalanceKind
from control_layer.control.alerts.observation import AlertKind
from control_layer.control.alerts.unusual_usage import UnusualUsageKind

__all__ = ["ALERT_KINDS"]

ALERT_KINDS: tuple[AlertKind, ...] = (
    ErrorRateKind(),
    LatencyKind(),
    UnusualUsageKind(),
    LowBalanceKind(),
    BudgetThresholdKind(),
)
