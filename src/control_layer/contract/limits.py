"""Rates and numbers that requests may not pass, and what gateways tell each other of them.

A gateway decides alone; what it took of a limit it tells the others, through the control plane, about every 100 ms.
Counts are absolute, so that a message that was lost is made up for by the next one; `recent` is for those who hear of a
gateway for the first time.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["TIERED_PURPOSES", "Departed", "Limit", "LimitKind", "LimitScope", "Taken", "TakenOf", "TierRate"]

LimitKind = Literal["requests", "tokens", "concurrency", "session_minutes"]
LimitScope = Literal["key", "user", "group", "model"]
TIERED_PURPOSES = frozenset(("realtime", "playground"))
"""Of the keys that have the rate of their owner's tier where they have none of their own. Batches have bounds of their
own, and platform keys call no model.
"""


class TierRate(msgspec.Struct, frozen=True):
    """Requests of each such key of a tier."""

    requests_per_second: float
    burst: float
    """How many may come at once after a pause."""


class Limit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How much those requests may take that are made with a key, by a user, by all members of a group together, or to a
    model (as such, or as the component of another).
    """

    id: str
    name: str
    scope: LimitScope
    scope_id: str
    kind: LimitKind
    amount: float
    """In `seconds`; of `concurrency`: at once."""
    seconds: float = 1.0
    burst: float = 1.0
    """How much may be taken at once after a pause."""
    queue_seconds: float = 0.0
    """Of `concurrency`: how long a request waits for its turn instead of being refused."""
    queue_length: int = 0
    """How many may wait in each gateway worker."""


class Taken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one gateway took of one limit."""

    limit_id: str
    total: float
    """Since the gateway began."""
    recent: float
    """Of it, since it last said so."""
    in_use: int = 0
    """Requests under way, where they are counted."""


class TakenOf(msgspec.Struct, frozen=True, array_like=True, tag="taken"):
    """A gateway's news; sent again every second while requests are under way."""

    worker_id: str
    limits: tuple[Taken, ...]


class Departed(msgspec.Struct, frozen=True, array_like=True, tag="departed"):
    """A gateway is gone: it has nothing under way."""

    worker_id: str
