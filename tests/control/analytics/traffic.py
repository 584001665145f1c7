"""Requests in the database, as the recorder leaves them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.control.management import Management

__all__ = ["HOUR_AGO", "put_request"]

HOUR_AGO = 3600.0


async def put_request(management: Management, *, ago: float = 60.0, **columns: Any) -> uuid.UUID:
    """One completed request, so many seconds ago; returns its id."""
    row: dict[str, Any] = {
        "id": uuid.uuid4(),
        "at": datetime.fromtimestamp(datetime.now(UTC).timestamp() - ago, UTC),
        "worker_id": uuid.UUID(int=1),
        "key_id": uuid.UUID(int=2),
        "user_id": uuid.UUID(management.admin_id),
        "model": "gpt",
        "model_id": uuid.UUID(int=3),
        "method": "POST",
        "path": "/ai/v1/chat/completions",
        "stream": False,
        "outcome": "completed",
        "status": 200,
        "duration_seconds": 0.5,
        "input_tokens": 10,
        "output_tokens": 5,
        "cost": Decimal("0.25"),
        **columns,
    }
    names, places = ", ".join(row), ", ".join(f"${number}" for number in range(1, len(row) + 1))
    insertion = f"INSERT INTO requests ({names}) VALUES ({places}) RETURNING at, id"  # noqa: S608 - our own
    lost = int(row["outcome"] == "lost")
    await management.sql(
        f"WITH new AS ({insertion}) INSERT INTO unfolded_requests (at, id, lost) SELECT at, id, {lost} FROM new",  # noqa: S608
        *(json.dumps(value) if isinstance(value, list) else value for value in row.values()),
    )
    id_ = row["id"]
    assert isinstance(id_, uuid.UUID)
    return id_
