"""A model whose probe fails several times in a row is known to fail, until a run succeeds."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

import pytest
from tests.control.management import Management
from tests.control.probes.calls import create_probe

from control_layer.control.probes.state import FAILING_FROM, note_state
from control_layer.control.request_context import transaction
from control_layer.store.tables import ProbeResult


class _State(NamedTuple):
    failures: int
    failing: bool
    since: datetime


async def _note(management: Management, model_id: str, *, success: bool, status: int | None = None) -> _State:
    result = ProbeResult(executed_at=management.services.now(), success=success, status_code=status)
    async with transaction(management.services) as session:
        await note_state(session, uuid.UUID(model_id), result)
    statement = "SELECT failures, failing, since FROM probe_states WHERE model_id = $1"
    return _State(*(await management.sql(statement, uuid.UUID(model_id)))[0])


async def test_failures_in_a_row_count_and_a_success_ends_them(management: Management) -> None:
    model = (await create_probe(management))["deployment_id"]
    states = [await _note(management, model, success=success) for success in (True, *[False] * FAILING_FROM, False)]
    assert [state.failures for state in states] == [0, 1, 2, 3, 4]
    assert [state.failing for state in states] == [False, False, False, True, True]
    assert states[3].since == states[4].since > states[2].since == states[0].since
    well = await _note(management, model, success=True)
    assert (well.failures, well.failing) == (0, False)
    assert well.since > states[3].since


@pytest.mark.parametrize("status", [429])
async def test_a_model_that_limits_us_works(management: Management, status: int) -> None:
    model = (await create_probe(management))["deployment_id"]
    for _ in range(FAILING_FROM):
        state = await _note(management, model, success=False, status=status)
    assert (state.failures, state.failing) == (0, False)
