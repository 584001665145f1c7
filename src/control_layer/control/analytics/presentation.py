"""Rows and sums of requests as the answers show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from control_layer.control.analytics.aggregates import Hour, Totals, UserShare
from control_layer.control.analytics.period import HOUR, Period
from control_layer.control.analytics.schemas import (
    Aggregate,
    HourOfRequests,
    ModelShare,
    ModelUsage,
    StatusShare,
    Usage,
    UsersOfModel,
    UserUsage,
)
from control_layer.control.analytics.usage import BatchUse, ModelUse

__all__ = ["aggregate", "usage", "users_of_model"]


def aggregate(totals: Totals, hours: Mapping[datetime, Hour], model: str | None) -> Aggregate:
    """The answer of `/requests/aggregate`, the most frequent first."""
    statuses = [
        StatusShare(
            status="unknown" if status is None else str(status), count=count, percentage=count / totals.requests * 100
        )
        for status, count in totals.statuses.most_common()
    ]
    models = [
        ModelShare(
            model=alias,
            count=count,
            percentage=count / totals.requests * 100,
            avg_latency_ms=totals.latencies[alias].average_ms,
        )
        for alias, count in totals.models.most_common()
    ]
    return Aggregate(
        total_requests=totals.requests,
        model=model,
        status_codes=statuses,
        models=models if models and model is None else None,
        time_series=[
            HourOfRequests(timestamp=at, duration_minutes=int(HOUR.total_seconds() // 60), **hour._asdict())
            for at, hour in hours.items()
        ],
    )


def users_of_model(model: str, period: Period, shares: Sequence[UserShare]) -> UsersOfModel:
    """The answer of `/requests/aggregate-by-user`."""
    costs = [share.cost for share in shares if share.cost is not None]
    return UsersOfModel(
        model=model,
        start_date=period.start,
        end_date=period.end,
        total_requests=sum(share.requests for share in shares),
        total_tokens=sum(share.input_tokens + share.output_tokens for share in shares),
        total_cost=float(sum(costs)) if costs else None,
        users=[
            UserUsage(
                user_id=share.user_id,
                user_email=share.user_email,
                request_count=share.requests,
                total_tokens=share.input_tokens + share.output_tokens,
                input_tokens=share.input_tokens,
                output_tokens=share.output_tokens,
                total_cost=None if share.cost is None else float(share.cost),
                last_active_at=share.last_active_at,
            )
            for share in shares
        ],
    )


def usage(uses: Sequence[ModelUse], batches: BatchUse) -> Usage:
    """The answer of `/usage`."""
    cost = sum((use.cost for use in uses), Decimal(0))
    return Usage(
        total_input_tokens=sum(use.input_tokens for use in uses),
        total_output_tokens=sum(use.output_tokens for use in uses),
        total_request_count=sum(use.requests for use in uses),
        total_batch_count=batches.batches,
        avg_requests_per_batch=batches.requests / batches.batches if batches.batches else 0.0,
        total_cost=cost,
        estimated_realtime_cost=cost,  # pricing every request of an account again takes too long to wait for
        by_model=[
            ModelUsage(
                model=use.model,
                input_tokens=use.input_tokens,
                output_tokens=use.output_tokens,
                cost=use.cost,
                request_count=use.requests,
            )
            for use in uses
        ],
    )
