"""A kept answer in the books: one row, no cost, what it saved; nobody else's; forgotten everywhere by a purge."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.faults.target import ours_only
from tests.running import Instance, running, until

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(180)]

_MODEL = "sim-small"
_TARIFF = {
    "name": "t",
    "input_price_per_token": "0.001",
    "output_price_per_token": "0.002",
    "api_key_purpose": "realtime",
    "price_per_request": "0.5",
}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with (
        simulator("--api-key", "provider-credential") as url,
        running(tmp_path_factory.mktemp("kept"), workers=2) as instance,
    ):
        instance.connect_provider(url, [_MODEL], api_key="provider-credential")
        me = instance.api("GET", "/users/current")["id"]
        credit = {"user_id": me, "transaction_type": "admin_grant", "amount": "1000", "source_id": "kept"}
        instance.api("POST", "/transactions", credit, status=201)
        instance.api("PATCH", f"/models/{_model(instance)}", {"tariffs": [_TARIFF]})
        yield instance


def _model(instance: Instance) -> str:
    (model,) = instance.api("GET", "/models?limit=100")["data"]
    return str(model["id"])


def _ask(instance: Instance, key: str, text: str, connection: httpx.Client | None = None) -> httpx.Response:
    """Ask on a connection of one's own, which any worker may get, or on one that is kept, and so one worker's."""
    body = {"model": _MODEL, "messages": [{"role": "user", "content": text}]}
    headers = {"authorization": f"Bearer {key}"}
    post = connection.post if connection else httpx.post
    return post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30)


def _hit(instance: Instance, key: str, text: str, connection: httpx.Client | None = None) -> httpx.Response | None:
    """The answer when it was a kept one; each worker keeps its own."""
    answer = _ask(instance, key, text, connection)
    assert answer.status_code == 200, answer.text
    return answer if answer.headers.get("x-control-layer-cache") == "hit" else None


def _wait_forgotten(instance: Instance, key: str, text: str, connection: httpx.Client) -> None:
    until(lambda: not _hit(instance, key, text, connection))


@contextlib.contextmanager
def _both_workers(instance: Instance, key: str, text: str) -> Iterator[list[httpx.Client]]:
    """A connection to each of the two workers, both of which keep the answer to `text`.

    A worker that was not asked yet is known by its not having the answer the first one keeps.
    """
    with contextlib.ExitStack() as opened:
        first = opened.enter_context(httpx.Client())
        until(lambda: _hit(instance, key, text, first))
        while True:
            second = opened.enter_context(httpx.Client())
            if not _hit(instance, key, text, second):
                break
        until(lambda: _hit(instance, key, text, second))
        yield [first, second]


def test_a_kept_answer_costs_nothing_and_says_what_it_saved(instance: Instance) -> None:
    key, text = str(instance.make_key("keeps")["key"]), uuid.uuid4().hex
    instance.api("PUT", f"/models/{_model(instance)}/traffic-policy", {"caching": {"scope": "key"}})
    instance.wait_callable(key, _MODEL)
    until(lambda: "x-control-layer-cache" in _ask(instance, key, text).headers)
    answer = until(lambda: _hit(instance, key, text))
    assert answer is not None
    detail = _detail(instance, answer)
    assert (detail["cache"], detail["outcome"], detail["attempts"]) == ("hit", "completed", [])
    usage = answer.json()["usage"]
    saved = (detail["saved_input_tokens"], detail["saved_output_tokens"])
    assert saved == (usage["prompt_tokens"], usage["completion_tokens"])
    assert detail["tokens"]["input"] is None
    assert not Decimal(detail["cost"] or 0)
    spared = Decimal("0.001") * saved[0] + Decimal("0.002") * saved[1] + Decimal("0.5")
    assert Decimal(detail["saved_cost"]) == spared
    charged = instance.sql("SELECT 1 FROM transactions WHERE source_id = $1", detail["id"])
    assert charged == []
    hits = instance.api("GET", "/requests?cache=hit")["entries"]
    assert detail["log_id"] in [entry["id"] for entry in hits]
    other = str(instance.make_key("keeps too")["key"])
    instance.wait_callable(other, _MODEL)
    assert _ask(instance, other, text).headers["x-control-layer-cache"] == "miss", "another key's"


def _detail(instance: Instance, answer: httpx.Response) -> dict[str, Any]:
    path = f"/requests/{answer.headers['x-request-id']}"
    until(lambda: '"state":"ended"' in instance.admin.get(f"/admin/api/v1{path}").text)
    return dict(instance.api("GET", path))


@pytest.mark.parametrize("whose", ["api-keys/{key}/purge-cache", "purge-cache"], ids=["a key", "a person"])
def test_a_purge_of_a_key_or_a_person_takes_what_others_are_given_too(instance: Instance, whose: str) -> None:
    instance.api("PUT", f"/models/{_model(instance)}/traffic-policy", {"caching": {"scope": "shared"}})
    maker, other = instance.make_key(f"makes, {whose}"), instance.make_key(f"is given, {whose}")
    text = uuid.uuid4().hex
    for key in (maker, other):
        instance.wait_callable(str(key["key"]), _MODEL)
    until(lambda: instance.api("POST", "/explain", {"key_id": maker["id"], "model": _MODEL})["caching"] == "shared")
    with httpx.Client() as connection:
        until(lambda: _hit(instance, str(maker["key"]), text, connection))
        assert _hit(instance, str(other["key"]), text, connection)
        instance.api("POST", f"/users/current/{whose.format(key=maker['id'])}", status=204)
        _wait_forgotten(instance, str(other["key"]), text, connection)


def test_a_key_that_wants_no_kept_answers_is_given_none_within_moments(instance: Instance) -> None:
    key, text = instance.make_key("changes its mind"), uuid.uuid4().hex
    instance.wait_callable(str(key["key"]), _MODEL)
    until(lambda: _hit(instance, str(key["key"]), text))
    instance.api("PATCH", f"/users/current/api-keys/{key['id']}", {"caching": "off"})
    until(lambda: _ask(instance, str(key["key"]), text).headers["x-control-layer-cache"] == "bypass")
    assert instance.api("POST", "/explain", {"key_id": key["id"], "model": _MODEL})["caching"] == "bypass"
    instance.api("PATCH", f"/users/current/api-keys/{key['id']}", {"caching": "user"})
    until(lambda: instance.api("POST", "/explain", {"key_id": key["id"], "model": _MODEL})["caching"] == "user")


def test_a_purge_is_in_force_in_every_worker(instance: Instance) -> None:
    key, text = str(instance.make_key("forgets")["key"]), uuid.uuid4().hex
    instance.wait_callable(key, _MODEL)
    with _both_workers(instance, key, text) as connections:
        instance.api("POST", f"/models/{_model(instance)}/traffic-policy/purge-cache", status=204)
        for connection in connections:
            _wait_forgotten(instance, key, text, connection)
