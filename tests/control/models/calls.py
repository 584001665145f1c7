"""What tests ask of `/models`."""

from __future__ import annotations

import uuid
from typing import Any

from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, NIL, Management, answered

MODELS = f"{API}/models"


async def standard(management: Management, alias: str | None = None, **body: Any) -> dict[str, Any]:
    """A standard model, at an endpoint of its own unless `hosted_on` says where."""
    if "hosted_on" not in body:
        body["hosted_on"] = (await create_endpoint(management))["id"]
    alias = alias or f"model-{uuid.uuid4().hex}"
    body = {"type": "standard", "model_name": f"upstream-{alias}", "alias": alias, **body}
    made: dict[str, Any] = await answered(management.admin.post(MODELS, json=body), 200)
    return made


async def composite(management: Management, alias: str | None = None, **body: Any) -> dict[str, Any]:
    """A composite model without components."""
    body = {"type": "composite", "model_name": alias or f"composite-{uuid.uuid4().hex}", **body}
    made: dict[str, Any] = await answered(management.admin.post(MODELS, json=body), 200)
    return made


async def grant(management: Management, model_id: str, group_id: str = NIL) -> None:
    """Lets a group use a model; everybody, unless it is said whom."""
    await answered(management.admin.post(f"{API}/groups/{group_id}/models/{model_id}"), 204)


async def aliases(client: Any, query: str = "") -> list[str]:
    """The aliases that a caller's list shows."""
    page = await answered(client.get(f"{MODELS}?limit=101&{query}"), 200)
    assert page["total_count"] == len(page["data"])
    return [model["alias"] for model in page["data"]]
