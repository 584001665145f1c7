"""What a gateway would do with a request, and why: its answer to the control plane, as JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from control_layer.contract.guardrails import Kind, Stage

__all__ = [
    "EXPLAIN_FIELD",
    "BudgetStanding",
    "DeploymentStanding",
    "Explanation",
    "GuardrailStanding",
    "HedgingStanding",
    "LimitStanding",
    "PassedOver",
    "Price",
    "WasteStanding",
]

EXPLAIN_FIELD = "x-control-layer-explain"
"""The field of a request with the system key that is to be explained instead of sent: it holds the id of the key in
whose place it stands."""


class LimitStanding(msgspec.Struct):
    """How it stands with a limit that the request falls under."""

    id: str | None
    """`None` for one that is inherited."""
    name: str
    inherited: bool
    """The default of the account's tier, because the key has no rate of its own."""
    scope: str
    kind: str
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


class BudgetStanding(msgspec.Struct):
    """How it stands with a budget that the request counts in. Amounts are decimal texts."""

    id: str
    name: str
    scope: str
    amount: str
    enforcement: str
    at_hand: str
    """What this gateway worker may spend at once; more is asked for when it is needed."""
    enough: bool
    """Whether that is enough for the request."""


class GuardrailStanding(msgspec.Struct):
    """A guardrail that the request or its answer would have to pass."""

    id: str
    name: str
    kind: Kind
    stage: Stage


class DeploymentStanding(msgspec.Struct):
    """A deployment that the request may go to."""

    id: str
    endpoint_id: str
    upstream_model: str
    weight: int
    order: int | None
    """Its place among those that would be asked one after the other; `None`: it would not be asked."""
    state: Literal["closed", "open", "half_open", "limited"]
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
    limits: list[LimitStanding]
    """Its own, where it is a part of another model."""


class Price(msgspec.Struct):
    """What the request would cost. Decimal texts."""

    tariff_id: str
    input_price_per_token: str
    output_price_per_token: str
    at_most: str
    """With as many tokens as it can have."""


class PassedOver(msgspec.Struct):
    """A model that the client names and that would not let the request in, so that the next one is asked."""

    model: str
    """Its alias."""
    status: int
    code: str
    message: str
    """The error that the client would see if there were no other."""


class HedgingStanding(msgspec.Struct):
    """When a second attempt would begin beside the first one."""

    after_seconds: float | None
    """`None`: too little is known yet of how long answers take."""
    at_hand: float
    """How many second attempts may be made now, by this gateway worker."""


class WasteStanding(msgspec.Struct):
    """Whether another attempt could be afforded after one that failed. Amounts are decimal texts."""

    max_wasted_cost: str
    left: str | None
    """Of what all requests of the model may waste, in this gateway worker; `None` where no share is set."""
    attempt_at_most: str
    """With as many tokens as it can have."""
    affordable: bool
    """After a first attempt that wasted nothing."""


class Explanation(msgspec.Struct, kw_only=True):
    """Every decision about one request, as one gateway worker would take it now."""

    allowed: bool
    status: int
    """What the client would be answered where it stays out, else 200."""
    code: str | None = None
    message: str | None = None
    """The error it would see."""
    user_id: str
    key_id: str
    model: str | None = None
    """The alias that is called."""
    answers: str | None = None
    """The alias of the model that answers it: another one where a routing rule says so, or because of `passed_over`."""
    passed_over: list[PassedOver] = []
    alternatives: list[str] = []
    """Aliases that the client names and that would be asked if `answers` failed, in their order."""
    groups: list[str] = []
    """Ids of the user's groups that the model is granted to."""
    estimated_tokens: int | None = None
    price: Price | None = None
    """`None` where it costs nothing."""
    limits: list[LimitStanding] = []
    guardrails: list[GuardrailStanding] = []
    """In their order. What they would say is not asked."""
    budgets: list[BudgetStanding] = []
    strategy: str | None = None
    sticky: str | None = None
    caching: Literal["bypass", "key", "user", "group", "shared"] | None = None
    """Whose kept answers it may be given; `bypass`: nobody's, and its answer is not kept. `None` where its model keeps
    none."""
    deployments: list[DeploymentStanding] = []
    attempts: int | None = None
    """How many there may be in all."""
    retries_at_hand: float = 0.0
    """How many attempts after failed ones this gateway worker may make now, of whatever requests."""
    waste: WasteStanding | None = None
    """`None` where what failed attempts cost is not bounded."""
    hedging: HedgingStanding | None = None
    """`None` where the model does not hedge, or not a request of this kind."""
