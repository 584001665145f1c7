"""S18, as long as a test may take; `python -m tests.faults.soak` is the whole of it."""

from __future__ import annotations

import pytest
from tests.faults.soak import Soak
from tests.faults.target import Target

pytestmark = [pytest.mark.server, pytest.mark.timeout(400)]

_ROUNDS = 10
_REQUESTS = 2000


def test_memory_stays_where_it_was_and_every_request_is_accounted_for(target: Target) -> None:
    soak = Soak(target, _ROUNDS, _REQUESTS)
    soak.run(shows=True)
