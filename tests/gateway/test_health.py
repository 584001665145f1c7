"""A breaker opens after failures, in a row or many of them, lets one request try, and closes again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from control_layer.contract.routing import Breaker
from control_layer.gateway.policy.health import Health

_BREAKER = Breaker(failures=3, error_rate=0.5, min_requests=20, window=10.0, cooldown=5.0, longest_cooldown=60.0)


def _fail(health: Health, now: float, times: int = 1) -> None:
    for _ in range(times):
        health.failed(health.begin(), now)


def test_it_opens_after_failures_in_a_row_and_rests() -> None:
    health = Health(_BREAKER)
    _fail(health, 0.0, 2)
    assert health.ready(0.0)
    _fail(health, 0.0)
    assert (health.state(0.0), health.ready(4.9), health.ready(5.0)) == ("open", False, True)


def test_one_request_tries_and_the_others_wait_for_it() -> None:
    health = Health(_BREAKER)
    _fail(health, 0.0, 3)
    trial = health.begin()
    assert (health.state(6.0), health.ready(6.0), health.rests(6.0)) == ("half_open", False, True)
    health.succeeded(trial, 6.5, 0.1)
    assert (health.state(6.5), health.ready(6.5), health.failures) == ("closed", True, 0)


def test_each_trial_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    health, now, rests = Health(_BREAKER), 0.0, []
    _fail(health, now, 3)
    for _ in range(6):
        rests.append(health.open_until - now)
        now = health.open_until
        _fail(health, now)
    assert rests == [5, 10, 20, 40, 60, 60]


def test_a_trial_whose_client_left_is_left_to_the_next_one() -> None:
    health = Health(_BREAKER)
    _fail(health, 0.0, 3)
    health.abandoned(health.begin())
    assert health.ready(5.0)


def test_what_was_begun_before_says_nothing_about_now() -> None:
    health = Health(_BREAKER)
    early = [health.begin() for _ in range(3)]
    _fail(health, 0.0, 3)
    health.succeeded(early[0], 1.0, 1.0)
    health.failed(early[1], 1.0)
    assert (health.state(1.0), health.open_until) == ("open", 5.0)
    health.succeeded(health.begin(), 6.0, 0.1)
    health.failed(early[2], 6.1)
    assert (health.state(6.1), health.failures, health.in_flight) == ("closed", 0, 0)


def test_many_errors_open_it_although_some_requests_succeed() -> None:
    health, now = Health(_BREAKER), 100.0
    for _ in range(10):
        assert health.ready(now)
        _fail(health, now)
        health.succeeded(health.begin(), now, 0.1)
        now += 0.2
    _fail(health, now)
    assert health.state(now) == "open"


def test_old_errors_are_forgotten() -> None:
    health = Health(_BREAKER)
    for _ in range(9):
        _fail(health, 0.0)
        health.succeeded(health.begin(), 0.0, 0.1)
    for _ in range(30):
        health.succeeded(health.begin(), 11.0, 0.1)
    _fail(health, 11.0, 2)
    assert health.state(11.0) == "closed"


def test_a_provider_that_limits_us_is_left_alone_as_long_as_it_says() -> None:
    health = Health(_BREAKER)
    health.limited(health.begin(), 10.0, 7.0)
    assert (health.state(16.9), health.ready(16.9), health.ready(17.0)) == ("limited", False, True)
    assert not health.rests(16.9)
    rests = []
    for _ in range(8):
        now = health.limited_until
        health.limited(health.begin(), now, None)
        rests.append(health.limited_until - now)
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]
    health.succeeded(health.begin(), 1000.0, 0.1)
    health.limited(health.begin(), 1000.0, None)
    assert health.limited_until == 1001.0


@given(st.lists(st.floats(0.001, 100), min_size=1))
def test_latency_lies_between_what_was_measured(seconds: list[float]) -> None:
    health = Health(_BREAKER)
    for measured in seconds:
        health.succeeded(health.begin(), 0.0, measured)
    assert min(seconds) - 1e-9 <= health.latency <= max(seconds) + 1e-9


class _Life(RuleBasedStateMachine):
    """Whatever happens: nothing is sent while it rests, one trial at a time, and it never rests for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.health = Health(_BREAKER)
        self.now = 0.0
        self.under_way: list[int] = []
        self.chance = random.Random(0)

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: not self.health.rests(self.now))
    @rule()
    def one_is_sent(self) -> None:
        resting = self.health.state(self.now) == "half_open"
        self.under_way.append(self.health.begin())
        if resting:
            assert self.health.rests(self.now + 1e6), "a second one while the first one tries"

    @precondition(lambda self: self.under_way)
    @rule(how=st.sampled_from(("succeeded", "failed", "limited", "abandoned")), which=st.randoms())
    def one_ends(self, how: str, which: random.Random) -> None:
        epoch = self.under_way.pop(which.randrange(len(self.under_way)))
        if how == "succeeded":
            self.health.succeeded(epoch, self.now, 0.1)
        elif how == "failed":
            self.health.failed(epoch, self.now)
        elif how == "limited":
            self.health.limited(epoch, self.now, 1.0)
        else:
            self.health.abandoned(epoch)

    @invariant()
    def it_counts_what_is_under_way(self) -> None:
        assert self.health.in_flight == len(self.under_way)

    @invariant()
    def it_comes_back(self) -> None:
        assert self.under_way or self.health.ready(self.now + _BREAKER.longest_cooldown)


TestLife = _Life.TestCase
