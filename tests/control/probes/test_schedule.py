"""When probes run, on a clock that stands still until it is told to go on."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.probes.schedule import Schedule, moment_after

_NOW = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
_Intervals = st.integers(1, 2**31 - 1)
_Times = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - in UTC below


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@given(probe=st.uuids(), interval=_Intervals, time=_Times)
def test_the_next_moment_is_later_by_an_interval_at_most(probe: uuid.UUID, interval: int, time: datetime) -> None:
    moment = moment_after(probe, interval, time)
    assert timedelta(0) < moment - time <= _seconds(interval)


@given(probe=st.uuids(), interval=st.integers(1, 10**6), time=_Times, millionths=st.integers(0, 999_999))
def test_moments_are_the_same_for_everybody_and_an_interval_apart(
    probe: uuid.UUID, interval: int, time: datetime, millionths: int
) -> None:
    first = moment_after(probe, interval, time)
    assert moment_after(probe, interval, first) == first + _seconds(interval)
    before_the_next = first + timedelta(microseconds=interval * millionths)
    assert moment_after(probe, interval, before_the_next) == first + _seconds(interval)


def test_probes_are_spread_over_their_interval() -> None:
    probes = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)) for number in range(2000)]
    per_second = [0] * 60
    for probe in probes:
        per_second[int((moment_after(probe, 60, _NOW) - _NOW).total_seconds())] += 1
    assert max(per_second) < 2 * 2000 / 60


def test_a_probe_runs_once_at_each_of_its_moments() -> None:
    probe, schedule = uuid.uuid4(), Schedule()
    schedule.learn({probe: _NOW})
    moments = [moment_after(probe, 10, _NOW + _seconds(10 * number)) for number in range(4)]
    taken = []
    for tenth in range(401):
        now = _NOW + _seconds(tenth / 10)
        for due in schedule.take_due({probe: 10}, now):
            taken.append(now)
            schedule.ended(due)
    assert len(taken) == 4
    for now, moment in zip(taken, moments, strict=True):
        assert timedelta(0) <= now - moment < _seconds(0.1)


def test_a_run_that_outlasts_its_interval_skips_moments_and_piles_nothing_up() -> None:
    probe, schedule = uuid.uuid4(), Schedule()
    schedule.learn({probe: None})
    assert schedule.take_due({probe: 1}, _NOW) == [probe]
    for second in range(1, 100):
        assert schedule.take_due({probe: 1}, _NOW + _seconds(second)) == []
    schedule.ended(probe)
    assert schedule.take_due({probe: 1}, _NOW + _seconds(100)) == [probe]
    schedule.ended(probe)
    assert schedule.take_due({probe: 1}, _NOW + _seconds(100)) == []


def test_a_new_probe_runs_at_once_and_a_break_is_made_up_for_once() -> None:
    new, missed, fresh = (uuid.UUID(int=number) for number in (7, 11, 13))
    schedule = Schedule()
    schedule.learn({new: None, missed: _NOW - timedelta(days=2), fresh: _NOW})
    intervals = dict.fromkeys((fresh, missed, new), 3600)
    assert schedule.take_due(intervals, _NOW) == [new, missed]
    for probe in (new, missed):
        schedule.ended(probe)
    assert schedule.take_due(intervals, _NOW) == []


def test_a_last_run_in_the_future_of_our_clock_holds_nothing_up() -> None:
    probe, schedule = uuid.uuid4(), Schedule()
    schedule.learn({probe: _NOW + timedelta(days=1)})
    assert schedule.take_due({probe: 60}, _NOW) == []
    assert schedule.take_due({probe: 60}, _NOW + timedelta(days=2)) == [probe]


def test_a_probe_that_went_away_is_forgotten() -> None:
    probe, other = uuid.uuid4(), uuid.uuid4()
    schedule = Schedule()
    assert schedule.unknown([probe, other]) == [probe, other]
    schedule.learn({probe: _NOW, other: _NOW})
    assert schedule.unknown([other]) == []
    assert schedule.unknown([other, probe]) == [probe]
