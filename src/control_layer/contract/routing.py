"""What a model's row says about choosing among its deployments, and about what follows a failure."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

__all__ = [
    "Backoff",
    "Balancing",
    "Breaker",
    "CacheScope",
    "Condition",
    "ConditionsOf",
    "Fallback",
    "Hedging",
    "KeyCaching",
    "Purposes",
    "ResponseCaching",
    "Sticky",
    "Strategy",
]

Strategy = Literal["weighted_random", "priority", "least_busy", "lowest_latency"]
"""`weighted_random`: by chance, in proportion to the weights. `priority`: in their order. `least_busy`: the one with
the fewest requests under way for its weight. `lowest_latency`: the one that lately answered first."""
CacheScope = Literal["key", "user", "group", "shared"]
"""Who may be given an answer that was made for somebody else: nobody but the same key, the same user, those to whom the
same groups give the model, or everybody."""
KeyCaching = Literal["off", "key", "user", "group"]
"""What a key says about kept answers: none, or those of so many at most, where its model has a wider boundary."""
Sticky = Literal["key", "user", "session"]
"""Whose requests go to the same deployment. `session`: what the request calls `prompt_cache_key`, `session_id` or
`user`, else its key."""


class Balancing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which deployment a request goes to first."""

    strategy: Strategy = "weighted_random"
    sticky: Sticky | None = None
    """Before the strategy: a provider's prompt cache is hit only where the same prompts go to the same place."""
    canary: str | None = None
    """Id of a deployment that is tried out."""
    canary_percent: float = 0.0
    """Of the requests, 0 to 100. The rest go to the canary only when nothing else is left."""


class Backoff(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How long is waited before the same deployment is asked again, in seconds."""

    initial: float = 0.05
    maximum: float = 2.0
    factor: float = 2.0
    jitter: bool = True
    """Full jitter: anything from nothing to the whole wait."""
    total: float | None = None
    """All waits of a request together; `None`: its deadline alone bounds them."""


class Fallback(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What follows a failed attempt. A connection that could not be made or brought nothing is tried again anyway."""

    enabled: bool = False
    on_rate_limit: bool = True
    """After the provider's 429."""
    on_status: tuple[int, ...] = ()
    with_replacement: bool = False
    """A deployment may be tried again, before all have been."""
    max_attempts: int | None = None
    """In all; `None`: each deployment once, with replacement three."""
    backoff: Backoff = Backoff()
    max_wasted_cost: Decimal | None = None
    """What failed attempts of one request may cost together; `None`: no matter what."""
    wasted_share: Decimal | None = None
    """Of what the model's requests cost in a worker, what failed attempts may cost; `None`: no matter how much."""


class Hedging(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When a second attempt begins beside one that has brought nothing yet. One of `after` and `percentile` is set."""

    after: float | None
    """Seconds."""
    percentile: float | None
    """Of the times that the model's answers took lately to begin."""
    share: float
    """Of the requests, those that may have a second attempt."""


class Breaker(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """When a deployment is left alone, and for how long. Seconds, and a fraction."""

    failures: int = 5
    """In a row."""
    error_rate: float = 0.5
    min_requests: int = 20
    """Within `window`, below which the rate means nothing."""
    window: float = 10.0
    cooldown: float = 5.0
    """After that one request is let through, as a trial. Each trial that fails doubles it."""
    longest_cooldown: float = 60.0


class Condition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a deployment fares, as one gateway sees it."""

    deployment_id: str
    state: Literal["closed", "open", "half_open", "limited"]
    """Of its circuit breaker; `limited`: its provider said 429."""
    failures: int
    """In a row."""
    in_flight: int
    latency: float
    """Seconds to the first byte, lately; 0 where nothing is known."""
    ready_in: float
    """Seconds until it may be asked."""


class ConditionsOf(msgspec.Struct, frozen=True, array_like=True, tag="conditions"):
    """A gateway's news of its deployments."""

    conditions: tuple[Condition, ...]


class ResponseCaching(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Answers of a model that are given again to the same request."""

    ttl: float
    """Seconds."""
    scope: CacheScope
    max_entry_bytes: int
    generation: int = 0
    """Moves with a purge: what was kept before is found no more."""
    shared: bool = False
    """Workers and hosts share what they keep."""


class Purposes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What happens to requests made with keys of one purpose."""

    purpose: str
    target: str | None
    """The alias that answers them instead; `None`: they are refused."""
