"""Who is asked first: by weight, order, load or latency, the same one for the same caller, and nobody who rests."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.routing import Balancing, Breaker
from control_layer.contract.snapshot import Deployment
from control_layer.gateway.policy.balancing import Target, choose, preferred
from control_layer.gateway.policy.health import Health

_BREAKER = Breaker()
_CRITICAL = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47}
"""Chi-square at 0.001, by degrees of freedom."""


def _targets(*weights: int, failing: tuple[int, ...] = ()) -> tuple[Target, ...]:
    return tuple(
        Target(Deployment(str(at), "e", "m", weight, at in failing), Health(_BREAKER))
        for at, weight in enumerate(weights)
    )


def _rest(target: Target) -> None:
    for _ in range(_BREAKER.failures):
        target.health.failed(target.health.begin(), 0.0)


def _chi_square(counts: Counter[str], weights: tuple[int, ...]) -> float:
    total = counts.total()
    expected = [total * weight / sum(weights) for weight in weights]
    return sum((counts[str(at)] - wanted) ** 2 / wanted for at, wanted in enumerate(expected) if wanted)


@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (5, 3, 2), (100, 1, 1, 1, 50)])
def test_shares_follow_the_weights(weights: tuple[int, ...]) -> None:
    targets, draw = _targets(*weights), random.Random(11).random
    counts: Counter[str] = Counter()
    for _ in range(20_000):
        target = choose(targets, Balancing(), 0.0, draw)
        assert target is not None
        counts[target.deployment.id] += 1
    assert _chi_square(counts, weights) < _CRITICAL[len(weights) - 1]


def test_shares_of_many_callers_follow_the_weights_too() -> None:
    weights = (5, 3, 2)
    targets, counts = _targets(*weights), Counter[str]()
    for caller in range(20_000):
        target = choose(targets, Balancing(), 0.0, random.random, identity=f"key-{caller}")
        assert target is not None
        counts[target.deployment.id] += 1
    assert _chi_square(counts, weights) < _CRITICAL[2]


@given(st.text(), st.lists(st.integers(1, 10), min_size=2, max_size=6), st.data())
def test_a_caller_stays_and_moves_only_when_its_own_deployment_goes(
    caller: str, weights: list[int], data: st.DataObject
) -> None:
    targets = _targets(*weights)
    home = choose(targets, Balancing(), 0.0, random.random, identity=caller)
    assert home is not None
    gone = data.draw(st.sampled_from(targets))
    rest = tuple(target for target in targets if target is not gone)
    moved = choose(rest, Balancing(), 0.0, random.random, identity=caller)
    assert moved is not home if gone is home else moved is home


@given(st.text(), st.lists(st.integers(0, 10), min_size=2, max_size=6), st.floats(0, 100), st.data())
def test_whoever_is_preferred_is_chosen_while_nothing_speaks_against_it(
    caller: str, weights: list[int], percent: float, data: st.DataObject
) -> None:
    places = st.sets(st.integers(0, len(weights) - 1))
    targets = _targets(*weights, failing=tuple(data.draw(places)))
    for at in data.draw(places):
        _rest(targets[at])
    for at in data.draw(places):
        targets[at].health.limited(targets[at].health.begin(), 0.0, 1.0)
    tried = {str(at) for at in data.draw(places)}
    rules = Balancing(sticky="key", canary=data.draw(st.sampled_from((None, "0", "nobody"))), canary_percent=percent)
    home = preferred(targets, rules, caller)
    chosen = choose(targets, rules, 0.0, random.random, identity=caller, tried=tried)
    if home.free(0.0) and home.deployment.id not in tried:
        assert chosen is home


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6), st.integers(), st.data())
def test_nobody_who_rests_or_was_tried_is_asked(weights: list[int], seed: int, data: st.DataObject) -> None:
    targets = _targets(*weights)
    resting = data.draw(st.sets(st.sampled_from(targets)))
    for target in resting:
        _rest(target)
    tried = {target.deployment.id for target in data.draw(st.sets(st.sampled_from(targets)))}
    rules = Balancing(
        data.draw(st.sampled_from(("weighted_random", "priority", "least_busy", "lowest_latency"))),
        canary=data.draw(st.sampled_from((None, "0", "nobody"))),
        canary_percent=50.0,
    )
    left = [target for target in targets if target not in resting and target.deployment.id not in tried]
    chosen = choose(targets, rules, 0.0, random.Random(seed).random, tried=tried)
    assert chosen in left if left else chosen is None


def test_one_that_is_limited_comes_last() -> None:
    targets = _targets(1, 100)
    targets[1].health.limited(targets[1].health.begin(), 0.0, 60.0)
    assert {choose(targets, Balancing(), 1.0, random.random) for _ in range(50)} == {targets[0]}
    _rest(targets[0])
    assert choose(targets, Balancing(), 1.0, random.random) is targets[1]


def test_one_that_its_probe_finds_broken_comes_last() -> None:
    targets = _targets(1, 1, failing=(0,))
    assert {choose(targets, Balancing(), 0.0, random.random) for _ in range(50)} == {targets[1]}
    _rest(targets[1])
    assert choose(targets, Balancing(), 0.0, random.random) is targets[0]


def test_in_their_order() -> None:
    targets = _targets(1, 100)
    assert choose(targets, Balancing("priority"), 0.0, random.random) is targets[0]
    assert choose(targets, Balancing("priority"), 0.0, random.random, tried={"0"}) is targets[1]


def test_the_least_busy_for_its_weight() -> None:
    targets = _targets(1, 3)
    for _ in range(40):
        target = choose(targets, Balancing("least_busy"), 0.0, random.random)
        assert target is not None
        target.health.begin()
    assert [target.health.in_flight for target in targets] == [10, 30]


def test_the_fastest_gets_most_and_everybody_some() -> None:
    targets, draw = _targets(1, 1, 1), random.Random(5).random
    for target, seconds in zip(targets, (0.1, 0.5, 1.0), strict=True):
        target.health.succeeded(target.health.begin(), 0.0, seconds)
    chosen = Counter(choose(targets, Balancing("lowest_latency"), 0.0, draw) for _ in range(3000))
    assert chosen[targets[0]] > chosen[targets[1]] > 0
    targets[2].health.latency = 0.01
    again = Counter(choose(targets, Balancing("lowest_latency"), 0.0, draw) for _ in range(3000))
    assert again[targets[2]] > again[targets[0]] > 0


@pytest.mark.parametrize("identity", [None, "caller-{}"])
def test_a_canary_gets_its_percentage(identity: str | None) -> None:
    targets, rules, draw = _targets(1, 1, 1), Balancing(canary="2", canary_percent=10.0), random.Random(3).random
    counts = Counter(
        choose(targets, rules, 0.0, draw, identity=identity and identity.format(at)) for at in range(10_000)
    )
    assert 850 < counts[targets[2]] < 1150
    assert choose(targets, rules, 0.0, draw, tried={"0", "1"}) is targets[2]
