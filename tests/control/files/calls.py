"""Uploads and files as clients ask for them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any, Final

import httpx
from tests.control.management import API, NIL, Management, answered

from control_layer.control.permissions import Role

FILES = "/ai/v1/files"
BATCHES = "/ai/v1/batches"
CHAT: Final = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Batcher:
    """Somebody who uploads files and makes batches with an inference key."""

    id: str
    client: httpx.AsyncClient
    key: str


async def batcher(management: Management, *roles: Role) -> Batcher:
    """A new account with these roles, BatchAPIUser where none is named."""
    person = await management.person(*(roles or (Role.BATCH_API_USER,)))
    made = await answered(management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "inference"}), 201)
    client = await management.client(authorization=f"Bearer {made['key']}")
    return Batcher(person.id, client, made["key"])


async def with_models(management: Management, *aliases: str, url: str = "http://127.0.0.1:9/v1") -> dict[str, str]:
    """Models that everybody can use; their ids by alias."""
    body = {"name": f"p-{uuid.uuid4()}", "url": url, "model_filter": aliases, "skip_fetch": True}
    endpoint = await answered(management.admin.post(f"{API}/endpoints", json=body), 201)
    models = await answered(management.admin.get(f"{API}/models?endpoint={endpoint['id']}&limit=100"), 200)
    for model in models["data"]:
        await answered(management.admin.post(f"{API}/groups/{NIL}/models/{model['id']}"), 204)
    return {model["alias"]: model["id"] for model in models["data"]}


def line(custom_id: str = "a", *, model: str = "sim-small", url: str = CHAT, **fields: Any) -> dict[str, Any]:
    """A request of a file."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body} | fields


def jsonl(*lines: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


async def upload(client: httpx.AsyncClient, content: bytes, **fields: str) -> httpx.Response:
    """Sends a file, metadata first."""
    data = {"purpose": "batch"} | {
        name.replace("__", "[") + ("]" if "__" in name else ""): value for name, value in fields.items()
    }
    return await client.post(FILES, data=data, files={"file": ("requests.jsonl", content)})


async def uploaded(client: httpx.AsyncClient, *lines: Any) -> dict[str, Any]:
    """A stored file."""
    answer = await upload(client, jsonl(*(lines or (line(),))))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def lines_of(client: httpx.AsyncClient, path: str) -> list[Any]:
    """A file's or a batch's lines."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(each) for each in answer.content.splitlines()]
