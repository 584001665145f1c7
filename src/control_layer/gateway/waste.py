"""What an attempt that came to nothing is likely to have cost: estimated for the record, never charged to anybody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from control_layer.contract.pricing import NOTHING, cost_of
from control_layer.contract.usage import Attempt as AttemptRecord
from control_layer.contract.usage import Tokens
from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.policy.waste_limit import is_charged
from control_layer.gateway.usage import estimate

if TYPE_CHECKING:
    from control_layer.gateway.exchange import Exchange

__all__ = ["affords_another", "total", "wasted_by"]


class Waste(NamedTuple):
    """Tokens of a provider's that nobody got, and their cost at the price of the model that was asked."""

    tokens: Tokens
    cost: Decimal | None
    """`None` for a free model."""


def affords_another(exchange: Exchange, failure: Failure) -> bool:
    """Whether another attempt can be afforded, in number and in money. Then it counts as made, and what the present one
    wasted is noted.
    """
    attempt, limit, waste = exchange.attempt, exchange.route.waste, None
    if attempt is not None and is_charged(failure, attempt.status):
        waste = wasted_by(exchange, exchange.tokens, exchange.text_bytes)
    lost = NOTHING if waste is None or waste.cost is None else waste.cost
    worst = NOTHING
    if limit is not None:
        if exchange.tariff is not None:
            worst = exchange.worst_case(exchange.tariff)
        if not limit.allows(total(exchange.attempts) + lost, worst, exchange.staked, lost):
            return False
    if not exchange.plane.retries.take():
        return False
    if limit is not None:
        limit.settle(exchange.staked, lost)
        limit.stake(worst)
        exchange.staked = worst
    if waste is not None and attempt is not None:
        exchange.note(attempt, wasted=waste.tokens, wasted_cost=waste.cost)
    return True


def wasted_by(exchange: Exchange, known: Tokens | None, said: int | None) -> Waste:
    """The waste of an attempt of which so much is known: the provider's counts, and how many bytes its model said."""
    tokens = estimate(exchange.received, (said or 0) if exchange.path.generates else None)
    if known is not None:
        heard = max(known.output or 0, tokens.output or 0)
        tokens = known if heard == known.output else structs.replace(known, output=heard, source="estimate")
    tariff = exchange.tariff
    return Waste(tokens, None if tariff is None else cost_of(tariff.prices, tokens, requests=0))


def total(attempts: list[AttemptRecord]) -> Decimal:
    """What attempts have wasted together."""
    return sum((tried.wasted_cost for tried in attempts if tried.wasted_cost is not None), NOTHING)
