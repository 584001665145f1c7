"""`background_services.*`: what the control plane does without being asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from control_layer.settings.section import Duration, Section

__all__ = ["BackgroundServices", "BatchDaemon", "Notifications", "ProbeScheduler", "Webhooks"]

_Deadline = Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(minutes=10))]


class LeaderElection(Section):
    """One host at a time does what must be done once."""

    enabled: bool = True
    """Ask the database who leads; `false` where there is one host only, which then always does."""


class ProbeScheduler(Section):
    """Health checks of models."""

    enabled: bool = True
    """Run active probes at their intervals; without it they run when somebody asks."""
    timeout: _Deadline = timedelta(seconds=30)
    """How long a probe waits for its answer; 1 second to 10 minutes."""
    concurrency: int = Field(16, ge=1, le=256)
    """How many probes run at once."""
    result_retention: Annotated[Duration, Field(ge=timedelta(hours=1))] = timedelta(days=30)
    """How long results are kept; an hour at least."""


class BatchDaemon(Section):
    """Who carries out batches, and how."""

    enabled: Literal["always", "leader", "never"] = "leader"
    """`leader`: one host at a time; `always`: every host; `never`: not this host."""
    claim_interval_ms: int = Field(1000, ge=10, le=60_000)
    """How often it looks for work."""
    claim_batch_size: int = Field(100, ge=1, le=10_000)
    """How many requests it takes up at a look."""
    default_model_concurrency: int = Field(10, ge=1, le=10_000)
    """Requests to one model at a time, where the model's `batch_capacity` says nothing."""
    max_retries: int = Field(1000, ge=0)
    """How often one request is tried again before its deadline."""
    backoff_ms: int = Field(1000, ge=1)
    """The wait before the first other try."""
    backoff_factor: float = Field(2.0, ge=1)
    """How much longer each next wait is."""
    max_backoff_ms: int = Field(10_000, ge=1)
    """The longest wait."""
    request_timeout: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """How long one try may take."""
    additional_retryable_statuses: tuple[int, ...] = (499,)
    """Tried again beside 404, 408, 429 and everything from 500 on."""
    model_escalations: dict[str, str] = Field(default_factory=dict)
    """Accepted for compatibility."""


class Webhooks(Section):
    """Messages to other programs."""

    enabled: bool = True
    """Deliver them; without it they wait."""
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(minutes=1))] = timedelta(seconds=15)
    """How long a receiver may take for its answer; 1 second to a minute."""
    concurrency: int = Field(20, ge=1, le=256)
    """How many are told at once; each hears one message after another."""
    allow_private_addresses: bool = True
    """Deliver to this machine and to private networks. Whoever has an account can name an address: say `false` where
    they should reach nothing that only this machine can."""
    delivery_retention: Annotated[Duration, Field(ge=timedelta(days=2))] = timedelta(days=30)
    """How long messages and their attempts are kept; 2 days at least."""


class Notifications(Section):
    """What others are told."""

    webhooks: Webhooks = Webhooks()
    """Messages to other programs."""


class BackgroundServices(Section):
    """What the control plane does without being asked."""

    leader_election: LeaderElection = LeaderElection()
    """Which host does it."""
    probe_scheduler: ProbeScheduler = ProbeScheduler()
    """Health checks of models."""
    batch_daemon: BatchDaemon = BatchDaemon()
    """Batches."""
    notifications: Notifications = Notifications()
    """What others are told."""
