"""What tests ask of `/endpoints`."""

from __future__ import annotations

import uuid
from typing import Any

from tests.control.management import API, Management, answered

ENDPOINTS = f"{API}/endpoints"


async def models_at(management: Management, endpoint_id: str) -> dict[str, dict[str, Any]]:
    """An endpoint's live and active models by name."""
    page = await answered(management.admin.get(f"{API}/models?endpoint={endpoint_id}&limit=101"), 200)
    return {model["model_name"]: model for model in page["data"]}


async def create_endpoint(management: Management, status: int = 201, **body: Any) -> Any:
    """An endpoint, whose provider is not asked unless the body says so."""
    body = {"name": f"endpoint-{uuid.uuid4().hex}", "url": "http://127.0.0.1:9/", "sync": False} | body
    return await answered(management.admin.post(ENDPOINTS, json=body), status)
