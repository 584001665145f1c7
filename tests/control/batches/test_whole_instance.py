"""Batches on a whole instance: OpenAI's library, a provider, and processes that die."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.processes import simulator
from openai import APIStatusError, OpenAI
from openai.types import Batch
from tests.control.files.calls import CHAT, jsonl, line
from tests.running import Instance, running, until

_MODELS = [
    "sim-small",
    "sim-error-422",
    "sim-flaky-2-batch",
    "sim-hang",
    "sim-slow-first-100ms",
    "sim-slow-first-1500ms",
    "sim-error-404",
]
_DAEMON = "CONTROL_LAYER_BACKGROUND_SERVICES__BATCH_DAEMON__"
_ENVIRONMENT: dict[str, str | None] = {
    f"{_DAEMON}CLAIM_INTERVAL_MS": "50",
    f"{_DAEMON}BACKOFF_MS": "20",
    f"{_DAEMON}MAX_RETRIES": "3",
    "CONTROL_LAYER_BATCHES__ALLOWED_COMPLETION_WINDOWS": '["24h", "1h"]',
}
_SECONDS = 60.0

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with simulator() as url, running(tmp_path_factory.mktemp("instance"), environment=_ENVIRONMENT) as instance:
        instance.connect_provider(url, _MODELS)
        yield instance


@pytest.fixture(scope="module")
def client(instance: Instance) -> OpenAI:
    """The administrator's, with OpenAI's own library."""
    key = instance.make_key("batches")["key"]
    for model in _MODELS:
        instance.wait_callable(key, model)
    return OpenAI(api_key=key, base_url=instance.base_url, max_retries=0, timeout=30.0)


def _begin(client: OpenAI, *lines: Any, window: Any = "24h") -> Batch:
    file = client.files.create(file=("requests.jsonl", jsonl(*lines)), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window=window)


def _over(client: OpenAI, batch_id: str) -> Batch:
    def found() -> Batch | None:
        batch = client.batches.retrieve(batch_id)
        return batch if batch.status in ("completed", "failed", "cancelled") else None

    batch = until(found, seconds=_SECONDS, message="the batch does not end")
    assert batch is not None
    return batch


def _lines(client: OpenAI, file_id: str | None) -> list[Any]:
    assert file_id is not None
    return [json.loads(each) for each in client.files.content(file_id).text.splitlines()]


def test_openais_library_makes_a_batch_and_reads_its_results(instance: Instance, client: OpenAI) -> None:
    batch = _begin(client, *[line(f"line-{number}") for number in range(30)], line("bad", model="sim-error-422"))
    assert batch.status == "validating"
    assert client.files.content(batch.output_file_id or "").text == ""
    batch = _over(client, batch.id)
    counts = batch.request_counts
    assert counts is not None
    assert (batch.status, counts.total, counts.completed, counts.failed) == ("completed", 31, 30, 1)
    outputs = _lines(client, batch.output_file_id)
    assert {each["custom_id"] for each in outputs} == {f"line-{number}" for number in range(30)}
    assert {each["response"]["status_code"] for each in outputs} == {200}
    assert all(each["response"]["body"]["choices"][0]["message"]["content"] for each in outputs)
    (error,) = _lines(client, batch.error_file_id)
    assert error["custom_id"] == "bad"
    assert "422" in error["error"]["message"]
    assert batch.id in [each.id for each in client.batches.list()]
    assert {batch.input_file_id, batch.output_file_id} <= {each.id for each in client.files.list()}

    until(lambda: len(instance.requests(outcome="completed")) >= 30, seconds=_SECONDS)
    rows = until(lambda: [row for row in instance.requests() if str(row["batch_id"]) == batch.id], seconds=_SECONDS)
    assert {row["custom_id"] for row in rows} <= {f"line-{number}" for number in range(30)} | {"bad"}
    session = {"cookie": str(instance.admin.headers["cookie"])}
    until(
        lambda: (
            instance.admin.get(f"/ai/v1/batches/{batch.id}/analytics", headers=session).json()["total_requests"] == 31
        ),
        seconds=_SECONDS,
    )
    (daemon,) = instance.admin.get("/ai/v1/daemons?status=running").json()["daemons"]
    assert daemon["config"]["claim_interval_ms"] == 50
    assert client.files.delete(batch.input_file_id).deleted


def test_what_may_pass_is_tried_again_and_what_may_not_fails(client: OpenAI) -> None:
    batch = _over(
        client, _begin(client, line("flaky", model="sim-flaky-2-batch"), line("no", model="sim-error-404")).id
    )
    (output,) = _lines(client, batch.output_file_id)
    (error,) = _lines(client, batch.error_file_id)
    assert (output["custom_id"], error["custom_id"]) == ("flaky", "no")
    assert "404" in error["error"]["message"]


def test_cancel_aborts_what_runs(instance: Instance, client: OpenAI) -> None:
    batch = _begin(client, *[line(f"h-{number}", model="sim-hang") for number in range(12)])
    running_now = "SELECT 1 FROM batch_requests WHERE state = 'running' AND batch_id = $1::text::uuid"
    until(lambda: len(instance.sql(running_now, batch.id)) == 10, seconds=_SECONDS)
    assert client.batches.cancel(batch.id).status == "cancelling"
    batch = _over(client, batch.id)
    assert batch.status == "cancelled"
    assert batch.request_counts is not None
    assert (batch.request_counts.completed, batch.request_counts.failed) == (0, 0)
    until(lambda: len(instance.requests(model="sim-hang", outcome="cancelled")) == 10, seconds=_SECONDS)


def test_usage_is_charged_at_the_windows_price(instance: Instance, client: OpenAI) -> None:
    (model,) = [each for each in instance.api("GET", "/models?limit=100")["data"] if each["alias"] == "sim-small"]
    prices = [("realtime", None, "1"), ("batch", None, "0.5"), ("batch", "1h", "0.25")]
    tariffs = [
        {"name": f"{purpose} {window}", "input_price_per_token": price, "output_price_per_token": price,
         "api_key_purpose": purpose, "completion_window": window}
        for purpose, window, price in prices
    ]  # fmt: skip
    grant = {"user_id": instance.api("GET", "/users/current")["id"], "amount": "100000", "source_id": "grant"}
    instance.api("POST", "/transactions", grant | {"transaction_type": "admin_grant"}, status=201)
    instance.api("PATCH", f"/models/{model['id']}", {"tariffs": tariffs})
    for window, price in (("24h", "0.5"), ("1h", "0.25")):
        batch = _over(client, _begin(client, line("priced"), window=window).id)
        charged = "SELECT * FROM transactions WHERE batch_id = $1::text::uuid"
        (row,) = until(lambda: instance.sql(charged, batch.id), seconds=_SECONDS)  # noqa: B023 - asked at once
        (request,) = [each for each in instance.requests() if str(each["batch_id"]) == batch.id]
        assert str(request["input_price_per_token"]).rstrip("0") == price
        assert (row["amount"], row["service_tier"]) == (request["cost"], "batch")


def test_without_credit_lines_of_a_priced_model_fail_and_others_do_not(instance: Instance) -> None:
    priced, free = "sim-slow-first-1500ms", "sim-slow-first-100ms"
    (model,) = [each for each in instance.api("GET", "/models?limit=100")["data"] if each["alias"] == priced]
    tariff = {"name": "t", "input_price_per_token": 1, "output_price_per_token": 1, "api_key_purpose": "batch"}
    instance.api("PATCH", f"/models/{model['id']}", {"tariffs": [tariff]})
    poor = {"username": "poor", "email": "poor@example.org", "roles": ["BatchAPIUser"]}
    key = instance.make_key("batches", user_id=instance.api("POST", "/users", poor, status=201)["id"])["key"]
    instance.wait_callable(key, free)
    with OpenAI(api_key=key, base_url=instance.base_url, max_retries=0, timeout=30.0) as client:
        until(lambda: _refusal(client, priced) == 402)
        batch = _over(client, _begin(client, line("one", model=priced), line("two", model=free)).id)
        (error,) = _lines(client, batch.error_file_id)
        (output,) = _lines(client, batch.output_file_id)
    assert (error["custom_id"], output["custom_id"]) == ("one", "two")
    assert "402" in error["error"]["message"]
    assert "Account balance too low" in error["error"]["message"]


@pytest.mark.parametrize("who", ["control", "gateway", "supervisor"])
def test_whoever_is_killed_every_line_has_exactly_one_result(tmp_path: Path, who: str) -> None:
    with simulator() as url, running(tmp_path, environment=_ENVIRONMENT) as instance:
        instance.connect_provider(url, _MODELS)
        key = instance.make_key("batches")["key"]
        instance.wait_callable(key, "sim-slow-first-100ms")
        with OpenAI(api_key=key, base_url=instance.base_url, max_retries=10, timeout=30.0) as client:
            batch = _begin(client, *[line(f"n-{number}", model="sim-slow-first-100ms") for number in range(120)])
            ended = "SELECT 1 FROM batch_requests WHERE state = 'completed'"
            until(lambda: len(instance.sql(ended)) >= 20, seconds=_SECONDS)
            known = {each["id"]: each for each in _lines(client, batch.output_file_id)}
            instance.kill(who)
        if who == "supervisor":
            instance.process.wait(_SECONDS)
            instance.start_again()
        with OpenAI(api_key=key, base_url=instance.base_url, max_retries=10, timeout=30.0) as client:
            until(lambda: _answers(client), seconds=_SECONDS)
            batch = _over(client, batch.id)
            counts = batch.request_counts
            assert counts is not None
            assert (batch.status, counts.completed, counts.failed) == ("completed", 120, 0)
            outputs = _lines(client, batch.output_file_id)
        assert Counter(each["custom_id"] for each in outputs) == Counter(f"n-{number}" for number in range(120))
        now = {each["id"]: each for each in outputs}
        assert {name: now[name] for name in known} == known, "what had an answer keeps it"
        assert all(
            row["attempts"] == 1
            for row in instance.sql("SELECT attempts FROM batch_requests WHERE 'batch_req_' || id = ANY($1)", [*known])
        )
        until(lambda: len(instance.requests(outcome="completed")) >= 120, seconds=_SECONDS)
        broken_off = [row for row in instance.requests() if row["outcome"] in ("cancelled", "lost")]
        assert all(row["input_tokens"] is None for row in broken_off), "who was not answered pays nothing"


def test_who_stops_takes_no_more_lets_end_what_can_and_puts_back_the_rest(tmp_path: Path, database_url: str) -> None:
    external = {"CONTROL_LAYER_DATABASE__TYPE": "external", "DATABASE_URL": database_url}
    environment = _ENVIRONMENT | external | {"CONTROL_LAYER_GATEWAY__DRAIN": "5s"}
    with simulator() as url, running(tmp_path, environment=environment) as instance:
        instance.connect_provider(url, _MODELS)
        key = instance.make_key("batches")["key"]
        instance.wait_callable(key, "sim-slow-first-1500ms")
        with OpenAI(api_key=key, base_url=instance.base_url, max_retries=0, timeout=30.0) as client:
            slow = [line(f"s-{number}", model="sim-slow-first-1500ms") for number in range(5)]
            _begin(client, *slow, *[line(f"h-{number}", model="sim-hang") for number in range(5)])
            begun = "they are not under way"
            until(lambda: len(instance.under_way() + instance.requests()) == 10, seconds=_SECONDS, message=begun)
        assert instance.stop() == 0
        rows = instance.sql("SELECT model, state, daemon_id, attempts FROM batch_requests ORDER BY line")
        assert [row["state"] for row in rows] == ["completed"] * 5 + ["pending"] * 5
        assert {row["daemon_id"] for row in rows} == {None}
        assert instance.sql("SELECT 1 FROM batch_daemons WHERE stopped_at IS NOT NULL")


def _refusal(client: OpenAI, model: str) -> int | None:
    try:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hello"}])
    except APIStatusError as error:
        return error.status_code
    return None


def _answers(client: OpenAI) -> bool:
    try:
        client.batches.list(limit=1)
    except Exception:  # noqa: BLE001 - it is coming up
        return False
    return True
