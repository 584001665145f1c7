"""In which order deployments are tried, how often, and how fast."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.snapshot import Deployment
from control_layer.gateway.policy.order import by_weight
from control_layer.gateway.policy.retry import LAST_BACKOFF_SECONDS, RetryBudget, attempts_allowed, backoff


def deployments(*weights: int) -> tuple[Deployment, ...]:
    return tuple(Deployment(str(index), "e", "m", weight) for index, weight in enumerate(weights))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), st.integers())
def test_every_deployment_is_tried_once_and_one_without_weight_last(weights: list[int], seed: int) -> None:
    ordered = by_weight(deployments(*weights), random.Random(seed).random)
    assert {deployment.id for deployment in ordered} == {str(index) for index in range(len(weights))}
    if len(weights) > 1 and any(weights):
        assert ordered[0].weight > 0


def test_the_first_one_is_drawn_by_weight() -> None:
    draw = random.Random(1).random
    first = Counter(by_weight(deployments(1, 3), draw)[0].id for _ in range(4000))
    assert 0.70 < first["1"] / 4000 < 0.80


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded(failures: int, drawn: float) -> None:
    assert 0 <= backoff(failures, lambda: drawn) <= LAST_BACKOFF_SECONDS


def test_a_lone_deployment_gets_a_second_try() -> None:
    assert [attempts_allowed(count) for count in (1, 2, 5)] == [2, 2, 5]


def test_retries_stay_a_fraction_of_the_requests_in_an_outage() -> None:
    budget = RetryBudget(ratio=0.2, reserve=10)
    retries = 0
    for _ in range(1000):
        budget.deposit()
        retries += budget.take()
    assert retries <= 10 + 0.2 * 1000
