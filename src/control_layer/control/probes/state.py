"""What scheduled runs say of a model by now. Gateways avoid one that fails several times in a row, where they can.

A single run may have had bad luck, and a provider's 429 says that it works: neither is held against it.
"""

from __future__ import annotations

import uuid

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.store.tables import ProbeResult, ProbeState

__all__ = ["FAILING_FROM", "note_state"]

FAILING_FROM = 3
"""Failed runs in a row."""
_LIMITED = 429


async def note_state(session: AsyncSession, model_id: uuid.UUID, result: ProbeResult) -> None:
    """Counts a run's result."""
    failed = not result.success and result.status_code != _LIMITED
    failures = ProbeState.failures + 1 if failed else 0
    failing = failures >= FAILING_FROM if failed else False
    statement = insert(ProbeState).values(
        model_id=model_id, failures=int(failed), failing=failed and FAILING_FROM == 1, since=result.executed_at
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProbeState.model_id],
            set_={
                "failures": failures,
                "failing": failing,
                "since": case(
                    (ProbeState.failing.is_distinct_from(failing), result.executed_at), else_=ProbeState.since
                ),
            },
        )
    )
