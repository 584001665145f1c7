"""The rules by themselves: when they fire, that they do not flap, and what they say."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.alerts import error_rate, latency, unusual_usage
from control_layer.control.alerts.episodes import STALE, Open, changes
from control_layer.control.alerts.model_traffic import Traffic
from control_layer.control.alerts.observation import Observation, Subject, Verdict
from control_layer.control.alerts.unusual_usage import usual_of
from control_layer.control.alerts.wording import about, minutes, percent

_NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
_TOKENS = st.lists(st.integers(0, 10**9), min_size=1, max_size=50)


def _failing(requests: int, errors: int) -> Traffic:
    return Traffic(requests, errors, 0, None)


def _slow(answered: int, median: float | None) -> Traffic:
    return Traffic(answered, 0, answered, median)


@pytest.mark.parametrize(
    ("errors", "usual", "is_open", "verdict"),
    [
        (9, 0.0, False, Verdict.QUIET),
        (10, 0.0, False, Verdict.FIRING),
        (14, 0.05, False, Verdict.QUIET),
        (6, 0.0, True, Verdict.FIRING),
        (4, 0.0, True, Verdict.QUIET),
        (60, 0.6, False, Verdict.QUIET),
    ],
)
def test_a_share_of_failures_is_told_by_its_rise(errors: int, usual: float, is_open: bool, verdict: Verdict) -> None:
    judged = error_rate.judge(_failing(100, errors), usual, minimum=50, increase=0.1, is_open=is_open)
    assert judged is verdict


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0, 1), st.floats(0.01, 1), st.integers(1, 100))
def test_few_requests_say_nothing_and_an_open_episode_ends_later_than_it_begins(
    requests: int, errors: int, usual: float, increase: float, minimum: int
) -> None:
    now = _failing(requests, min(errors, requests))
    new = error_rate.judge(now, usual, minimum=minimum, increase=increase, is_open=False)
    going_on = error_rate.judge(now, usual, minimum=minimum, increase=increase, is_open=True)
    assert (new is Verdict.UNKNOWN) == (going_on is Verdict.UNKNOWN) == (requests < minimum)
    if new is Verdict.FIRING:
        assert going_on is Verdict.FIRING
        assert now.error_rate > usual


@pytest.mark.parametrize(
    ("now", "usual", "verdict"),
    [
        (2.0, 1.0, Verdict.FIRING),
        (1.9, 1.0, Verdict.QUIET),
        (0.9, 0.1, Verdict.QUIET),  # nine times, but less than a second
        (21.5, 20.0, Verdict.QUIET),  # a second and a half, but not twice
        (5.0, None, Verdict.UNKNOWN),
        (None, 1.0, Verdict.UNKNOWN),
    ],
)
def test_latency_is_told_by_factor_and_increase(now: float | None, usual: float | None, verdict: Verdict) -> None:
    judged = latency.judge(_slow(100, now), usual, minimum=50, factor=2, increase=1, is_open=False)
    assert judged is verdict
    few = latency.judge(_slow(49, now), usual, minimum=50, factor=2, increase=1, is_open=False)
    assert few is Verdict.UNKNOWN


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(1.1, 10), st.floats(0.01, 10))
def test_an_open_episode_of_latency_ends_later_than_it_begins(
    now: float, usual: float, factor: float, increase: float
) -> None:
    def judged(*, is_open: bool) -> Verdict:
        return latency.judge(_slow(50, now), usual, minimum=50, factor=factor, increase=increase, is_open=is_open)

    if judged(is_open=False) is Verdict.FIRING:
        assert judged(is_open=True) is Verdict.FIRING


@given(_TOKENS, st.integers(0, 10**9))
def test_what_is_usual_lies_among_the_hours_and_the_order_does_not_matter(hours: list[int], tokens: int) -> None:
    usual = usual_of(hours)
    assert min(hours) <= usual.median <= max(hours)
    assert usual.spread >= 1
    assert usual_of(sorted(hours)) == usual
    assert usual.score(tokens + 1) > usual.score(tokens)
    assert usual.score(int(usual.median)) <= 0


@given(st.lists(st.integers(900, 1100), min_size=25, max_size=50), st.lists(st.integers(0, 10**9), max_size=5))
def test_a_few_outliers_do_not_hide_the_next(hours: list[int], outliers: list[int]) -> None:
    verdict = unusual_usage.judge(
        100_000, [*hours, *outliers], minimum_hours=24, minimum_tokens=50_000, score=6, is_open=False
    )
    assert verdict is Verdict.FIRING


@given(_TOKENS, st.integers(0, 10**9), st.integers(1, 40), st.integers(1, 10**6), st.floats(0.5, 20))
def test_unusual_usage_keeps_its_limits(
    hours: list[int], tokens: int, minimum_hours: int, minimum_tokens: int, score: float
) -> None:
    def judged(*, is_open: bool) -> Verdict:
        return unusual_usage.judge(
            tokens,
            hours,
            minimum_hours=minimum_hours,
            minimum_tokens=minimum_tokens,
            score=score,
            is_open=is_open,
        )

    if judged(is_open=False) is Verdict.FIRING:
        assert tokens >= minimum_tokens
        assert len(hours) >= minimum_hours
        assert judged(is_open=True) is Verdict.FIRING
    if tokens < minimum_tokens // 2:
        assert judged(is_open=True) is Verdict.QUIET


_VERDICTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(Verdict))
_EPISODES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 7200))


@given(_VERDICTS, _EPISODES)
def test_an_episode_begins_once_and_ends_once(verdicts: dict[str, Verdict], ages: dict[str, int]) -> None:
    episodes = {
        subject: Open(uuid.uuid5(uuid.NAMESPACE_DNS, subject), _NOW - timedelta(seconds=age))
        for subject, age in ages.items()
    }
    observations = [
        Observation(subject=Subject(id=subject, name=subject), verdict=verdict, summary="", measured={})
        for subject, verdict in verdicts.items()
    ]
    found = changes(episodes, observations, _NOW)
    firing = {subject for subject, verdict in verdicts.items() if verdict is Verdict.FIRING}
    assert {observation.subject.id for observation in found.begun} == firing - set(episodes)
    assert set(found.seen) == {episodes[subject].id for subject in firing & set(episodes)}
    assert not set(found.seen) & set(found.over)
    for subject, episode in episodes.items():
        match verdicts.get(subject, Verdict.UNKNOWN):
            case Verdict.QUIET:
                assert episode.id in found.over
            case Verdict.UNKNOWN:
                assert (episode.id in found.over) == (ages[subject] > STALE.total_seconds())
            case Verdict.FIRING:
                assert episode.id not in found.over


def test_numbers_are_said_as_people_say_them() -> None:
    assert [about(number) for number in (0, 870, 999.6, 2000, 41_320, 1_250_000, 3e9)] == [
        *("0", "870", "1.0k", "2.0k", "41k", "1.2M", "3.0G")
    ]
    assert (percent(0.125), minutes(timedelta(minutes=15)), minutes(timedelta(seconds=60))) == (
        *("12.5 %", "15 minutes", "1 minute"),
    )
