"""What is changed through the management API is what the gateways do, in a whole running instance."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.control.management import NIL
from tests.running import Instance, running, until

from control_layer.contract.reasoning import EFFORTS

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    with simulator("--api-key", "provider-secret") as url:
        yield url


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with running(tmp_path_factory.mktemp("instance")) as instance:
        yield instance


def _status(instance: Instance, key: str, model: str) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30.0).status_code


def test_every_change_of_access_and_routing_takes_effect_without_a_restart(
    instance: Instance, provider_url: str
) -> None:
    def api(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        return instance.api(method, path, body, status=status)

    def now(expected: int, key: str, model: str) -> None:
        until(lambda: _status(instance, key, model) == expected, message=f"{model} does not answer {expected}")

    endpoint = api(
        "POST",
        "/endpoints",
        {"name": "sim", "url": provider_url, "api_key": "wrong", "skip_fetch": True, "model_filter": ["sim-small"]},
        201,
    )
    (model,) = api("GET", "/models?search=sim-small")["data"]
    name = uuid.uuid4().hex
    user = api("POST", "/users", {"username": name, "email": f"{name}@example.org", "roles": []}, 201)
    key = api("POST", f"/users/{user['id']}/api-keys", {"name": "k"}, 201)
    secret, other = key["key"], api("POST", f"/users/{user['id']}/api-keys", {"name": "other"}, 201)["key"]
    group = api("POST", "/groups", {"name": "g"}, 201)["id"]

    now(403, secret, "sim-small")
    api("POST", f"/groups/{group}/models/{model['id']}", status=204)
    api("POST", f"/groups/{group}/users/{user['id']}", status=204)
    now(502, secret, "sim-small")  # the provider refuses our credential
    api("PATCH", f"/endpoints/{endpoint['id']}", {"api_key": "provider-secret", "alias_mapping": {}})
    now(200, secret, "sim-small")
    api("DELETE", f"/groups/{group}/users/{user['id']}", status=204)
    now(403, secret, "sim-small")
    api("POST", f"/groups/{NIL}/models/{model['id']}", status=204)
    now(200, secret, "sim-small")
    api("PATCH", f"/models/{model['id']}", {"alias": "renamed"})
    now(404, secret, "sim-small")
    now(200, secret, "renamed")

    mix = api("POST", "/models", {"type": "composite", "model_name": "mix"})["id"]
    api("POST", f"/groups/{NIL}/models/{mix}", status=204)
    now(404, secret, "mix")
    api("POST", f"/models/{mix}/components/{model['id']}", {})
    now(200, secret, "mix")
    api("PATCH", f"/models/{mix}/components/{model['id']}", {"enabled": False})
    now(404, secret, "mix")

    api("DELETE", f"/users/{user['id']}/api-keys/{key['id']}", status=204)
    now(401, secret, "renamed")
    assert _status(instance, other, "renamed") == 200
    api("DELETE", f"/models/{model['id']}")
    now(404, other, "renamed")
    api("DELETE", f"/users/{user['id']}", status=204)
    now(401, other, "renamed")


def test_a_translation_of_reasoning_efforts_holds_for_the_models_of_its_endpoint(
    instance: Instance, provider_url: str
) -> None:
    endpoint = instance.connect_provider(provider_url, ["sim-large"], name="thinkers", api_key="provider-secret")
    (model,) = instance.api("GET", "/models?search=sim-large")["data"]
    key = instance.make_key("thinks")
    instance.wait_callable(key["key"], "sim-large")

    def now(status: int, effort: str) -> None:
        body = {"model": "sim-large", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": effort}
        headers = {"authorization": f"Bearer {key['key']}"}

        def answered() -> bool:
            answer = httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30.0)
            return answer.status_code == status

        until(answered, message=f"{effort} does not answer {status}")
        question = {"key_id": key["id"], "model": "sim-large", "request": body}
        assert instance.api("POST", "/explain", question)["status"] == status

    def translation(effort: str) -> dict[str, Any]:
        refused = [each for each in EFFORTS if each != effort]
        return {"unsupported_efforts": refused, "writes": [{"target_path": "/budget", "values": {effort: 1024}}]}

    now(200, "high")
    said = {"alias_mapping": {}, "reasoning_translation": {"chat_completions": translation("low")}}
    instance.api("PATCH", f"/endpoints/{endpoint}", said)
    now(422, "high")
    now(200, "low")
    override = {"mode": "override", "translation": translation("high")}
    change = {"reasoning_translation_overrides": {"chat_completions": override}}
    instance.api("PATCH", f"/models/{model['id']}", change)
    now(422, "low")
    now(200, "high")
    off = {"reasoning_translation_overrides": {"chat_completions": {"mode": "disabled"}}}
    instance.api("PATCH", f"/models/{model['id']}", off)
    now(200, "low")


def test_credit_is_there_when_it_is_given_and_gone_when_it_is_used(instance: Instance, provider_url: str) -> None:
    instance.connect_provider(provider_url, ["sim-tiny", "sim-other"], name="priced", api_key="provider-secret")
    (model,) = instance.api("GET", "/models?search=sim-tiny")["data"]
    name = uuid.uuid4().hex
    user = instance.api("POST", "/users", {"username": name, "email": f"{name}@example.org", "roles": []}, status=201)
    key = instance.make_key("live", user_id=user["id"])["key"]

    def now(expected: int, model: str) -> None:
        until(lambda: _status(instance, key, model) == expected, message=f"{model} does not answer {expected}")

    def balance() -> Decimal:
        return Decimal(instance.api("GET", f"/transactions?user_id={user['id']}&limit=1")["page_start_balance"])

    def make(wanted: Decimal) -> None:
        """Brings the balance there."""
        missing = wanted - balance()
        kind = "admin_grant" if missing > 0 else "admin_removal"
        body = {"user_id": user["id"], "transaction_type": kind, "amount": str(abs(missing))}
        instance.api("POST", "/transactions", {**body, "source_id": uuid.uuid4().hex}, status=201)

    now(200, "sim-tiny")
    tariff = {"name": "t", "input_price_per_token": "0.01", "output_price_per_token": "0.01"}
    instance.api("PATCH", f"/models/{model['id']}", {"tariffs": [{**tariff, "api_key_purpose": "realtime"}]})
    now(402, "sim-tiny")
    assert _status(instance, key, "sim-other") == 200
    make(Decimal(5))  # more than what was called before the price was known can still cost
    now(200, "sim-tiny")
    now(402, "sim-tiny")
    until(lambda: balance() < 0, message="nothing was charged")
    assert _status(instance, key, "sim-other") == 200
    make(Decimal(0))
    assert _status(instance, key, "sim-tiny") == 402
    make(Decimal(1000))
    now(200, "sim-tiny")
    instance.api("PATCH", f"/models/{model['id']}", {"tariffs": []})
    make(Decimal(-1000))
    now(200, "sim-tiny")
