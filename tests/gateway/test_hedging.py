"""Second attempts beside slow ones, by a real gateway: who answers, what is cancelled, and what is noted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import GatewayProcess, World, start_gateway
from tests.gateway.company import DEAD, LIVE
from tests.gateway.conftest import Journal, chat

from control_layer.contract.limits import Limit
from control_layer.contract.pricing import Prices, Tariff
from control_layer.contract.routing import Balancing, Breaker, Fallback, Hedging
from control_layer.contract.snapshot import Deployment, Endpoint, Model, Timeouts, Update
from control_layer.contract.usage import Closed

_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_SOON = Hedging(0.03, None, 1.0)
_PRICES = Prices(*(Decimal("0.001") for _ in Prices.__struct_fields__))
_TARIFF = Tariff(str(uuid.uuid5(uuid.NAMESPACE_OID, "tariff")), "realtime", None, _PRICES)
_ON = Fallback(True, True, (500, 503))
_SAID: dict[str, dict[str, object]] = {
    "/embeddings": {"input": "Something."},
    "/moderations": {"input": "Something."},
    "/rerank": {"query": "Something", "documents": ["one", "two"]},
    "/score": {"query": "Something", "documents": ["one", "two"]},
}


def _part(alias: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{alias}/{number}"))


@dataclass(slots=True)
class _World(World):
    dead_port: int = 1

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        groups = whole.users[0].groups

        def model(alias: str, *names: str, **more: Any) -> Model:
            parts = tuple(
                Deployment(_part(alias, number), DEAD if name == "dead" else LIVE, name, breaker=_PATIENT)
                for number, name in enumerate(names)
            )
            fields: dict[str, Any] = {"hedging": _SOON, "fallback": _ON, "tariffs": (_TARIFF,), **more}
            return Model(
                alias, str(uuid.uuid5(uuid.NAMESPACE_OID, alias)), 0, groups, parts, balancing=Balancing("priority"),
                **fields,
            )  # fmt: skip

        dear = msgspec.structs.replace(_ON, max_wasted_cost=Decimal("0.001"))
        models = (
            model("slow, then well", "sim-hang", "sim-embed"),
            model("slower", "sim-slow-first-300ms-embed", "sim-hang"),
            model("fails late", "sim-slow-first-100ms-error-500", "sim-slow-first-400ms-embed"),
            model("the other one fails", "sim-slow-first-300ms-embed", "sim-error-500"),
            model("both fail", "sim-slow-first-100ms-error-500", "sim-error-503", "sim-embed"),
            model("breaks", "sim-slow-first-300ms-embed", "sim-reset-before"),
            model("bad request", "sim-hang", "sim-error-422"),
            model("dead", "sim-slow-first-300ms-embed", "dead"),
            model("alone", "sim-slow-first-100ms-embed"),
            model("not asked for", "sim-slow-first-100ms-embed", "sim-embed", hedging=None),
            model("both hang", "sim-hang", "sim-hang"),
            model("in time", "sim-embed", "sim-large"),
            model("limited", "sim-hang", "sim-embed-limited"),
            model("seldom", "sim-slow-first-60ms-embed", "sim-embed", hedging=Hedging(0.01, None, 0.1)),
            model("too dear", "sim-slow-first-100ms-embed", "sim-embed", fallback=dear),
            model("late", "sim-hang", "sim-hang", timeouts=Timeouts(first_byte=0.3)),
        )
        return msgspec.structs.replace(
            whole,
            models=models,
            endpoints=(*whole.endpoints, Endpoint(DEAD, "dead", f"http://127.0.0.1:{self.dead_port}/v1")),
            limits=(Limit("one", "one at a time", "model", _part("limited", 1), "concurrency", 1.0),),
        )


@pytest.fixture(scope="module")
def gateway(simulator_url: str, dead_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    world = _World(simulator_url, dead_port=dead_port)
    process = start_gateway(tmp_path_factory.mktemp("hedging"), world, retries={"reserve": 1000.0}, tracing={})
    try:
        yield process
    finally:
        process.stop()


def _asked(client: httpx.Client, journal: Journal, model: str, path: str = "/embeddings") -> tuple[int, Closed]:
    with journal.admitted() as ends:
        answer = client.post(path, json={**_SAID[path], "model": model})
    (end,) = ends
    assert answer.status_code == end.status
    if answer.status_code == 200:
        assert answer.headers["x-control-layer-deployment"] == end.deployment_id
        assert answer.headers["x-control-layer-attempts"] == str(len(end.attempts))
    return answer.status_code, end


def _errors(end: Closed) -> list[str | None]:
    return [attempt.error for attempt in end.attempts]


@pytest.mark.parametrize("path", _SAID)
def test_a_second_attempt_answers_in_place_of_a_slow_one(client: httpx.Client, journal: Journal, path: str) -> None:
    status, end = _asked(client, journal, "slow, then well", path)
    assert (status, _errors(end), end.deployment_id) == (200, ["hedged", None], _part("slow, then well", 1))
    first, second = end.attempts
    assert first.started is not None
    assert second.started is not None
    assert second.started > first.started
    assert first.status is None
    assert first.wasted is not None
    assert first.wasted_cost is not None
    assert first.wasted_cost > 0
    assert second.wasted is None


def test_the_first_attempt_may_still_win(client: httpx.Client, journal: Journal) -> None:
    status, end = _asked(client, journal, "slower")
    assert (status, _errors(end), end.deployment_id) == (200, [None, "hedged"], _part("slower", 0))
    assert end.tokens.source == "provider"
    assert end.trace is not None
    assert [span.number for span in end.trace.attempts] == [0, 1]
    assert len({span.span_id for span in end.trace.attempts}) == 2


@pytest.mark.parametrize(
    ("model", "errors"),
    [
        ("fails late", ["simulated_error", None]),
        ("the other one fails", [None, "simulated_error"]),
        ("breaks", [None, "reset_before_response"]),
        ("dead", [None, "connect_failed"]),
        ("both fail", ["simulated_error", "simulated_error", None]),
    ],
)
def test_an_attempt_that_fails_leaves_it_to_the_other_one(
    client: httpx.Client, journal: Journal, model: str, errors: list[str | None]
) -> None:
    status, end = _asked(client, journal, model)
    assert (status, _errors(end)) == (200, errors)
    assert end.deployment_id == end.attempts[errors.index(None)].deployment_id
    assert all(attempt.wasted is None for attempt in end.attempts)


def test_an_error_of_the_requests_own_decides(client: httpx.Client, journal: Journal) -> None:
    status, end = _asked(client, journal, "bad request")
    assert (status, _errors(end)) == (422, ["hedged", None])


def test_attempts_that_are_both_too_slow_end_with_a_timeout(client: httpx.Client, journal: Journal) -> None:
    status, end = _asked(client, journal, "late")
    assert (status, _errors(end)) == (504, ["first_byte_timeout", "first_byte_timeout"])
    assert sorted(attempt.wasted is None for attempt in end.attempts) == [False, True], "the last is the request's own"


@pytest.mark.parametrize("model", ["alone", "not asked for", "in time", "too dear"])
def test_who_is_alone_in_time_or_may_not_waste_anything_is_asked_alone(
    client: httpx.Client, journal: Journal, model: str
) -> None:
    status, end = _asked(client, journal, model)
    assert (status, _errors(end)) == (200, [None])


def test_what_may_not_be_made_twice_is_made_once(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        assert client.post("/chat/completions", json=chat("slower")).status_code == 200
    assert _errors(ends[0]) == [None]
    with journal.admitted() as ends:
        client.post("/embeddings", json={**_SAID["/embeddings"], "model": "slower", "stream": True})
    assert _errors(ends[0]) == [None]


def test_a_second_attempt_gives_back_what_it_took_of_its_deployments_limits(
    client: httpx.Client, journal: Journal
) -> None:
    for _ in range(3):
        status, end = _asked(client, journal, "limited")
        assert (status, _errors(end)) == (200, ["hedged", None])


def test_a_client_that_leaves_ends_both(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends, pytest.raises(httpx.ReadTimeout):
        client.post("/embeddings", json={**_SAID["/embeddings"], "model": "both hang"}, timeout=0.5)
    assert (ends[0].outcome, _errors(ends[0])) == ("cancelled", ["client_left", "hedged"])


def test_second_attempts_stay_within_their_budget(client: httpx.Client, journal: Journal) -> None:
    hedged = 0
    for count in range(1, 61):
        _, end = _asked(client, journal, "seldom")
        hedged += len(end.attempts) - 1
        assert hedged <= 1 + 0.1 * count + 1e-6
    assert hedged > 1
