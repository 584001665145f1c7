"""Models that a client names for when the first one fails, asked of a real gateway: who answers, and what is noted."""

from __future__ import annotations

import re
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

from control_layer.contract.guardrails import Guardrail
from control_layer.contract.limits import Limit
from control_layer.contract.pricing import Prices, Tariff
from control_layer.contract.routing import Backoff, Breaker, Fallback, ResponseCaching
from control_layer.contract.snapshot import Budget, Deployment, Endpoint, Model, Timeouts, Update
from control_layer.contract.usage import Opened

_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_NOWHERE = str(uuid.uuid5(uuid.NAMESPACE_OID, "nowhere"))
_ONE = Prices(*(Decimal(1) for _ in Prices.__struct_fields__))
_KEPT = ResponseCaching(600.0, "shared", 1024 * 1024)
_FAILING = ("sim-error-500", "sim-error-503", "sim-error-529", "sim-error-429", "sim-error-401", "sim-context",
            "sim-refuses", "sim-filtered", "sim-hang", "sim-reset-before", "sim-reset-after", "nowhere")  # fmt: skip
_SHUT = ("absent", "secret", "over its limit", "over its budget", "without deployments")


def _id(alias: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"model {alias}"))


def _model(alias: str, groups: tuple[str, ...], *names: str, **more: Any) -> Model:
    parts = tuple(
        Deployment(
            str(uuid.uuid5(uuid.NAMESPACE_OID, f"{alias}/{number}")),
            _NOWHERE if name == "nowhere" else LIVE,
            name,
            breaker=more.get("breaker", _PATIENT),
        )
        for number, name in enumerate(names)
    )
    fields = {"timeouts": Timeouts(first_byte=0.5), **more}
    fields.pop("breaker", None)
    return Model(alias, _id(alias), 0, groups, parts, **fields)


@dataclass(slots=True)
class _World(World):
    dead_port: int = 1

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        groups = whole.users[0].groups
        twice = Fallback(True, True, (500,), True, 2, Backoff(0.001, 0.002))
        models = [
            _model("well", groups, "sim-small"),
            _model("also well", groups, "sim-large"),
            *(_model(name, groups, name) for name in _FAILING),
            _model("bad request", groups, "sim-error-422"),
            _model("secret", (), "sim-small"),
            _model("over its limit", groups, "sim-small"),
            _model(
                "over its budget", groups, "sim-small", tariffs=(Tariff(str(uuid.uuid4()), "realtime", None, _ONE),)
            ),
            _model("without deployments", groups),
            _model("resting", groups, "sim-error-500", breaker=Breaker(failures=1, cooldown=600)),
            _model("twice", groups, "sim-error-500", fallback=twice),
            _model("one at a time", groups, "sim-error-500"),
            _model("guarded", groups, "sim-error-500"),
            _model("kept and failing", groups, "sim-error-500", caching=_KEPT),
            _model("kept", groups, "sim-small", caching=_KEPT),
            _model("ends in a stream", groups, "sim-error-in-stream"),
            _model("begins a stream", groups, "sim-error-early"),
        ]
        return msgspec.structs.replace(
            whole,
            models=tuple(models),
            endpoints=(*whole.endpoints, Endpoint(_NOWHERE, "nowhere", f"http://127.0.0.1:{self.dead_port}/v1")),
            limits=(
                Limit("none", "none", "model", _id("over its limit"), "concurrency", 0.0),
                Limit("one", "one", "model", _id("one at a time"), "concurrency", 1.0),
            ),
            budgets=(
                Budget("b", "nothing left", "model", _id("over its budget"), Decimal(1), "day", False, 0.0, "hard"),
            ),
            guardrails=(_guardrail(_id("guarded")),),
        )


def _guardrail(model_id: str) -> Guardrail:
    return Guardrail("g", "no secrets", 0, "request", "deny_pattern", (model_id,), pattern="top secret")


@pytest.fixture(scope="module")
def gateway(simulator_url: str, dead_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    world = _World(simulator_url, dead_port=dead_port)
    process = start_gateway(tmp_path_factory.mktemp("fallbacks"), world, retries={"reserve": 1000.0})
    try:
        yield process
    finally:
        process.stop()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("first", [*_FAILING, *_SHUT])
def test_the_next_model_answers_where_the_first_one_fails_or_may_not_be_called(
    client: httpx.Client, journal: Journal, first: str, stream: bool
) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(first, models=["well", "also well"], stream=stream))
    assert answer.status_code == 200
    assert answer.headers["x-control-layer-model"] == "well"
    (end,) = ends
    assert (end.model, end.model_id, end.asked, end.outcome) == ("well", _id("well"), first, "completed")
    assert [attempt.error is None for attempt in end.attempts] == [True] if first in _SHUT else [False, True]
    assert (end.tokens.source, end.finish_reason) == ("provider", "stop")


def test_the_first_of_the_list_is_asked_where_no_model_is_named(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json={**chat(), "model": None, "models": ["well", "absent"]})
    assert answer.headers["x-control-layer-model"] == "well"
    assert (ends[0].model, ends[0].asked) == ("well", None)


def test_the_last_models_error_is_heard(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("sim-error-500", models=["sim-error-429", "secret"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "model_access_denied")
    (end,) = ends
    assert (end.outcome, end.error, end.model) == ("failed", "model_access_denied", "sim-error-429")
    assert [attempt.status for attempt in end.attempts] == [500, 429]


def test_a_request_that_no_model_lets_in_is_not_on_record(client: httpx.Client, journal: Journal) -> None:
    since = len(journal.records())
    answer = client.post("/chat/completions", json=chat("absent", models=["secret", "over its limit"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "concurrency_limit_exceeded")
    assert journal.records()[since:] == []


def test_an_error_of_the_requests_own_is_every_models(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        assert client.post("/chat/completions", json=chat("bad request", models=["well"])).status_code == 422
    assert len(ends[0].attempts) == 1


def test_a_model_that_rests_is_passed_over(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        for _ in range(2):
            answer = client.post("/chat/completions", json=chat("resting", models=["well"]))
            assert answer.headers["x-control-layer-model"] == "well"
    assert [len(end.attempts) for end in ends] == [2, 1]


def test_each_model_has_its_own_attempts(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("twice", models=["twice", "sim-error-503", "well"]))
    assert answer.headers["x-control-layer-attempts"] == "4"
    assert [attempt.status for attempt in ends[0].attempts] == [500, 500, 503, 200]


def test_what_was_taken_for_a_model_that_is_given_up_is_given_back(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(3) as ends:
        for _ in range(3):
            assert client.post("/chat/completions", json=chat("one at a time", models=["well"])).status_code == 200
    assert [len(end.attempts) for end in ends] == [2, 2, 2]


def test_what_a_guardrail_blocks_goes_to_no_other_model(client: httpx.Client, journal: Journal) -> None:
    secret = {"messages": [{"role": "user", "content": "this is top secret"}], "models": ["well"]}
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json={**secret, "model": "guarded"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "guardrail_blocked")
    assert (ends[0].model, ends[0].attempts) == ("guarded", ())
    assert client.post("/chat/completions", json=chat("guarded", models=["well"])).status_code == 200
    answer = client.post("/chat/completions", json={**secret, "model": "well", "models": []})
    assert answer.status_code == 200


def test_a_kept_answer_of_the_next_model_is_given(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        for _ in range(2):
            client.post("/chat/completions", json=chat("kept and failing", models=["kept"]))
    assert [(end.cache, len(end.attempts), end.deployment_id is None) for end in ends] == [
        ("miss", 2, False),
        ("hit", 1, True),
    ]


def test_a_stream_moves_on_only_before_it_says_anything(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("begins a stream", models=["well"], stream=True))
    assert answer.text.rstrip().endswith("[DONE]")
    assert ends[0].model == "well"
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("ends in a stream", models=["well"], stream=True))
    assert "[DONE]" not in answer.text
    assert (ends[0].model, ends[0].outcome) == ("ends in a stream", "failed")


def test_a_client_that_leaves_while_the_next_model_is_asked_has_its_row(client: httpx.Client, journal: Journal) -> None:
    body = chat("sim-error-500", models=["over its budget"])
    with journal.admitted() as ends, pytest.raises(httpx.ReadTimeout):
        client.post("/chat/completions", json=body, timeout=0.5)
    (end,) = ends
    assert (end.outcome, end.status, end.model, end.tokens.input) == ("cancelled", 499, "sim-error-500", None)


def test_a_budget_of_the_next_model_holds(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("sim-error-500", models=["over its budget"]))
    assert answer.status_code in (402, 503)
    assert ends[0].error == answer.json()["error"]["code"]
    assert [record.model for record in journal.records() if isinstance(record, Opened)][-1] == "sim-error-500"


def test_the_provider_does_not_see_the_list(client: httpx.Client) -> None:
    """A path that the simulator does not know: it answers with what it was sent."""
    answer = client.post("/echo", json={"model": "well", "models": ["also well"], "input": "x"})
    assert answer.status_code == 200
    assert "models" not in answer.text
    assert '"model"' in answer.text.replace("\\", "")


@pytest.mark.parametrize(
    ("models", "code"),
    [
        ("well", "invalid_type"),
        ([1], "invalid_type"),
        ([""], "invalid_value"),
        (["well"] * 9, "invalid_value"),
        (["x" * 513], "invalid_value"),
    ],
)
def test_a_list_that_is_none_is_refused(client: httpx.Client, models: Any, code: str) -> None:
    answer = client.post("/chat/completions", json=chat("well", models=models))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["param"] == "models"


def test_switched_off_the_list_is_passed_on(
    simulator_url: str, dead_port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = _World(simulator_url, dead_port=dead_port)
    process = start_gateway(tmp_path_factory.mktemp("off"), world, client_fallbacks=False)
    headers = {"authorization": f"Bearer {process.secret}"}
    try:
        with httpx.Client(base_url=process.base_url, headers=headers, timeout=15) as client:
            answer = client.post("/echo", json={"model": "well", "models": ["also well"], "input": "x"})
            assert re.search(r"also well", answer.text)
            assert client.post("/chat/completions", json=chat("sim-error-500", models=["well"])).status_code == 500
    finally:
        process.stop()
