"""What tests ask of `/probes`."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from tests.control.management import API, Management, answered
from tests.control.models.calls import standard

PROBES = f"{API}/probes"


async def create_probe(management: Management, **body: Any) -> dict[str, Any]:
    """A probe of a model of its own, unless `deployment_id` says of which."""
    if "deployment_id" not in body:
        body["deployment_id"] = (await standard(management))["id"]
    body = {"name": f"probe-{uuid.uuid4().hex}", "interval_seconds": 60, **body}
    made: dict[str, Any] = await answered(management.admin.post(PROBES, json=body), 201)
    return made


async def insert_result(
    management: Management, probe_id: str, at: datetime, *, success: bool = True, milliseconds: int | None = None
) -> None:
    """A run of the past."""
    await management.sql(
        "INSERT INTO probe_results (id, probe_id, executed_at, success, response_time_ms) VALUES ($1, $2, $3, $4, $5)",
        *(uuid.uuid4(), uuid.UUID(probe_id), at, success, milliseconds),
    )


def ago(now: datetime, **time: float) -> datetime:
    """A moment before `now`."""
    return now - timedelta(**time)
