"""Whether all records of what was used agree: journal, requests, sums, ledger, balances and budgets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from control_layer.control.reconciliation.findings import Finding, Report
from control_layer.control.reconciliation.journals import check_journals
from control_layer.control.reconciliation.money import check_balances, check_budgets, check_charges, check_usage
from control_layer.control.reconciliation.sums import check_sums, days_of
from control_layer.store.tables import TrafficHorizon

__all__ = ["Finding", "Report", "reconcile"]


async def reconcile(engine: AsyncEngine, journal_dir: Path | None) -> Report:
    """Compares everything, as it was at one moment; the instance may go on. Without a `journal_dir`, all but journals.

    Adds up every request that is kept, a day at a time. Raises SQLAlchemy's errors, `DatabaseUnavailable` and OSError.
    """
    report = Report(looked_at=defaultdict(int))
    connection = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    async with AsyncSession(connection) as session:
        async for finding in _findings(session, journal_dir, report):
            report.findings.append(finding)
    return report


async def _findings(session: AsyncSession, journal_dir: Path | None, report: Report) -> AsyncIterator[Finding]:
    horizon = (await session.execute(select(TrafficHorizon))).scalar_one()
    everything = horizon.requests_since.year == 1970
    if journal_dir is not None:
        async for finding in check_journals(session, journal_dir, report):
            yield finding
    for day in await days_of(session):
        kept = everything or day >= horizon.requests_since
        report.looked_at["days" if kept else "days whose requests are gone"] += 1
        if day >= horizon.sums_since:
            async for finding in check_sums(session, day, requests=kept, minutes=day >= horizon.minutes_since):
                yield finding
        if kept:
            async for finding in check_charges(session, day):
                yield finding
    async for finding in check_usage(session, horizon.requests_since, everything=everything):
        yield finding
    async for finding in check_balances(session):
        yield finding
    async for finding in check_budgets(session, horizon.requests_since):
        yield finding
