"""What a gateway would do with a request, asked of a real one: each decision, and the order of deployments."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.running import Instance, running, until

pytestmark = [pytest.mark.server, pytest.mark.timeout(180)]

_MODEL, _BROKEN = "sim-small", "sim-error-500"
_EVERYONE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with simulator("--api-key", "provider-credential") as url:
        yield url


@pytest.fixture(scope="module")
def instance(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with running(tmp_path_factory.mktemp("explain")) as instance:
        instance.connect_provider(provider, [_MODEL, _BROKEN], api_key="provider-credential")
        yield instance


@pytest.fixture
def key(instance: Instance) -> dict[str, Any]:
    key = instance.make_key(f"explained-{uuid.uuid4().hex[:8]}")
    instance.wait_callable(str(key["key"]), _MODEL)
    return key


def _explain(instance: Instance, key: dict[str, Any], model: str = _MODEL, **request: object) -> dict[str, Any]:
    question = {"key_id": key["id"], "model": model, "request": request}
    return dict(instance.api("POST", "/explain", question))


def _call(instance: Instance, key: dict[str, Any], model: str) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {key['key']}"}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30)


def _id_of(instance: Instance, alias: str) -> str:
    return str(next(m["id"] for m in instance.api("GET", "/models?limit=100")["data"] if m["alias"] == alias))


def test_a_request_that_would_be_sent(instance: Instance, key: dict[str, Any]) -> None:
    before = instance.sql("SELECT count(*) FROM requests")
    found = _explain(instance, key, messages=[{"role": "user", "content": "Hello" * 100}], max_tokens=50)
    assert (found["allowed"], found["status"], found["code"]) == (True, 200, None)
    assert (found["model"], found["answers"], found["groups"]) == (_MODEL, _MODEL, [_EVERYONE])
    assert 125 + 50 < found["estimated_tokens"] < 175 + 50
    assert (found["price"], found["limits"], found["budgets"]) == (None, [], [])
    (deployment,) = found["deployments"]
    assert deployment["id"] == _id_of(instance, _MODEL)
    assert (deployment["alias"], deployment["endpoint"], deployment["upstream_model"]) == (_MODEL, "provider", _MODEL)
    assert (deployment["order"], deployment["state"], deployment["failing"]) == (1, "closed", False)
    assert instance.sql("SELECT count(*) FROM requests") == before, "nothing was sent or recorded"


def test_guardrails_that_hold_are_named(instance: Instance, key: dict[str, Any]) -> None:
    assert _explain(instance, key)["guardrails"] == []
    for place, (name, models) in enumerate((("second", None), ("first", [_id_of(instance, _MODEL)]))):
        body = {"name": name, "kind": "deny_pattern", "pattern": "never", "position": 5 - place, "models": models}
        made = instance.api("POST", "/guardrails", body, status=201)
    until(lambda: [found["name"] for found in _explain(instance, key)["guardrails"]] == ["first", "second"])
    (found, _) = _explain(instance, key)["guardrails"]
    assert found == {"id": made["id"], "name": "first", "kind": "deny_pattern", "stage": "request"}
    assert [found["name"] for found in _explain(instance, key, _BROKEN)["guardrails"]] == ["second"]
    for listed in instance.api("GET", "/guardrails")["data"]:
        instance.api("DELETE", f"/guardrails/{listed['id']}", status=204)
    until(lambda: not _explain(instance, key)["guardrails"])


def test_what_keeps_a_request_out_is_what_its_client_would_see(instance: Instance, key: dict[str, Any]) -> None:
    unknown = _explain(instance, key, "no-such-model")
    assert (unknown["allowed"], unknown["status"], unknown["code"]) == (False, 404, "model_not_found")
    assert unknown["message"] == _call(instance, key, "no-such-model").json()["error"]["message"]
    wanted = {"name": "small", "scope": "key", "scope_id": key["id"], "kind": "requests", "amount": 2, "per": "day"}
    instance.api("POST", "/rate-limits", wanted, status=201)
    until(lambda: _explain(instance, key)["limits"])
    assert [_call(instance, key, _MODEL).status_code for _ in range(2)] == [200, 200]
    limited = _explain(instance, key)
    assert (limited["allowed"], limited["status"], limited["code"]) == (False, 429, "rate_limit_exceeded")
    (limit,) = limited["limits"]
    assert (limit["name"], limit["amount"], limit["takes"]) == ("small", 2, 1)
    assert limit["remaining"] < 1
    assert limit["wait_seconds"] > 3600
    assert limited["deployments"][0]["order"] == 1, "all of it is told, not only what keeps it out"
    assert _call(instance, key, _MODEL).status_code == 429


def test_prices_and_budgets(instance: Instance, key: dict[str, Any]) -> None:
    tariff = {
        "name": "t", "input_price_per_token": "0.001", "output_price_per_token": "0.002", "api_key_purpose": "realtime",
    }  # fmt: skip
    composite = _composite(instance, _MODEL)
    instance.api("PATCH", f"/models/{composite}", {"tariffs": [tariff]})
    until(lambda: _explain(instance, key, composite)["price"])
    broke = _explain(instance, key, composite, max_tokens=10)
    assert (broke["status"], broke["code"]) == (402, "insufficient_quota")
    price = broke["price"]
    assert (float(price["input_price_per_token"]), float(price["output_price_per_token"])) == (0.001, 0.002)
    assert float(price["at_most"]) > 10 * 0.002
    budget = {"name": "b", "scope": "key", "scope_id": key["id"], "amount": "5", "period": "day"}
    instance.api("POST", "/budgets", budget, status=201)
    until(lambda: _explain(instance, key, composite)["budgets"])
    (found,) = _explain(instance, key, composite)["budgets"]
    assert (found["name"], float(found["amount"]), found["enforcement"]) == ("b", 5, "hard")
    grant = {"user_id": key["user_id"], "transaction_type": "admin_grant", "amount": "100", "source_id": composite}
    instance.api("POST", "/transactions", grant, status=201)
    until(lambda: _explain(instance, key, composite, max_tokens=10)["allowed"])
    (found,) = _explain(instance, key, composite, max_tokens=10)["budgets"]
    assert found["enough"], "nothing was at hand; it was asked for as it would be for the request itself"
    dear = _explain(instance, key, composite, max_tokens=10_000)
    assert (dear["status"], dear["code"]) == (402, "insufficient_quota")
    assert "the budget 'b' of this key" in dear["message"]


def test_deployments_in_the_order_in_which_they_would_be_asked(instance: Instance, key: dict[str, Any]) -> None:
    composite = _composite(instance, _BROKEN, _MODEL, lb_strategy="priority", fallback_on_status=[500])
    until(lambda: _explain(instance, key, composite)["allowed"])
    first = _explain(instance, key, composite)
    assert (first["strategy"], first["attempts"]) == ("priority", 2)
    assert [(each["alias"], each["order"]) for each in first["deployments"]] == [(_BROKEN, 1), (_MODEL, 2)]
    assert {_call(instance, key, composite).status_code for _ in range(6)} == {200}
    then = _explain(instance, key, composite)
    assert [(each["alias"], each["order"]) for each in then["deployments"]] == [(_MODEL, 1), (_BROKEN, None)]
    resting = then["deployments"][1]
    assert (resting["state"], resting["failures"]) == ("open", 5)
    assert 0 < resting["ready_in_seconds"] <= 5


def test_a_component_whose_own_limit_is_reached_is_passed_over_and_says_so(
    instance: Instance, key: dict[str, Any]
) -> None:
    part, other = _alike(instance), _alike(instance)
    composite = _composite(instance, part, other, lb_strategy="priority")
    for each in (part, other):
        limit = {"name": "few", "scope": "model", "scope_id": _id_of(instance, each), "kind": "requests"}
        instance.api("POST", "/rate-limits", {**limit, "amount": 1, "per": "day"}, status=201)
    first = until(lambda: _with_limits(_explain(instance, key, composite))) or []
    assert [(each["alias"], each["order"], each["full"]) for each in first] == [(part, 1, False), (other, 2, False)]
    assert [limit["remaining"] for each in first for limit in each["limits"]] == pytest.approx([1, 1])
    assert _call(instance, key, composite).status_code == 200
    then = _explain(instance, key, composite)
    assert then["allowed"]
    asked, full = then["deployments"]
    assert (asked["alias"], asked["order"], asked["full"]) == (other, 1, False)
    assert (full["alias"], full["order"], full["full"]) == (part, None, True)
    (limit,) = full["limits"]
    assert (limit["name"], limit["takes"]) == ("few", 1)
    assert limit["remaining"] == pytest.approx(0, abs=0.1)
    assert limit["wait_seconds"] > 0
    assert _call(instance, key, composite).status_code == 200
    nobody, refused = _explain(instance, key, composite), _call(instance, key, composite)
    assert (nobody["allowed"], nobody["status"]) == (False, refused.status_code)
    assert nobody["code"] == refused.json()["error"]["code"]
    # Asked by its own name, its limit is one of the request's.
    assert _explain(instance, key, part)["deployments"][0]["limits"] == []


def _alike(instance: Instance) -> str:
    """A standard model of its own that answers."""
    alias = f"part-{uuid.uuid4().hex[:8]}"
    hosted_on = next(m["hosted_on"] for m in instance.api("GET", "/models?limit=100")["data"] if m["alias"] == _MODEL)
    made = instance.api(
        "POST", "/models", {"type": "standard", "model_name": _MODEL, "alias": alias, "hosted_on": hosted_on}
    )
    instance.api("POST", f"/groups/{_EVERYONE}/models/{made['id']}", status=204)
    return alias


def _with_limits(explained: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The deployments, once all have limits."""
    found: list[dict[str, Any]] = explained["deployments"]
    return found if found and all(each["limits"] for each in found) else None


def test_how_deployments_fare_is_shown(instance: Instance, key: dict[str, Any]) -> None:
    composite = _composite(instance, _MODEL, _BROKEN, fallback_on_status=[500])
    until(lambda: _explain(instance, key, composite)["allowed"])
    _call(instance, key, composite)
    well, broken = until(lambda: _health(instance, composite)) or []
    assert (well["alias"], well["endpoint"], well["probe"]) == (_MODEL, "provider", None)
    assert {view["state"] for view in well["workers"]} == {"closed"}
    assert broken["alias"] == _BROKEN
    (alone,) = instance.api("GET", f"/models/{_id_of(instance, _MODEL)}/health")
    assert alone["deployment_id"] == well["deployment_id"]


def _health(instance: Instance, model: str) -> list[dict[str, Any]] | None:
    """Of each deployment, once a worker has said something of it."""
    found: list[dict[str, Any]] = instance.api("GET", f"/models/{model}/health")
    return found if found[0]["workers"] else None


def _composite(instance: Instance, *parts: str, **fields: object) -> str:
    """A composite model that everybody may call; its alias is its id, too."""
    alias = f"composite-{uuid.uuid4().hex[:8]}"
    body = {"type": "composite", "model_name": alias, **fields}
    made = instance.api("POST", "/models", body)["id"]
    for part in parts:
        instance.api("POST", f"/models/{made}/components/{_id_of(instance, part)}")
    instance.api("POST", f"/groups/{_EVERYONE}/models/{made}", status=204)
    instance.api("PATCH", f"/models/{made}", {"alias": made})
    return str(made)


def test_nobody_but_the_control_plane_may_ask(instance: Instance, key: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {key['key']}", "x-control-layer-explain": str(key["id"])}
    body = {"model": _MODEL, "messages": []}
    answer = httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "may_not_explain")


def test_a_key_that_is_gone(instance: Instance) -> None:
    question = {"key_id": str(uuid.uuid4()), "model": _MODEL}
    assert instance.admin.post("/admin/api/v1/explain", json=question).status_code == 404


def test_models_that_the_client_names_for_when_the_first_one_fails(instance: Instance, key: dict[str, Any]) -> None:
    found = _explain(instance, key, "no-such-model", models=["nor-this-one", _MODEL, _BROKEN])
    assert (found["allowed"], found["model"], found["answers"]) == (True, "no-such-model", _MODEL)
    assert [(each["model"], each["status"], each["code"]) for each in found["passed_over"]] == [
        ("no-such-model", 404, "model_not_found"),
        ("nor-this-one", 404, "model_not_found"),
    ]
    assert found["alternatives"] == [_BROKEN]
    found = _explain(instance, key, "no-such-model", models=["nor-this-one"])
    assert (found["allowed"], found["code"]) == (False, "model_not_found")
    assert [each["model"] for each in found["passed_over"]] == ["no-such-model"]


def test_which_model_was_asked_for_is_in_the_request_log(instance: Instance, key: dict[str, Any]) -> None:
    body = {"model": "no-such-model", "models": [_MODEL], "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {key['key']}"}
    answer = httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30)
    request_id = answer.headers["x-request-id"]
    until(lambda: instance.sql("SELECT id FROM requests WHERE id = $1", uuid.UUID(request_id)))
    detail = instance.api("GET", f"/requests/{request_id}")
    assert (detail["model"], detail["asked_model"]) == (_MODEL, "no-such-model")


def test_what_further_attempts_would_be_made(instance: Instance, key: dict[str, Any]) -> None:
    mix = f"mix-{uuid.uuid4().hex[:8]}"
    made = instance.api("POST", "/models", {"type": "composite", "model_name": mix, "alias": mix})
    for alias in (_MODEL, _BROKEN):
        instance.api("POST", f"/models/{made['id']}/components/{_id_of(instance, alias)}", {"weight": 1})
    instance.api("POST", f"/groups/{_EVERYONE}/models/{made['id']}", status=204)
    policy = {"hedging": {"after_ms": 200}, "fallback": {"max_wasted_cost": "0.5"}}
    instance.api("PUT", f"/models/{made['id']}/traffic-policy", policy)
    instance.wait_callable(str(key["key"]), mix)
    question = {"key_id": key["id"], "model": mix, "path": "/v1/embeddings", "request": {"input": "Hello"}}
    found = until(lambda: (told := instance.api("POST", "/explain", question))["hedging"] and told)
    assert found["hedging"] == {"after_seconds": 0.2, "at_hand": 1.0}
    assert found["waste"] == {"max_wasted_cost": "0.5", "left": None, "attempt_at_most": "0", "affordable": True}
    assert (found["attempts"], found["retries_at_hand"] > 1) == (2, True)
    assert _explain(instance, key, mix)["hedging"] is None, "an answer that is generated is not asked for twice"
