"""S1: budgets hold with many workers, whatever is restarted or killed meanwhile; and they can be spent to their end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import openai
import pytest
from bench.processes import simulator
from tests.faults.target import ours_only
from tests.running import Instance, running, until
from tests.websocket import connect

from control_layer.gateway.policy.worst_case import SESSION_TOKENS

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(300)]

_WORKERS = 4
_MODEL = "sim-tokens-200"
_PRICE = Decimal("0.00001")
_SPEAKING = "sim-tokens-50000"
_MAX_TOKENS = 40
_TARIFF = {
    "name": "dear",
    "input_price_per_token": "0",
    "output_price_per_token": str(_PRICE),
    "api_key_purpose": "realtime",
}
_COST = _PRICE * _MAX_TOKENS
"""Of every request: the provider says as many tokens as it is allowed to."""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with (
        simulator("--api-key", "provider-credential") as url,
        running(tmp_path_factory.mktemp("budgets"), workers=_WORKERS) as instance,
    ):
        instance.connect_provider(url, [_MODEL, _SPEAKING], api_key="provider-credential")
        for model in instance.api("GET", "/models?limit=100")["data"]:
            instance.api("PATCH", f"/models/{model['id']}", {"tariffs": [_TARIFF]})
        yield instance


def _key(instance: Instance, **fields: object) -> tuple[str, dict[str, Any]]:
    """A new user with credit, and a key of theirs."""
    name = f"u{uuid.uuid4().hex[:8]}"
    body = {"username": name, "email": f"{name}@example.org", "roles": []}
    user = instance.api("POST", "/users", body, status=201)
    grant = {"user_id": user["id"], "transaction_type": "admin_grant", "amount": "1000", "source_id": name}
    instance.api("POST", "/transactions", grant, status=201)
    key = instance.make_key(name, user_id=user["id"], **fields)
    instance.wait_callable(str(key["key"]), _MODEL)
    return str(user["id"]), key


def _budget(instance: Instance, scope: str, scope_id: str, requests: float, **fields: object) -> str:
    """A budget for so many requests, in force."""
    body = {
        "name": f"budget of {scope}",
        "scope": scope,
        "scope_id": scope_id,
        "amount": str(_COST * Decimal(str(requests))),
        "period": "total",
        **fields,
    }
    made = instance.api("POST", "/budgets", body, status=201)
    until(lambda: _published(instance))
    return str(made["id"])


def _published(instance: Instance) -> bool:
    """Whether every worker has the snapshot of this moment."""
    page = httpx.get(instance.metrics_address, timeout=30.0).text
    lines = [line for line in page.splitlines() if line.startswith("control_layer_snapshot_version{")]
    published = instance.metric("control_layer_snapshot_published_version")
    return len(lines) == _WORKERS and all(float(line.rpartition(" ")[2]) == published for line in lines)


def _ask(instance: Instance, key: dict[str, Any], request_id: str, max_tokens: int = _MAX_TOKENS) -> httpx.Response:
    body = {
        "model": _MODEL,
        "messages": [{"role": "user", "content": "Say something."}],
        "max_tokens": max_tokens,
    }
    headers = {"authorization": f"Bearer {key['key']}", "x-request-id": request_id}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=60.0)


def _ask_until_met(instance: Instance, key: dict[str, Any], request_id: str) -> None:
    """Asks until the request is let in: what idle or dead gateways hold comes back in a while."""
    until(lambda: _ask(instance, key, request_id).status_code == 200)


def _spent(instance: Instance, budget_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = instance.api("GET", f"/budgets/{budget_id}")
    return shown


def test_hard_budget_is_never_passed_by_four_workers_while_postgres_is_restarted(instance: Instance) -> None:
    user_id, key = _key(instance)
    budget_id = _budget(instance, "user", user_id, 60)
    answers: list[httpx.Response] = []
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(_ask, instance, key, f"s1-{number}") for number in range(200)]
        until(lambda: sum(call.done() for call in calls) >= 20)
        instance.kill("postgres")
        answers = [call.result() for call in calls]
    statuses = {answer.status_code for answer in answers}
    let_in = sum(answer.status_code == 200 for answer in answers)
    assert statuses <= {200, 402, 503}, statuses
    assert 0 < let_in <= 60
    # What is left can be spent, and not one request more.
    until(lambda: instance.admin.get("/admin/api/v1/users/current").status_code == 200)
    for number in range(60 - let_in):
        _ask_until_met(instance, key, f"s1-rest-{number}")
    assert _ask(instance, key, "s1-over").status_code == 402
    let_in = 60
    until(lambda: Decimal(_spent(instance, budget_id)["spent"]) == _COST * let_in)
    rows = instance.requests(key_id=uuid.UUID(key["id"]), outcome="completed")
    assert len(rows) == let_in
    assert sum(row["cost"] for row in rows) == _COST * let_in <= _COST * 60


def test_refusal_names_the_budget_what_is_left_and_what_the_request_may_cost(instance: Instance) -> None:
    user_id, key = _key(instance)
    _budget(instance, "user", user_id, 1.5, period="day")
    assert _ask(instance, key, "one").status_code == 200
    client = openai.OpenAI(base_url=instance.base_url, api_key=key["key"], max_retries=0)
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            model=_MODEL, max_tokens=_MAX_TOKENS, messages=[{"role": "user", "content": "Say something."}]
        )
    assert refused.value.status_code == 402
    body = refused.value.response.json()["error"]
    assert (body["type"], body["code"]) == ("insufficient_quota", "insufficient_quota")
    for part in ("'budget of user' of this user", "0.0002 of", "up to 0.0004", "T00:00:00Z"):
        assert part in body["message"], body["message"]
    # Half as many tokens fit.
    assert _ask(instance, key, "half", max_tokens=_MAX_TOKENS // 2).status_code == 200


def test_request_counts_in_every_budget_it_falls_under_or_in_none(instance: Instance) -> None:
    user_id, key = _key(instance)
    group = instance.api("POST", "/groups", {"name": f"g-{user_id}"}, status=201)["id"]
    instance.api("POST", f"/groups/{group}/users/{user_id}", status=204)
    small = _budget(instance, "key", key["id"], 1)
    large = _budget(instance, "group", group, 10)
    watching = _budget(instance, "user", user_id, 0.5, enforcement="alert")
    assert _ask(instance, key, "a").status_code == 200
    assert _ask(instance, key, "b").status_code == 402
    for budget_id in (small, large, watching):
        until(lambda budget_id=budget_id: _spent(instance, budget_id)["requests"] == 1)  # type: ignore[misc]
        assert Decimal(_spent(instance, budget_id)["spent"]) == _COST
    until(lambda: Decimal(_spent(instance, large)["set_aside"]) == 0, message="what was not needed is given back")


def test_what_a_killed_gateway_had_on_loan_comes_back(instance: Instance) -> None:
    user_id, key = _key(instance)
    budget_id = _budget(instance, "user", user_id, 40)
    for number in range(4):
        assert _ask(instance, key, f"before-{number}").status_code == 200
    for _ in range(_WORKERS):
        instance.kill("gateway")
    until(lambda: len(instance.pids("gateway")) == _WORKERS)
    until(lambda: _published(instance))
    for number in range(36):
        _ask_until_met(instance, key, f"after-{number}")
    assert _ask(instance, key, "over").status_code == 402
    until(lambda: Decimal(_spent(instance, budget_id)["spent"]) == _COST * 40)


def test_capped_key_is_refused_once_its_cap_is_spent(instance: Instance) -> None:
    _, key = _key(instance, spend_limit=str(_COST * 2))
    statuses: list[int] = []
    while 402 not in statuses and len(statuses) < 20:
        statuses.append(_ask(instance, key, f"cap-{len(statuses)}").status_code)
    # What is under way when it is spent may pass it: here nothing is.
    assert statuses == [200, 200, 402]
    address = f"/users/{key['user_id']}/api-keys/{key['id']}"
    until(lambda: Decimal(instance.api("GET", address)["spend"]) == _COST * 2)
    instance.api("PATCH", address, {"reset_window": True})
    _ask_until_met(instance, key, "anew")


def test_a_session_ends_when_it_has_used_what_its_budget_had_set_aside(instance: Instance) -> None:
    user_id, key = _key(instance)
    set_aside = _PRICE * SESSION_TOKENS
    budget_id = _budget(instance, "user", user_id, float(set_aside * Decimal("1.5") / _COST))
    instance.wait_callable(str(key["key"]), _SPEAKING)
    port = int(instance.address.rpartition(":")[2])
    answers = 0
    with connect(port, f"/ai/v1/realtime?model={_SPEAKING}", f"x-api-key: {key['key']}") as (session, _):
        assert session.read_head().startswith(b"HTTP/1.1 101 ")
        session.receive()
        while answers * 50_000 < SESSION_TOKENS:
            session.send(1, b'{"type": "response.create"}')
            while b"response.done" not in session.receive()[1]:
                pass
            answers += 1
        _, told = session.receive()
        assert json.loads(told)["error"]["code"] == "budget_exceeded"
        opcode, message = session.receive()
        assert (opcode, message[:2]) == (8, (1008).to_bytes(2, "big"))
        assert session.closed()
    until(lambda: Decimal(_spent(instance, budget_id)["spent"]) == _PRICE * answers * 50_000)
