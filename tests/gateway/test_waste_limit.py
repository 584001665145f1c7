"""What failed attempts may cost, in a storm: never more in a request, nor in all, than was said."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.gateway.policy.failover import Failure
from control_layer.gateway.policy.waste_limit import WasteLimit, is_charged

cents = st.integers(0, 1000).map(lambda count: Decimal(count) / 100)


class _Request:
    """One that fails again and again, as often as it may."""

    def __init__(self, limit: WasteLimit, worst: Decimal, chance: random.Random) -> None:
        self._limit = limit
        self._worst = worst
        self._chance = chance
        self._staked = Decimal(0)
        self.first = self.further = Decimal(0)
        """What was wasted by the first attempt, and by those that followed."""
        self._attempts = 0

    def fail(self) -> bool:
        """Whether another attempt follows the one that fails now."""
        lost = self._worst * self._chance.randrange(101) / 100
        if not self._limit.allows(self.first + self.further + lost, self._worst, self._staked, lost):
            return False
        self._limit.settle(self._staked, lost)
        self._limit.stake(self._worst)
        self._staked = self._worst
        if self._attempts:
            self.further += lost
        else:
            self.first += lost
        self._attempts += 1
        return True

    def end(self, cost: Decimal) -> None:
        self._limit.settle(self._staked, Decimal(0))
        self._limit.earn(cost)


@given(st.integers(0, 2**32), cents, st.none() | st.integers(0, 100), cents, st.floats(0, 1))
def test_a_storm_wastes_no_more_than_may_be_wasted(
    seed: int, most: Decimal, percent: int | None, worst: Decimal, failing: float
) -> None:
    chance = random.Random(seed)
    limit = WasteLimit(most, None if percent is None else Decimal(percent) / 100)
    earned = further = Decimal(0)
    under_way: list[_Request] = []
    for _ in range(300):
        under_way.append(_Request(limit, worst, chance))
        request = chance.choice(under_way)
        if chance.random() < failing and request.fail():
            assert request.first + request.further + worst <= most, "the next one would still be within it"
            continue
        under_way.remove(request)
        cost = worst * chance.randrange(101) / 100
        request.end(cost)
        earned += cost
        further += request.further
        assert request.further <= most
    if percent is not None:
        further += sum((request.further for request in under_way), Decimal(0))
        assert further <= 20 * most + Decimal(percent) / 100 * earned


def test_without_a_share_only_the_request_counts() -> None:
    limit = WasteLimit(Decimal(1), None)
    for _ in range(10_000):
        assert limit.allows(Decimal(0), Decimal(1))
        limit.stake(Decimal(1))
        limit.settle(Decimal(1), Decimal(1))
    assert limit.left is None
    assert not limit.allows(Decimal("0.01"), Decimal(1))


@pytest.mark.parametrize(
    ("failure", "status", "charged"),
    [
        (Failure.CONNECTION, None, False),
        (Failure.TIMEOUT, None, True),
        (Failure.TIMEOUT, 200, True),
        (Failure.BROKEN, 200, True),
        (Failure.BROKEN, None, False),
        (Failure.BROKEN, 302, False),
        (Failure.STATUS, 500, False),
        (Failure.CREDENTIALS, 401, False),
        (Failure.CONTEXT_LENGTH, 400, False),
        (Failure.REFUSED_CONTENT, 400, True),
        (Failure.REFUSED_CONTENT, 200, True),
    ],
)
def test_what_a_provider_charges_for(failure: Failure, status: int | None, charged: bool) -> None:
    assert is_charged(failure, status) is charged
