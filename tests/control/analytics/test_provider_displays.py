"""`GET /provider-display-configs` (§4.20)."""

from __future__ import annotations

import pytest
from tests.control.management import API, Management, answered, refused

URL = f"{API}/provider-display-configs"


async def _model(management: Management, alias: str, provider: str | None) -> str:
    body = {"type": "composite", "model_name": alias, "metadata": {"provider": provider} if provider else None}
    return str((await answered(management.admin.post(f"{API}/models", json=body), 200))["id"])


async def test_providers_of_live_models_are_listed_by_name(management: Management) -> None:
    person = await management.person()
    assert await answered(person.client.get(URL), 200) == []
    for alias, provider in (("a", "OpenAI"), ("b", " openai "), ("c", "Anthropic"), ("d", None), ("e", "  ")):
        await _model(management, alias, provider)
    await answered(management.admin.delete(f"{API}/models/{await _model(management, 'f', 'Gone')}"), 200)
    listed = await answered(person.client.get(URL), 200)
    assert [(item["provider_key"], item["model_count"]) for item in listed] == [("anthropic", 1), ("openai", 2)]
    assert listed[0] == {
        "provider_key": "anthropic",
        "display_name": "Anthropic",
        "icon": None,
        "model_count": 1,
        "configured": False,
        "created_by": None,
        "created_at": None,
        "updated_at": None,
    }
    assert await answered(person.client.get(f"{URL}/%20Anthropic"), 200) == listed[0]
    await refused(person.client.get(f"{URL}/Anthropic/icon"), 404, "Icon of provider with ID anthropic not found")


@pytest.mark.parametrize("key", ["nobody", "%20"])
async def test_unknown_providers_are_not_found(management: Management, key: str) -> None:
    await refused(management.admin.get(f"{URL}/{key}"), 404)
