"""S4, S5, S14: clients that leave, providers that break off, usage that is missing."""

from __future__ import annotations

import http.client
import json
import threading
import time
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest
from tests.faults.target import (
    CUT,
    LATE_CHUNKS,
    NO_USAGE,
    RESET_MIDDLE,
    SLOW_FIRST,
    SLOW_STREAM,
    SMALL,
    TRUNCATED,
    USAGE_WITH_CONTENT,
    Target,
    chat,
    events,
)  # fmt: skip
from tests.running import Instance, until

pytestmark = pytest.mark.server

_CANCEL_SECONDS = 1.0  # the scenario's own figure
_LAG_SECONDS = 0.05
_TRIES = 5
"""A busy machine may hold anybody up once; it is the best of these that tells about the gateway."""


def _left_within(tortured: Target, model: str, *, events_first: int) -> float:
    """Leaves a stream after some events, or before its answer begins; how long the provider went on."""
    before = tortured.provider_stats()
    where = urlsplit(tortured.base_url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.netloc, timeout=60.0)
    headers = {**tortured.headers, "content-type": "application/json"}
    body = json.dumps(chat(model, stream=True))
    connection.request("POST", f"{where.path}/chat/completions", body, headers)
    until(lambda: tortured.provider_stats()["open"] > before["open"])
    if events_first:
        answer = connection.getresponse()
        for _ in range(2 * events_first):  # each has an empty line behind it
            answer.readline()
        answer.close()
    connection.close()
    left_at = time.monotonic()
    until(lambda: tortured.provider_stats()["cancelled"] > before["cancelled"])
    return time.monotonic() - left_at


@pytest.mark.parametrize(("model", "events_first"), [(SLOW_STREAM, 4), (SLOW_FIRST, 0)])
def test_s4_a_client_that_leaves_ends_the_providers_work_at_once(
    tortured: Target, model: str, events_first: int
) -> None:
    took = min(_left_within(tortured, model, events_first=events_first) for _ in range(_TRIES))
    assert took < _CANCEL_SECONDS


def test_s4_leaving_leaves_one_row_that_charges_what_came(tortured: Target, ours: Instance) -> None:
    before = {row["id"] for row in ours.requests(model=SLOW_STREAM)}
    _left_within(tortured, SLOW_STREAM, events_first=12)
    rows = until(
        lambda: [row for row in ours.requests(model=SLOW_STREAM, outcome="cancelled") if row["id"] not in before]
    )
    assert len(rows) == 1
    (row,) = rows
    assert (row["status"], row["token_source"]) == (200, "estimate")
    assert 0 < row["output_tokens"] < 100  # of the 400 that were on their way
    before_answer = {row["id"] for row in ours.requests(model=SLOW_FIRST)}
    _left_within(tortured, SLOW_FIRST, events_first=0)
    rows = until(
        lambda: [row for row in ours.requests(model=SLOW_FIRST, outcome="cancelled") if row["id"] not in before_answer]
    )
    assert [(row["status"], row["token_source"], row["output_tokens"]) for row in rows] == [(499, "none", None)]


def test_s4_large_prompts_and_leaving_clients_do_not_hold_the_others_up(tortured: Target) -> None:
    """The same worker answers a light request within the bound while 5 MiB prompts come and clients leave."""
    prompt = chat(SMALL, "x" * (5 * 1024 * 1024))
    worst: list[float] = []
    with tortured.client() as heavy, tortured.client() as light:
        light.get("/models")
        for _ in range(_TRIES):
            heavies = threading.Thread(target=heavy.post, args=("/chat/completions",), kwargs={"json": prompt})
            heavies.start()
            waits = []
            while heavies.is_alive():
                asked = time.perf_counter()
                assert light.get("/models").status_code == 200
                waits.append(time.perf_counter() - asked)
            heavies.join()
            worst.append(max(waits))
    # What the machine adds to a round trip under load is not the gateway's.
    assert min(worst) < _LAG_SECONDS * 2, worst


@pytest.mark.parametrize("model", [RESET_MIDDLE, CUT])
def test_s5_a_stream_that_broke_never_looks_whole(tortured: Target, model: str) -> None:
    with tortured.client() as client:
        text = client.post("/chat/completions", json=chat(model, stream=True)).text
    assert "[DONE]" not in text
    parsed = events(text)
    assert [choice for event in parsed for choice in event.get("choices", ()) if choice["finish_reason"]] == []
    assert "error" in parsed[-1]


def test_s5_a_body_that_broke_off_never_looks_whole(tortured: Target) -> None:
    with tortured.client() as client:
        try:
            answer = client.post("/chat/completions", json=chat(TRUNCATED))
        except httpx.RemoteProtocolError:
            return  # the connection broke in the middle, which a client sees
        assert answer.status_code >= 500


def test_s5_what_broke_is_recorded_as_failed(tortured: Target, ours: Instance) -> None:
    def failed(model: str) -> int:
        return len(ours.requests(model=model, outcome="failed"))

    for model in (RESET_MIDDLE, CUT):
        before = failed(model)
        with tortured.client() as client:
            client.post("/chat/completions", json=chat(model, stream=True))
        until(partial(lambda model, rows: failed(model) == rows, model, before + 1))
        assert ours.requests(model=model, outcome="completed") == []


def test_s14_the_first_event_does_not_wait_for_the_later_ones(tortured: Target) -> None:
    with (
        tortured.client() as client,
        client.stream("POST", "/chat/completions", json=chat(LATE_CHUNKS, stream=True)) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        assert tortured.provider_stats()["open"] >= 1  # it is still speaking


@pytest.mark.parametrize("model", [SMALL, USAGE_WITH_CONTENT])
def test_s14_streamed_usage_equals_that_of_the_blocking_answer(tortured: Target, model: str) -> None:
    with tortured.client() as client:
        whole = client.post("/chat/completions", json=chat(model, "the same question")).json()["usage"]
        body = chat(model, "the same question", stream=True, stream_options={"include_usage": True})
        streamed = events(client.post("/chat/completions", json=body).text)
    assert [event["usage"] for event in streamed if event.get("usage")][-1] == whole


def test_s14_missing_usage_is_estimated_marked_and_counted(tortured: Target, ours: Instance) -> None:
    def unmetered() -> float:
        page = httpx.get(ours.metrics_address, timeout=30.0).text
        wanted = f'control_layer_unmetered_requests_total{{model="{NO_USAGE}",source="estimate"}}'
        return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(wanted))

    before, rows = unmetered(), len(ours.requests(model=NO_USAGE))
    with tortured.client() as client:
        client.post("/chat/completions", json=chat(NO_USAGE, stream=True))
        client.post("/chat/completions", json=chat(NO_USAGE))
    until(lambda: len(ours.requests(model=NO_USAGE, outcome="completed")) == rows + 2)
    for row in ours.requests(model=NO_USAGE):
        assert row["token_source"] == "estimate"
        assert row["input_tokens"] > 0
        assert row["output_tokens"] > 0
    assert unmetered() == before + 2
