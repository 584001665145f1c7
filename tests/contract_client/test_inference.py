"""Section 5 with the gateway's contract: calls, refusals, model lists, and how soon a change is there."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.contract_client.client import API, Person, World, fresh
from tests.contract_client.shapes import INT, STR, TS, array, fits, one_of
from tests.running import until

pytestmark = pytest.mark.server

_SOON = 5.0  # seconds: "within a couple of seconds", on a busy machine


def _chat(caller: Person, model: str, **more: Any) -> httpx.Response:
    body = {"model": model, "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
    return caller.send("POST", "/ai/v1/chat/completions", json=body, **more)


def _soon(caller: Person, model: str, status: int) -> httpx.Response:
    until(lambda: _chat(caller, model).status_code == status, seconds=_SOON, message=f"never {status}")
    return _chat(caller, model)


def _error(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error.keys() >= {"message", "type", "param", "code"}
    return answer.status_code, error["type"], error["code"]


def test_changes_reach_the_gateway_soon(world: World, endpoint: str) -> None:
    model, group, person = world.model(endpoint), world.group(), world.person()
    key = world.key_holder(person)
    path = f"/users/{person.id}/api-keys/{key.id}"
    world.grant(model["id"], group["id"])
    membership = f"/groups/{group['id']}/users/{person.id}"
    _soon(key, model["alias"], 403)
    world.admin.must("POST", membership, status=204)
    assert _soon(key, model["alias"], 200).json()["choices"]
    world.admin.must("DELETE", membership, status=204)
    _soon(key, model["alias"], 403)
    world.grant(model["id"])
    _soon(key, model["alias"], 200)
    renamed = fresh("renamed")
    world.admin.must("PATCH", f"/models/{model['id']}", {"alias": renamed}, status=200)
    _soon(key, renamed, 200)
    assert _error(_soon(key, model["alias"], 404)) == (404, "invalid_request_error", "model_not_found")
    rotated = person.must("POST", f"{path}/rotate", status=200)["key"]
    new = Person(world.address, {"authorization": f"Bearer {rotated}"})
    _soon(new, renamed, 200)
    _soon(key, renamed, 401)
    person.must("DELETE", path, status=204)
    assert _error(_soon(new, renamed, 401)) == (401, "invalid_request_error", "invalid_api_key")
    world.admin.must("DELETE", f"/models/{model['id']}", status=200)
    _soon(world.key_holder(person), renamed, 404)


def test_refusals_in_either_dialect(world: World, endpoint: str) -> None:
    model, person = world.model(endpoint), world.person()
    key, platform = world.key_holder(person), world.key_holder(person, purpose="platform")
    assert _error(_soon(key, model["alias"], 403)) == (403, "permission_error", "model_access_denied")
    assert _error(_chat(key, fresh("no-such"))) == (404, "invalid_request_error", "model_not_found")
    assert _error(_chat(world.nobody, model["alias"])) == (401, "invalid_request_error", "invalid_api_key")
    assert _chat(platform, model["alias"]).status_code == 403
    assert platform.send("GET", "/ai/v1/models").status_code == 403
    assert _chat(world.admin, model["alias"]).status_code == 401  # a session is no key
    for content in (b"{", b'{"messages": []}', b'{"model": 5}'):
        answer = key.send(
            "POST", "/ai/v1/chat/completions", content=content, headers={"content-type": "application/json"}
        )
        assert _error(answer)[:2] == (400, "invalid_request_error")
    body = {"model": fresh("no-such"), "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    refused = key.send("POST", "/ai/v1/messages", json=body)
    assert (refused.status_code, refused.json()["type"], refused.json()["error"]["type"]) == (
        404,
        "error",
        "not_found_error",
    )


_TARIFF = {
    "name": "t",
    "input_price_per_token": "0.001",
    "output_price_per_token": "0.001",
    "api_key_purpose": "realtime",
}


def test_a_call_of_a_priced_model_is_charged(world: World, endpoint: str) -> None:
    model, person = world.model(endpoint, tariffs=[_TARIFF]), world.person()
    world.grant(model["id"])
    credit = {"user_id": person.id, "transaction_type": "admin_grant", "amount": 10, "source_id": fresh("s")}
    world.admin.must("POST", "/transactions", credit, status=201)
    assert _soon(world.key_holder(person), model["alias"], 200).json()["usage"]["total_tokens"] > 0

    def charged() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = person.get("/transactions", transaction_types="usage")["data"]
        return rows

    row = until(charged, message="never charged")[0]
    assert (row["transaction_type"], row["user_id"], row["service_tier"]) == ("usage", person.id, "realtime")
    assert person.get("/users/current", include="billing")["credit_balance"] < 10


def test_a_priced_model_needs_credit(world: World, endpoint: str) -> None:
    model, person = world.model(endpoint, tariffs=[_TARIFF]), world.person()
    world.grant(model["id"])
    key = world.key_holder(person)
    refused = _soon(key, model["alias"], 402)
    assert _error(refused) == (402, "insufficient_quota", "insufficient_quota")
    message = "Account balance too low. Please add credits to continue."
    assert refused.json()["error"]["message"].startswith(message)
    body = {"model": model["alias"], "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    refused = key.send("POST", "/ai/v1/messages", json=body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (402, "billing_error")
    assert refused.json()["error"]["message"].startswith(message)


def test_model_lists_hold_what_the_key_may_call(world: World, endpoint: str) -> None:
    stem, person = fresh("listed"), world.person()
    granted = [world.model(endpoint, alias=f"{stem}-{letter}") for letter in "ba"]
    world.model(endpoint, alias=f"{stem}-c")
    for model in granted:
        world.grant(model["id"])
    key = world.key_holder(person)
    _soon(key, f"{stem}-a", 200)
    _soon(key, f"{stem}-b", 200)
    listed = key.send("GET", "/ai/v1/models").json()
    assert listed["object"] == "list"
    fits(listed["data"], array({"id": STR, "object": one_of("model"), "created": INT, "owned_by": STR}))
    ids = [model["id"] for model in listed["data"]]
    assert ids == sorted(ids)
    assert [name for name in ids if name.startswith(stem)] == [f"{stem}-a", f"{stem}-b"]
    secret = key.headers["authorization"].removeprefix("Bearer ")
    shaped = world.nobody.send(
        "GET", "/ai/v1/models", headers={"anthropic-version": "2023-06-01", "x-api-key": secret}
    ).json()
    assert (shaped["has_more"], shaped["first_id"], shaped["last_id"]) == (False, ids[0], ids[-1])
    fits(shaped["data"], array({"type": one_of("model"), "id": STR, "display_name": STR, "created_at": TS}))
    assert world.nobody.send("GET", "/ai/v1/models").status_code == 401


def test_anthropic_messages(world: World, endpoint: str) -> None:
    model, key = world.model(endpoint), world.key_holder(world.person())
    world.grant(model["id"])
    _soon(key, model["alias"], 200)
    body = {"model": model["alias"], "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
    answer = key.send("POST", "/ai/v1/messages", json=body)
    assert answer.status_code == 200
    fits(
        answer.json(),
        {
            "id": STR,
            "type": one_of("message"),
            "role": one_of("assistant"),
            "model": STR,
            "content": array({"type": STR}),
            "usage": {"input_tokens": INT, "output_tokens": INT},
        },
    )
    stream = key.send("POST", "/ai/v1/messages", json={**body, "max_tokens": 20, "stream": True}).text
    events = [
        line.removeprefix("event: ")
        for line in stream.splitlines()
        if line.startswith("event: ") and "ping" not in line
    ]
    assert (events[0], events[-2:]) == ("message_start", ["message_delta", "message_stop"])


def test_anthropic_messages_need_max_tokens(world: World, endpoint: str) -> None:
    model, key = world.model(endpoint), world.key_holder(world.person())
    world.grant(model["id"])
    _soon(key, model["alias"], 200)
    body = {"model": model["alias"], "messages": [{"role": "user", "content": "hi"}]}
    assert key.send("POST", "/ai/v1/messages", json=body).status_code == 400


def test_the_playground_is_for_people(world: World, people: dict[str, Person], endpoint: str) -> None:
    model = world.model(endpoint)
    world.grant(model["id"])
    _soon(world.key_holder(people["StandardUser"]), model["alias"], 200)
    body = {"model": model["alias"], "messages": [{"role": "user", "content": "hi"}]}
    path = f"{API}/ai/v1/chat/completions"
    assert people["StandardUser"].send("POST", path, json=body).status_code == 200
    assert world.nobody.send("POST", path, json=body).status_code == 401
    lost = people["StandardUser"].send("POST", path, json={"messages": []})
    assert lost.status_code == 400
    assert "Could not extract model from request" in lost.text
