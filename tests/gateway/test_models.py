"""The model list: what the key may call, in the caller's dialect."""

from __future__ import annotations

import httpx
import pytest
from bench.processes import GatewayProcess
from tests.gateway.company import OUTSIDER, PLATFORM, RESTRICTED
from tests.gateway.conftest import Journal

ANTHROPIC = {"anthropic-version": "2023-06-01"}


def test_lists_what_the_key_may_call_sorted(client: httpx.Client) -> None:
    body = client.get("/models").json()
    names = [item["id"] for item in body["data"]]
    assert body["object"] == "list"
    assert names == sorted(names)
    assert "sim-small" in names
    assert "secret-model" not in names
    assert body["data"][0] | {"id": ""} == {"id": "", "object": "model", "created": 1_700_000_000, "owned_by": "None"}


def test_lists_in_anthropics_shape_when_its_version_is_sent(client: httpx.Client) -> None:
    body = client.get("/models", headers=ANTHROPIC).json()
    assert body["has_more"] is False
    assert (body["first_id"], body["last_id"]) == (body["data"][0]["id"], body["data"][-1]["id"])
    assert body["data"][0]["type"] == "model"
    assert body["data"][0]["created_at"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(("key", "expected"), [(RESTRICTED, ["sim-small"]), (OUTSIDER, [])])
def test_each_key_sees_its_own(gateway: GatewayProcess, key: str, expected: list[str]) -> None:
    headers = {"x-api-key": key}
    assert [item["id"] for item in httpx.get(gateway.base_url + "/models", headers=headers).json()["data"]] == expected
    anthropic = httpx.get(gateway.base_url + "/models", headers=headers | ANTHROPIC).json()
    assert anthropic["first_id"] == (expected[0] if expected else None)


def test_one_model_is_shown_denied_or_unknown(client: httpx.Client) -> None:
    assert client.get("/models/sim-small").json()["id"] == "sim-small"
    assert client.get("/models/sim%2Dsmall", headers=ANTHROPIC).json()["type"] == "model"
    assert client.get("/models/secret-model").status_code == 403
    missing = client.get("/models/no/such", headers=ANTHROPIC)
    assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")


def test_refuses_without_a_key_with_a_platform_key_and_other_methods(
    gateway: GatewayProcess, client: httpx.Client
) -> None:
    assert httpx.get(gateway.base_url + "/models").status_code == 401
    assert httpx.get(gateway.base_url + "/models", headers={"x-api-key": PLATFORM}).status_code == 403
    refused = client.post("/models", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


def test_head_has_the_heads_of_get(client: httpx.Client) -> None:
    answer = client.head("/models")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(client.get("/models").content)


def test_a_list_leaves_no_accounting_row(client: httpx.Client, journal: Journal) -> None:
    before = len(journal.records())
    client.get("/models")
    client.get("/models/sim-small")
    assert len(journal.records()) == before
