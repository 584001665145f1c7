"""`background_services.*`: what the control plane does without being asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from control_layer.settings.section import Duration, Section

__all__ = ["BackgroundServices", "ProbeScheduler"]

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


class BackgroundServices(Section):
    """What the control plane does without being asked."""

    leader_election: LeaderElection = LeaderElection()
    """Which host does it."""
    probe_scheduler: ProbeScheduler = ProbeScheduler()
    """Health checks of models."""
