"""S18, shortened: see `soak`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.soak import soak
from tests.faults.target import target

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

_TOLERATED_BYTES = 12 * 1024 * 1024
"""Allocators round up and keep what they have; a leak of a kilobyte a request would be twice as much."""


def test_s18_memory_is_flat_after_the_warm_up(tmp_path: Path) -> None:
    with target(tmp_path) as tortured:
        result = soak(tortured, requests=24_000, warm_up=8_000)
    assert result.unexpected == []
    grown = {name: size for name, size in result.grown.items() if size > _TOLERATED_BYTES}
    assert grown == {}
