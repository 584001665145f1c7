"""Sample files (§6): who gets them, of what, and that they can be used as they are."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.control.authentication.people import member
from tests.control.files.calls import BATCHES, CHAT, FILES, lines_of, upload, with_models
from tests.control.management import API, NIL, Management, answered, managed, settings_for_tests

_BATCH_USERS = {"default_user_roles": ["StandardUser", "BatchAPIUser"]}
_REGISTERING = {"native": {"allow_registration": True}}
_PROVIDER = {"x-control-layer-provider": "directory"}
_PROXIED = {"proxy_header": {"enabled": True, "trusted_peers": ["10.0.0.0/8"], "import_idp_groups": True}}


async def models_of_all_types(management: Management) -> dict[str, str]:
    """Two for chat, one for embeddings, and one that says nothing of its type."""
    models = await with_models(management, "b-chat", "a-chat", "embed", "untyped")
    for alias, model_id in models.items():
        model_type = {"embed": "EMBEDDINGS", "untyped": None}.get(alias, "CHAT")
        if model_type is not None:
            await answered(management.admin.patch(f"{API}/models/{model_id}", json={"model_type": model_type}), 200)
    return models


async def samples(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    page = await answered(client.get(FILES), 200)
    return {each["filename"]: each for each in page["data"]}


async def test_who_registers_gets_files_that_are_ready_for_a_batch(database_url: str) -> None:
    settings = settings_for_tests(auth=_BATCH_USERS | _REGISTERING, sample_files={"requests_per_file": 130})
    async with managed(database_url, settings) as management:
        assert await samples(management.admin) == {}, "no files at the first start"
        await models_of_all_types(management)
        jo = await member(management)
        found = await samples(jo.browser)
        assert set(found) == {"sample-chat.jsonl", "sample-embeddings.jsonl"}
        for name, model in (("sample-chat.jsonl", "a-chat"), ("sample-embeddings.jsonl", "embed")):
            content = await jo.browser.get(f"{FILES}/{found[name]['id']}/content")
            assert len(content.content) == found[name]["bytes"]
            lines = await lines_of(jo.browser, f"{FILES}/{found[name]['id']}/content")
            assert len(lines) == len({each["custom_id"] for each in lines}) == 130
            assert {each["body"]["model"] for each in lines} == {model}
            assert (await upload(jo.browser, content.content)).status_code == 201, "it passes every check of an upload"
        batch = {"input_file_id": found["sample-chat.jsonl"]["id"], "endpoint": CHAT, "completion_window": "24h"}
        made = await answered(jo.browser.post(BATCHES, json=batch), 201)
        assert made["request_counts"]["total"] == 130


async def test_who_comes_through_a_proxy_gets_them_for_the_models_of_their_groups(database_url: str) -> None:
    async with managed(database_url, settings_for_tests(auth=_BATCH_USERS | _PROXIED)) as management:
        models = await models_of_all_types(management)
        for model_id in models.values():
            await answered(management.admin.delete(f"{API}/groups/{NIL}/models/{model_id}"), 204)
        fields = {"x-control-layer-peer": "10.1.2.3", "x-control-layer-groups": "readers"} | _PROVIDER
        first = await management.client(**fields, **{"x-control-layer-user": "first"})
        assert await samples(first) == {}, "the group reaches nothing yet"
        groups = await answered(management.admin.get(f"{API}/groups?limit=100"), 200)
        (readers,) = [group["id"] for group in groups["data"] if group["name"] == "readers"]
        await answered(management.admin.post(f"{API}/groups/{readers}/models/{models['b-chat']}"), 204)
        second = await management.client(**fields, **{"x-control-layer-user": "second"})
        (only,) = (await samples(second)).values()
        assert (only["filename"], await samples(first)) == ("sample-chat.jsonl", {})
        lines = await lines_of(second, f"{FILES}/{only['id']}/content")
        assert {each["body"]["model"] for each in lines} == {"b-chat"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_files": {"enabled": False}, "auth": _BATCH_USERS | _REGISTERING},
        {"auth": _REGISTERING},
        {"batches": {"enabled": False}, "auth": _BATCH_USERS | _REGISTERING},
    ],
    ids=["switched off", "no right to files", "no batches"],
)
async def test_nobody_else_gets_any(database_url: str, changes: dict[str, Any]) -> None:
    async with managed(database_url, settings_for_tests(**changes)) as management:
        await models_of_all_types(management)
        await member(management)
        await management.person()
        assert await management.sql("SELECT 1 FROM files") == []
