"""What tests ask of `/users/{user_id}/webhooks`, and the worker that delivers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
from tests.control.management import API, Management, answered

from control_layer.control.webhooks.worker import WebhookWorker

OWN = f"{API}/users/current/webhooks"


async def made(client: httpx.AsyncClient, url: str, *, of: str = "current", **fields: Any) -> dict[str, Any]:
    """A new webhook of the account `of`, with its secret."""
    path = f"{API}/users/{of}/webhooks"
    webhook: dict[str, Any] = await answered(client.post(path, json={"url": url, **fields}), 201)
    return webhook


def worker(management: Management, now: datetime | None = None) -> WebhookWorker:
    """A host that leads, at a time of its own."""
    services = management.services if now is None else replace(management.services, now=lambda: now)
    return WebhookWorker(services)


async def delivered(management: Management, now: datetime | None = None) -> int:
    """Sends what is due until nothing is; how many attempts that were."""
    host, count = worker(management, now), 0
    while tasks := await host.begin_due():
        await asyncio.gather(*tasks)
        count += len(tasks)
    return count


async def deliveries(client: httpx.AsyncClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """The webhook's log, newest first."""
    page = await answered(client.get(f"{OWN}/{webhook['id']}/deliveries?limit=100"), 200)
    found: list[dict[str, Any]] = page["data"]
    return found
