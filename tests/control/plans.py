"""What the application asks of the database, and how the planner would go about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from tests.control.management import Management


@dataclass(frozen=True, slots=True)
class Statement:
    """One, as it was sent."""

    text: str
    parameters: Any

    @property
    def reads(self) -> bool:
        return self.text.lstrip().upper().startswith(("SELECT", "WITH"))


@contextmanager
def statements(management: Management) -> Iterator[list[Statement]]:
    """Everything that is sent meanwhile."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        sent.append(Statement(text, parameters))

    event.listen(management.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(management.engine.sync_engine, "before_cursor_execute", note)


async def scanned(management: Management, statement: Statement, *, first: str | None = None) -> set[str]:
    """The tables that a statement would read from end to end, where `first` was sent before it."""
    nodes = _nodes(await _plan(management, statement, first=first))
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}


async def looked_at(management: Management, statement: Statement) -> set[str]:
    """The tables that a statement would look at, in whatever way; of a table with partitions, these."""
    return {node["Relation Name"] for node in _nodes(await _plan(management, statement)) if "Relation Name" in node}


async def _plan(management: Management, statement: Statement, *, first: str | None = None) -> dict[str, Any]:
    async with management.engine.connect() as connection:
        if first is not None:
            await connection.exec_driver_sql(first)
        rows = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.text}", statement.parameters)
        plan = rows.scalar_one()
    found: dict[str, Any] = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def most_touched(management: Management, statement: Statement) -> int:
    """How many rows the busiest step of a statement's plan looks at, whatever it leaves of them; it is carried out."""
    async with management.engine.connect() as connection:
        explained = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement.text}"
        plan = (await connection.exec_driver_sql(explained, statement.parameters)).scalar_one()
        await connection.rollback()
    return max(_touched((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def _touched(plan: dict[str, Any]) -> Iterator[int]:
    left = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    if plan["Node Type"] != "Bitmap Index Scan":  # which reads no row yet
        yield round(left * plan["Actual Loops"])
    for child in plan.get("Plans", ()):
        yield from _touched(child)
