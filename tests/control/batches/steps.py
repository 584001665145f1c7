"""What a worker does, step by step, and the batches it does it with."""

from __future__ import annotations

import uuid
from typing import Any

from tests.control.files.calls import BATCHES, CHAT, Batcher, uploaded
from tests.control.management import Management, answered

from control_layer.control.batches import queue
from control_layer.control.batches.queue import Claimed, Ended
from control_layer.control.request_context import transaction


def wanted(file: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"} | fields


async def made(me: Batcher, *lines: Any, **fields: Any) -> dict[str, Any]:
    """A new batch of a new file."""
    file = await uploaded(me.client, *lines)
    return dict(await answered(me.client.post(BATCHES, json=wanted(file, **fields)), 201))


async def expand(management: Management) -> None:
    async with transaction(management.services) as session:
        while await queue.expand_new(session, management.services.now()):
            pass


async def take(management: Management, daemon: uuid.UUID, limit: int = 100) -> list[Claimed]:
    async with transaction(management.services) as session:
        return [*await queue.claim(session, daemon, "sim-small", limit, management.services.now())]


async def ended(management: Management, daemon: uuid.UUID, claimed: Claimed, how: Ended) -> bool:
    async with transaction(management.services) as session:
        return await queue.end(session, daemon, claimed, how, management.services.now())


async def finalise(management: Management) -> None:
    async with transaction(management.services) as session:
        await queue.finalise(session, management.services.now())


DONE = Ended(state="completed", status=200, response=b'{"id": "x",\n "n": 1.0}')
FAILED = Ended(state="failed", status=403, error='{"type":"NonRetriableHttpStatus","details":{"status":403}}')
