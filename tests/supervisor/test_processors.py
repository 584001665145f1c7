"""How many workers a machine, or a container with a quota, is given."""

from __future__ import annotations

import os

import pytest

from control_layer.supervisor.processors import quota_of, usable_processors


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000\n", None),
        ("100000 100000\n", 1),
        ("50000 100000\n", 1),
        ("150000 100000\n", 2),
        ("400000 100000\n", 4),
        ("0 100000\n", 1),
        ("100000 0\n", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_a_quota_is_rounded_up_to_whole_cores(text: str, cores: int | None) -> None:
    assert quota_of(text) == cores


def test_there_is_at_least_one_and_no_more_than_may_be_used() -> None:
    assert 1 <= usable_processors() <= len(os.sched_getaffinity(0))
