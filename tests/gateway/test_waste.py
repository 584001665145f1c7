"""What failed attempts are noted to have cost, and where it keeps further ones from being made, by a real gateway."""

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
from tests.gateway.company import LIVE
from tests.gateway.conftest import Journal, chat

from control_layer.contract.pricing import Prices, Tariff, cost_of
from control_layer.contract.routing import Backoff, Balancing, Breaker, Fallback
from control_layer.contract.snapshot import Deployment, Model, Timeouts, Update
from control_layer.contract.usage import Closed

_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_PRICES = Prices(*(Decimal("0.001") for _ in Prices.__struct_fields__))
_TARIFF = Tariff(str(uuid.uuid5(uuid.NAMESPACE_OID, "tariff")), "realtime", None, _PRICES)
_ON = Fallback(True, True, (500,), backoff=Backoff(0.001, 0.002))
_CHARGED = ("sim-filtered", "sim-hang", "sim-error-early", "sim-reset-after", "sim-refuses")
_FREE = ("sim-error-500", "sim-error-401", "sim-reset-before", "sim-context")


def _parts(alias: str, *names: str) -> tuple[Deployment, ...]:
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, f"{alias}/{number}")) for number, _ in enumerate(names)]
    return tuple(Deployment(id_, LIVE, name, breaker=_PATIENT) for id_, name in zip(ids, names, strict=True))


@dataclass(slots=True)
class _World(World):
    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        groups = whole.users[0].groups
        shared = msgspec.structs.replace(_bounded(Decimal("0.2")), wasted_share=Decimal(0))
        models = [
            *(self._model(name, groups, (name, "sim-small")) for name in (*_CHARGED, *_FREE)),
            self._model("free", groups, ("sim-hang", "sim-small"), tariffs=()),
            self._model("three", groups, ("sim-hang", "sim-hang", "sim-small")),
            self._model("bounded", groups, ("sim-hang",) * 5, _bounded(Decimal("0.5"))),
            self._model("too dear", groups, ("sim-error-500", "sim-small"), _bounded(Decimal("0.01"))),
            self._model("a share", groups, ("sim-refuses",), shared),
        ]
        return msgspec.structs.replace(whole, models=tuple(models))

    def _model(
        self, alias: str, groups: tuple[str, ...], names: tuple[str, ...], fallback: Fallback = _ON, **more: Any
    ) -> Model:
        large = _parts(f"{alias}, instead", "sim-large")
        fields = {"tariffs": (_TARIFF,), "overflow": large, "refusal": large, **more}
        return Model(
            alias, str(uuid.uuid5(uuid.NAMESPACE_OID, alias)), 0, groups, _parts(alias, *names), fallback=fallback,
            balancing=Balancing("priority"), timeouts=Timeouts(first_byte=0.1), **fields,
        )  # fmt: skip


def _bounded(most: Decimal) -> Fallback:
    return msgspec.structs.replace(_ON, max_wasted_cost=most)


@pytest.fixture(scope="module")
def gateway(simulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = start_gateway(tmp_path_factory.mktemp("waste"), _World(simulator_url), retries={"reserve": 1000.0})
    try:
        yield process
    finally:
        process.stop()


def _asked(client: httpx.Client, journal: Journal, model: str, **more: Any) -> tuple[httpx.Response, Closed]:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(model, max_tokens=10, **more))
    return answer, ends[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", _CHARGED)
def test_what_a_provider_worked_for_in_vain_is_estimated_and_not_the_clients(
    client: httpx.Client, journal: Journal, model: str, stream: bool
) -> None:
    answer, end = _asked(client, journal, model, stream=stream)
    if model == "sim-error-early" and not stream:
        assert end.attempts[0].wasted is None, "a stream's behaviour: this answer came whole"
        return
    assert answer.status_code == 200
    first, second = end.attempts
    assert first.wasted is not None
    assert (first.wasted.input or 0) > 0
    assert first.wasted_cost == cost_of(_PRICES, first.wasted, requests=0) > 0
    assert (second.wasted, second.wasted_cost) == (None, None)
    assert (end.outcome, end.tokens.source) == ("completed", "provider")


@pytest.mark.parametrize("model", _FREE)
def test_an_error_wastes_nothing(client: httpx.Client, journal: Journal, model: str) -> None:
    answer, end = _asked(client, journal, model)
    assert answer.status_code == 200
    assert [(attempt.wasted, attempt.wasted_cost) for attempt in end.attempts] == [(None, None)] * 2


def test_of_a_free_model_tokens_are_noted_and_no_cost(client: httpx.Client, journal: Journal) -> None:
    _, end = _asked(client, journal, "free")
    assert end.attempts[0].wasted is not None
    assert end.attempts[0].wasted_cost is None


def test_no_further_attempt_is_made_where_it_might_waste_too_much(client: httpx.Client, journal: Journal) -> None:
    """Each attempt can cost about 0.13 at most: its bytes, ten tokens and a request at 0.001. It wastes about 0.025."""
    answer, end = _asked(client, journal, "bounded")
    assert answer.status_code == 504
    assert len(end.attempts) == 5
    answer, end = _asked(client, journal, "too dear")
    assert (answer.status_code, len(end.attempts)) == (500, 1)


def test_the_last_attempt_is_the_requests_own_and_no_waste(client: httpx.Client, journal: Journal) -> None:
    _, end = _asked(client, journal, "bounded")
    assert [attempt.wasted is not None for attempt in end.attempts] == [True] * 4 + [False]


def test_a_share_bounds_what_all_requests_of_a_model_waste(client: httpx.Client, journal: Journal) -> None:
    """Of nothing: what is reserved to begin with, 20 times 0.2, is all there is."""
    wasted, statuses = Decimal(0), []
    for _ in range(400):
        answer, end = _asked(client, journal, "a share")
        statuses.append(answer.status_code)
        wasted += sum((attempt.wasted_cost or Decimal(0) for attempt in end.attempts), Decimal(0))
        if answer.status_code != 200:
            break
    assert statuses[-1] == 400
    assert len(statuses) > 20
    assert wasted <= 20 * Decimal("0.2")
