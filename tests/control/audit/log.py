"""The audit log, as the tests look into it."""

from __future__ import annotations

from typing import Any

from tests.control.management import API, Management, answered


async def newest(management: Management, **filters: Any) -> dict[str, Any]:
    """The last entry that matches."""
    return (await entries(management, limit=1, **filters))[0]


async def entries(management: Management, **filters: Any) -> list[dict[str, Any]]:
    """What matches, newest first."""
    page = await answered(management.admin.get(f"{API}/audit", params={"limit": 1000, **filters}), 200)
    found: list[dict[str, Any]] = page["data"]
    return found


async def head(management: Management) -> int:
    """How far the log goes."""
    return int((await management.sql("SELECT max(sequence) FROM audit_log"))[0][0])


async def since(management: Management, sequence: int) -> list[dict[str, Any]]:
    """What came into the log after the entry `sequence`, oldest first."""
    return [entry for entry in reversed(await entries(management)) if entry["sequence"] > sequence]


def told(entry: dict[str, Any]) -> tuple[str, str, str | None]:
    """What was done to what."""
    return entry["operation"], entry["resource"], entry["resource_id"]
