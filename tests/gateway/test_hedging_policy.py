"""When a second attempt begins, and how many there may be: by a virtual clock, in any storm."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.routing import Hedging
from control_layer.gateway.policy.hedging import HedgePace


@given(st.integers(0, 2**32), st.floats(0.01, 1), st.floats(0, 1), st.integers(1, 3000))
def test_what_providers_get_is_bounded_however_slow_they_are(
    seed: int, share: float, slow: float, requests: int
) -> None:
    chance, pace = random.Random(seed), HedgePace(Hedging(0.1, None, share))
    sent = 0
    for count in range(1, requests + 1):
        pace.begin()
        sent += 1 + (chance.random() < slow and pace.take())
        assert sent <= (1 + share) * count + 1 + 1e-6


@given(st.floats(0.01, 0.5))
def test_after_a_calm_hour_a_slow_minute_gets_few_at_once(share: float) -> None:
    pace = HedgePace(Hedging(0.1, None, share))
    for _ in range(5_000):
        pace.begin()
    taken = 0
    while pace.take():
        taken += 1
    assert taken <= 21


@given(st.integers(0, 2**32), st.floats(50, 99))
def test_with_a_percentile_about_that_part_of_the_answers_needs_no_second_attempt(seed: int, percentile: float) -> None:
    """Simulated: each answer takes as long as it takes, and one that takes longer than the delay would be hedged."""
    chance, pace = random.Random(seed), HedgePace(Hedging(None, percentile, 1.0))
    hedged = asked = 0
    for count in range(3000):
        took, delay = chance.expovariate(10), pace.delay
        assert (delay is None) == (count < 32)
        if delay is not None:
            asked += 1
            hedged += took > delay
        pace.note(took)
    assert abs(hedged / asked - (1 - percentile / 100)) < 0.06


def test_a_percentile_follows_what_answers_take_lately() -> None:
    pace = HedgePace(Hedging(None, 90, 1.0))
    for took in (0.1, 2.0):
        for _ in range(300):
            pace.note(took)
        assert pace.delay == took


def test_a_fixed_delay_stays() -> None:
    pace = HedgePace(Hedging(0.25, None, 1.0))
    pace.note(9.0)
    assert pace.delay == 0.25
