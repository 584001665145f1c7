"""How requests for a model find their deployment, beyond what the contract's own fields say."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer

from control_layer.contract.routing import CacheScope
from control_layer.control.errors import invalid
from control_layer.control.money import plain
from control_layer.control.schema import Flag, Input, Output
from control_layer.store import tables

__all__ = [
    "Breaker",
    "Caching",
    "Canary",
    "FallbackCosts",
    "Hedging",
    "Timeouts",
    "TrafficPolicy",
    "WrittenPolicy",
    "purge_answers",
    "set_policy",
]

Seconds = Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)]


Carried = PlainSerializer(plain, return_type=str)
"""A decimal in the answer, and in the row, is a text."""


class Canary(Input):
    """A component that is tried out with a part of the requests."""

    component_id: uuid.UUID
    percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Timeouts(Input):
    """Deadlines of one attempt in seconds; null takes the gateway's."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    """Until the provider's answer begins: reasoning models may think for minutes."""
    idle: Seconds | None = None
    """Between two pieces of the answer."""
    total: Seconds | None = None
    """Of the whole request, with all its attempts."""


class Breaker(Input):
    """When the deployment is left alone, and for how long."""

    failures: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    """In a row."""
    error_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    """Of at least `min_requests` within `window_seconds`."""
    min_requests: Annotated[int, Field(ge=1, le=1_000_000_000)] = 20
    window_seconds: Annotated[float, Field(ge=1, le=3600, allow_inf_nan=False)] = 10.0
    cooldown_seconds: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = 5.0
    """Then one request is let through as a trial; each trial that fails doubles the wait."""
    longest_cooldown_seconds: Annotated[float, Field(ge=0.1, le=86400, allow_inf_nan=False)] = 60.0


class FallbackCosts(Input):
    """What attempts may cost that came to nothing. Where a further one might pass it, none is made."""

    max_wasted_cost: Annotated[Decimal, Field(ge=0, lt=10**11, max_digits=23, decimal_places=12), Carried]
    """In one request. A further attempt counts with the most that it can cost."""
    max_wasted_percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4), Carried] | None = None
    """Of what the model's requests cost, in each gateway worker; beside it 20 times `max_wasted_cost`."""


class Hedging(Input):
    """A second attempt at another component, for embeddings, moderations and reranking: the first whole answer is the
    client's. One of `after_ms` and `after_percentile` says when it begins, while the first one has brought nothing.
    """

    after_ms: Annotated[int, Field(ge=1, le=3_600_000)] | None = None
    after_percentile: Annotated[float, Field(ge=50, lt=100, allow_inf_nan=False)] | None = None
    """Of the times that the model's answers took lately to begin, in each gateway worker."""
    budget_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 5.0
    """Of the requests, those that may have a second attempt."""


class Caching(Input):
    """Answers that are given again to the same request: opt-in, and `cache-control: no-store` opts out of it again."""

    ttl_seconds: Annotated[float, Field(gt=0, le=30 * 86400, allow_inf_nan=False)] = 3600.0
    scope: CacheScope = "key"
    """Who may be given an answer that was made for somebody else: nobody but the same `key`, the same `user`, those to
    whom the same `group`s give the model, or everybody (`shared`)."""
    max_entry_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    """Larger answers are not kept."""
    shared: Flag = False
    """Whether gateway workers and hosts share what they keep, in the database; else each worker keeps its own."""


class TrafficPolicy(Input):
    """What `PUT` sets: a field that is left out takes its default, whatever it was before."""

    balancing: Literal["least_busy", "lowest_latency"] | None = None
    """Instead of the model's `lb_strategy`. Composite models only, as `sticky` and `canary`."""
    sticky: Literal["key", "user", "session"] | None = None
    """Whose requests go to the same component, so that its prompt cache is hit. `session`: what the request calls
    `prompt_cache_key`, `session_id` or `user`, else its key."""
    canary: Canary | None = None
    on_context_overflow: uuid.UUID | None = None
    """The model that answers a request that is too long for this one."""
    on_content_refusal: uuid.UUID | None = None
    """The model that answers a request that a provider's content policy refuses."""
    fallback: FallbackCosts | None = None
    hedging: Hedging | None = None
    """Null: one attempt at a time. Composite models only."""
    timeouts: Timeouts | None = None
    caching: Caching | None = None
    """Null: every request is sent."""
    breaker: Breaker | None = None
    """Standard models only: it is the deployment that rests, in every model it is a component of."""


class WrittenPolicy(Output):
    """A model's traffic policy; null where nothing is set."""

    balancing: Literal["least_busy", "lowest_latency"] | None
    sticky: Literal["key", "user", "session"] | None
    canary: Canary | None
    on_context_overflow: uuid.UUID | None
    on_content_refusal: uuid.UUID | None
    fallback: FallbackCosts | None
    hedging: Hedging | None
    timeouts: Timeouts | None
    caching: Caching | None
    breaker: Breaker | None

    @classmethod
    def of(cls, row: tables.Model) -> Self:
        """What a model's row says."""
        stored = {name: value for name, value in (row.traffic_policy or {}).items() if name in cls.model_fields}
        return cls.model_validate(
            {**dict.fromkeys(cls.model_fields), **stored, "timeouts": row.timeouts},
        )


def purge_answers(row: tables.Model) -> None:
    """Nothing that was kept of a model's answers is given again."""
    policy = dict(row.traffic_policy or {})
    policy["cache_generation"] = policy.get("cache_generation", 0) + 1
    row.traffic_policy = policy


def set_policy(row: tables.Model, policy: TrafficPolicy) -> None:
    """Puts a policy into its row. Raises 400 where it does not fit the model."""
    if row.is_composite:
        if policy.breaker is not None:
            raise invalid("A composite model has no breaker: set it on its components, whose deployments rest")
    elif any(part is not None for part in (policy.balancing, policy.sticky, policy.canary, policy.hedging)):
        raise invalid("Only a composite model chooses: balancing, sticky, canary and hedging are for composite models")
    hedging = policy.hedging
    if hedging is not None and (hedging.after_ms is None) == (hedging.after_percentile is None):
        raise invalid("Set one of hedging.after_ms and hedging.after_percentile")
    if row.id in (policy.on_context_overflow, policy.on_content_refusal):
        raise invalid("A model cannot take its own place")
    breaker = policy.breaker
    if breaker is not None and breaker.longest_cooldown_seconds < breaker.cooldown_seconds:
        raise invalid("longest_cooldown_seconds must be at least cooldown_seconds")
    stored = policy.model_dump(mode="json", exclude_none=True, exclude={"timeouts"})
    if generation := (row.traffic_policy or {}).get("cache_generation"):
        stored["cache_generation"] = generation
    row.traffic_policy = stored or None
    timeouts = policy.timeouts and policy.timeouts.model_dump(exclude_none=True)
    row.timeouts = timeouts or None
