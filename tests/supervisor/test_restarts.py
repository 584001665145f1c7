"""How long a dead child stays dead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from control_layer.supervisor.restarts import Restarts


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_death_waits_longer_up_to_a_bound() -> None:
    restarts = Restarts(_Clock(), lambda: 1.0, first=0.1, last=1.0)
    assert [restarts.died() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert restarts.count == 6


def test_a_healthy_while_is_forgiving() -> None:
    clock = _Clock()
    restarts = Restarts(clock, lambda: 1.0, first=0.1, last=1.0)
    for _ in range(5):
        restarts.died()
    restarts.started()
    clock.now += 60.0
    assert restarts.died() == 0.1


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50))
def test_jitter_never_more_than_halves_a_wait_nor_passes_the_bound(randoms: list[float]) -> None:
    drawn = iter(randoms)
    restarts = Restarts(_Clock(), lambda: next(drawn), first=0.1, last=5.0)
    for failures in range(len(randoms)):
        full = min(0.1 * 2.0**failures, 5.0)
        assert full / 2 <= restarts.died() <= full
