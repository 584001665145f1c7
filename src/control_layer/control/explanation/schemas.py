"""The question, and the explanation with names beside the ids."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import Field

from control_layer.contract.guardrails import Kind, Stage
from control_layer.control.schema import Input, Output

__all__ = [
    "ExplainedBudget",
    "ExplainedDeployment",
    "ExplainedGuardrail",
    "ExplainedHedging",
    "ExplainedLimit",
    "ExplainedPassedOver",
    "ExplainedPrice",
    "ExplainedWaste",
    "Explanation",
    "Question",
]


class Question(Input):
    """A request that is not to be made."""

    key_id: uuid.UUID
    """Whose request it would be."""
    model: Annotated[str, Field(min_length=1, max_length=512, examples=["gpt-4o"])]
    """The alias, as a client would send it."""
    path: Annotated[str, Field(pattern=r"^/v[0-9]+/[a-z_/]+$", max_length=200)] = "/v1/chat/completions"
    """The path under `/ai`."""
    request: Annotated[
        dict[str, Any], Field(examples=[{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100}])
    ] = Field({})
    """Its body; `model` is put in. Length and `max_tokens` decide about token limits and budgets."""


class ExplainedLimit(Output):
    """How it stands with a limit that the request falls under."""

    id: uuid.UUID | None
    """Null for one that is inherited."""
    name: str
    inherited: bool
    """The default of the account's tier (`auth.rate_limits`), because the key has no rate of its own."""
    scope: Literal["key", "user", "group", "model"]
    kind: Literal["requests", "tokens", "concurrency"]
    amount: float
    seconds: float
    remaining: float
    """As this gateway worker sees it."""
    takes: float
    """What the request is estimated to take."""
    wait_seconds: float
    """Until it may be taken; 0 where it may."""
    waiting: int
    """Requests that wait for their turn in this worker."""


class ExplainedBudget(Output):
    """How it stands with a budget that the request counts in."""

    id: uuid.UUID
    name: str
    scope: Literal["key", "user", "group", "model"]
    amount: str
    enforcement: Literal["hard", "spent", "alert"]
    at_hand: str
    """What this gateway worker may spend at once; more is asked for when it is needed."""
    enough: bool
    """Whether that is enough for the request."""


class ExplainedGuardrail(Output):
    """A guardrail that the request or its answer would have to pass."""

    id: uuid.UUID
    name: str
    kind: Kind
    stage: Stage


class ExplainedDeployment(Output):
    """A deployment that the request may go to."""

    id: uuid.UUID
    alias: str | None
    """Of the model that it is."""
    endpoint_id: uuid.UUID
    endpoint: str | None
    """Its name."""
    upstream_model: str
    weight: int
    order: int | None
    """Its place among those that would be asked one after the other; null: it would not be asked."""
    state: Literal["closed", "open", "half_open", "limited"]
    """`open`: it failed repeatedly and rests. `half_open`: one request tries it. `limited`: its provider said 429."""
    failing: bool
    """Its probe says so."""
    failures: int
    """In a row, in this gateway worker."""
    in_flight: int
    latency_seconds: float | None
    """To the first byte, lately."""
    ready_in_seconds: float
    full: bool
    """It is passed over, because a limit of its own has not enough left."""
    limits: list[ExplainedLimit]
    """Its own, where it is a part of another model."""


class ExplainedPassedOver(Output):
    """A model that the client names and that would not let the request in, so that the next one is asked."""

    model: str
    """Its alias."""
    status: int
    code: str
    message: str
    """The error that the client would see if there were no other."""


class ExplainedPrice(Output):
    """What the request would cost."""

    tariff_id: uuid.UUID
    input_price_per_token: str
    output_price_per_token: str
    at_most: str
    """With as many tokens as it can have."""


class ExplainedHedging(Output):
    """When a second attempt would begin beside the first one."""

    after_seconds: float | None
    """Null: too little is known yet of how long answers take."""
    at_hand: float
    """How many second attempts may be made now, by this gateway worker."""


class ExplainedWaste(Output):
    """Whether another attempt could be afforded after one that failed. Amounts are decimal texts."""

    max_wasted_cost: str
    left: str | None
    """Of what all requests of the model may waste, in this gateway worker; null where no share is set."""
    attempt_at_most: str
    """With as many tokens as it can have."""
    affordable: bool
    """After a first attempt that wasted nothing."""


class Explanation(Output):
    """Every decision about one request, as one gateway worker of this host would take it now."""

    allowed: bool
    status: int
    """What the client would be answered where it stays out, else 200."""
    code: str | None
    message: str | None
    """The error it would see."""
    user_id: uuid.UUID
    key_id: uuid.UUID
    model: str | None
    answers: str | None
    """The alias of the model that answers: another one where a routing rule says so, or because of `passed_over`."""
    passed_over: list[ExplainedPassedOver]
    alternatives: list[str]
    """Models that the request names in `models` and that would be asked if `answers` failed, in their order."""
    groups: list[str]
    """The user's groups that the model is granted to, by id."""
    estimated_tokens: int | None
    """What token limits are charged with at first."""
    price: ExplainedPrice | None
    """Null where it costs nothing."""
    limits: list[ExplainedLimit]
    guardrails: list[ExplainedGuardrail]
    """In their order. What they would say of the request is not asked: `POST /guardrails/try` tells."""
    budgets: list[ExplainedBudget]
    caching: Literal["bypass", "key", "user", "group", "shared"] | None
    """Whose kept answers it may be given; `bypass`: nobody's. Null where the model keeps none."""
    strategy: Literal["weighted_random", "priority", "least_busy", "lowest_latency"] | None
    sticky: Literal["key", "user", "session"] | None
    deployments: list[ExplainedDeployment]
    """In the order in which they would be asked; those that would not come last."""
    attempts: int | None
    """How many there may be in all."""
    retries_at_hand: float
    """How many attempts after failed ones this gateway worker may make now, of whatever requests."""
    waste: ExplainedWaste | None
    """Null where what failed attempts cost is not bounded."""
    hedging: ExplainedHedging | None
    """Null where the model does not hedge, or not a request of this kind."""
