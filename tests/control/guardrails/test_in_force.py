"""A guardrail holds in every gateway, what it blocks stands in the request log, and it ends with its row."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.control.management import NIL
from tests.running import Instance, running, until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with running(tmp_path_factory.mktemp("instance"), workers=2) as instance:
        yield instance


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with simulator() as url:
        yield url


def test_guardrails_take_effect_are_logged_and_end(instance: Instance, provider_url: str) -> None:
    def api(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        return instance.api(method, path, body, status=status)

    api(
        "POST",
        "/endpoints",
        {"name": "sim", "url": provider_url, "skip_fetch": True, "model_filter": ["sim-small"]},
        201,
    )
    (model,) = api("GET", "/models?search=sim-small")["data"]
    api("POST", f"/groups/{NIL}/models/{model['id']}", status=204)
    name = uuid.uuid4().hex
    user = api("POST", "/users", {"username": name, "email": f"{name}@example.org", "roles": []}, 201)
    key = api("POST", f"/users/{user['id']}/api-keys", {"name": "k"}, 201)["key"]

    def ask(text: str) -> httpx.Response:
        body = {"model": "sim-small", "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {key}", "connection": "close"}
        return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30.0)

    until(lambda: ask("hello").status_code == 200, message="the model answers")
    rail = {"name": "No codenames", "kind": "deny_pattern", "pattern": "(?i)aurora", "models": [model["id"]]}
    made = api("POST", "/guardrails", rail, 201)
    until(lambda: [ask("Project Aurora").status_code for _ in range(6)] == [400] * 6, message="it holds everywhere")
    assert ask("Project Borealis").status_code == 200
    assert "'No codenames'" in ask("aurora").json()["error"]["message"]

    def logged() -> list[Any]:
        rows = api("GET", "/requests?limit=100")["entries"]
        return [row["id"] for row in rows if row.get("status_code") == 400]

    (first, *_) = until(logged, message="the request log says what happened")
    detail = api("GET", f"/requests/{first}")
    assert (detail["error"], detail["outcome"], detail["attempts"]) == ("guardrail_blocked", "failed", [])
    api("PATCH", f"/guardrails/{made['id']}", {"enabled": False})
    until(lambda: ask("aurora").status_code == 200, message="it is switched off")
    api("PATCH", f"/guardrails/{made['id']}", {"enabled": True, "groups": [NIL], "stage": "both"})
    until(lambda: ask("aurora").status_code == 400, message="it is switched on")
    api("DELETE", f"/guardrails/{made['id']}", status=204)
    until(lambda: ask("aurora").status_code == 200, message="it is gone")


def test_what_redaction_adds_to_a_request_is_set_aside_too(instance: Instance, provider_url: str) -> None:
    """A hard budget is worked out from what the provider gets, and not from what the client sent."""

    def api(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        return instance.api(method, path, body, status=status)

    endpoint = {"name": "priced", "url": provider_url, "skip_fetch": True, "model_filter": ["sim-priced"]}
    api("POST", "/endpoints", endpoint, 201)
    (model,) = api("GET", "/models?search=sim-priced")["data"]
    tariff = {"name": "t", "input_price_per_token": "0.001", "output_price_per_token": "0"}
    api("PATCH", f"/models/{model['id']}", {"tariffs": [{**tariff, "api_key_purpose": "realtime"}]})
    api("POST", f"/groups/{NIL}/models/{model['id']}", status=204)
    name = uuid.uuid4().hex
    user = api("POST", "/users", {"username": name, "email": f"{name}@example.org", "roles": []}, 201)
    gift = {"user_id": user["id"], "transaction_type": "admin_grant", "amount": "100", "source_id": name}
    api("POST", "/transactions", gift, 201)
    key = api("POST", f"/users/{user['id']}/api-keys", {"name": "k"}, 201)["key"]
    rail = {"kind": "redact", "pattern": "x", "replacement": "y" * 200, "models": [model["id"]]}
    api("POST", "/guardrails", {**rail, "name": "longer"}, 201)
    budget = {"name": "b", "scope": "user", "scope_id": user["id"], "amount": "1", "period": "total"}
    api("POST", "/budgets", budget, 201)

    def ask(text: str) -> httpx.Response:
        body = {"model": "sim-priced", "messages": [{"role": "user", "content": text}], "max_tokens": 5}
        headers = {"authorization": f"Bearer {key}", "connection": "close"}
        return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30.0)

    until(lambda: [ask("x" * 8).status_code for _ in range(6)] == [402] * 6, message="it would cost more than is left")
    until(lambda: ask("o" * 8).status_code == 200, message="what is left goes to requests that fit in it")
