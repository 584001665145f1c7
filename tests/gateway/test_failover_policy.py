"""What follows a failure, how soon, and how often in all."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.routing import Backoff, Fallback
from control_layer.gateway.policy.failover import Failure, attempts_allowed, backoff_seconds, may_follow
from control_layer.gateway.policy.retry_budget import RetryBudget

_ON = Fallback(enabled=True, on_status=(500, 503))


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True), st.booleans())
def test_backoff_grows_and_is_bounded(failures: int, drawn: float, jitter: bool) -> None:
    backoff = Backoff(initial=0.1, maximum=3.0, factor=2.0, jitter=jitter)
    waited = backoff_seconds(backoff, failures, lambda: drawn)
    longest = min(0.1 * 2 ** (failures - 1), 3.0)
    assert waited == pytest.approx(longest * drawn if jitter else longest)


def test_how_many_attempts_a_request_has() -> None:
    off, replacing = Fallback(), Fallback(enabled=True, with_replacement=True)
    assert [attempts_allowed(off, count) for count in (1, 2, 5)] == [2, 2, 2]
    assert [attempts_allowed(_ON, count) for count in (1, 2, 5)] == [2, 2, 5]
    assert [attempts_allowed(replacing, count) for count in (1, 2, 5)] == [3, 3, 5]
    assert attempts_allowed(Fallback(enabled=True, max_attempts=1), 5) == 1


@pytest.mark.parametrize(
    ("rules", "failure", "status", "follows"),
    [
        (Fallback(), Failure.CONNECTION, None, True),
        (Fallback(), Failure.STATUS, 500, False),
        (Fallback(), Failure.TIMEOUT, None, False),
        (_ON, Failure.STATUS, 500, True),
        (_ON, Failure.STATUS, 502, False),
        (_ON, Failure.STATUS, 400, False),
        (_ON, Failure.STATUS, 529, True),
        (Fallback(enabled=True, on_status=(500,)), Failure.STATUS, 529, False),
        (_ON, Failure.STATUS, 429, True),
        (Fallback(enabled=True, on_rate_limit=False, on_status=(429,)), Failure.STATUS, 429, False),
        (_ON, Failure.TIMEOUT, None, True),
        (_ON, Failure.BROKEN, 200, True),
        (_ON, Failure.CREDENTIALS, 401, True),
        (_ON, Failure.CONTEXT_LENGTH, 400, False),
    ],
)
def test_what_may_follow_what(rules: Fallback, failure: Failure, status: int | None, follows: bool) -> None:
    assert may_follow(rules, failure, status) is follows


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_retries_stay_a_fraction_of_the_requests_in_a_storm(seed: int, failing: float) -> None:
    """However many fail, and however often each asks to be tried again: the provider sees at most 1 + ratio."""
    budget, chance = RetryBudget(ratio=0.2, reserve=10), random.Random(seed)
    requests, retries = 2000, 0
    for _ in range(requests):
        budget.deposit()
        retries += sum(1 for _ in _tries(budget, chance, failing))
    assert retries <= 10 + 0.2 * requests


def _tries(budget: RetryBudget, chance: random.Random, failing: float) -> Iterator[None]:
    while chance.random() < failing and budget.take():
        yield
