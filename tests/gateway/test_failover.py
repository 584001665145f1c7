"""A real gateway before deployments that fail in every way: what the client gets, and what is noted of each attempt."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import GatewayProcess, World, start_gateway
from tests.faults.scripted_provider import scripted_provider, spoken
from tests.gateway.company import ABSENT, DEAD, LIVE
from tests.gateway.conftest import Journal, chat

from control_layer.contract.limits import Limit
from control_layer.contract.routing import Backoff, Balancing, Breaker, Fallback, Purposes
from control_layer.contract.snapshot import Deployment, Endpoint, Model, Timeouts, Update

_PATIENT = Breaker(failures=10**9, min_requests=10**9)
_ON = Fallback(enabled=True, on_status=(500, 502, 503), backoff=Backoff(initial=0.001, maximum=0.01))
_BATCH_KEY = "sk-" + "a" * 43
_PAUSING = str(uuid.uuid5(uuid.NAMESPACE_OID, "pausing"))
_BEGINNING = b"""event: message_start
data: {"type":"message_start","message":{"type":"message","usage":{"input_tokens":1000,"output_tokens":1}}}

"""


def _deployment(name: str, number: int, breaker: Breaker = _PATIENT) -> Deployment:
    place = {"dead": DEAD, "absent": ABSENT, "pausing": _PAUSING}.get(name, LIVE)
    return Deployment(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{number}")), place, name, breaker=breaker)


@dataclass(slots=True)
class _World(World):
    """Models by alias: what they are made of, and how they are routed."""

    dead_port: int = 1
    pausing_port: int = 1
    models: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=dict)

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        groups = whole.users[0].groups
        made = []
        for at, (alias, (names, routing)) in enumerate(self.models.items()):
            breaker = routing.pop("breaker", _PATIENT)
            parts = tuple(_deployment(name, 10 * at + number, breaker) for number, name in enumerate(names))
            rules = {"fallback": _ON, "balancing": Balancing("priority"), **routing}
            made.append(Model(alias, str(uuid.uuid4()), 0, groups, parts, **rules))
        batch = msgspec.structs.replace(self.key, digest=_digest(_BATCH_KEY), purpose="batch")
        dead = Endpoint(DEAD, "dead", f"http://127.0.0.1:{self.dead_port}/v1")
        pausing = Endpoint(_PAUSING, "pausing", f"http://127.0.0.1:{self.pausing_port}/v1")
        return msgspec.structs.replace(
            whole,
            models=tuple(made),
            keys=(*whole.keys, batch),
            endpoints=(*whole.endpoints, dead, pausing),
            limits=tuple(_limits(made)),
        )


def _limits(models: Iterable[Model]) -> Iterator[Limit]:
    """Of components: by what they are called at the provider."""
    parts = {part.upstream_model: part.id for model in models for part in model.deployments}
    for name in ("absent", "sim-small-limited"):
        yield Limit(f"{name}, one at a time", "one at a time", "model", parts[name], "concurrency", 1)
    yield Limit("one an hour", "one an hour", "model", parts["sim-large-limited"], "requests", 1, 3600, 1)
    yield Limit("two an hour", "two an hour", "model", parts["sim-error-500-limited"], "requests", 2, 3600, 2)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


_FAILING = (
    "dead", "sim-error-500", "sim-error-503", "sim-error-529", "sim-error-429", "sim-error-401", "sim-error-403",
    "sim-reset-before", "sim-hang", "sim-redirect",
)  # fmt: skip


@pytest.fixture(scope="module")
def gateway(simulator_url: str, dead_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    quick = {"timeouts": Timeouts(first_byte=0.3)}
    models: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        **{f"{name}, then well{how}": ((name, "sim-small"), quick) for name in _FAILING for how in ("", " again")},
        **{f"{name}, twice": ((name, name), {}) for name in ("sim-error-500", "sim-error-429", "sim-error-401")},
        "bad request": (("sim-error-422", "sim-small"), {}),
        "off": (("sim-error-500", "sim-small"), {"fallback": Fallback()}),
        "no limits": (("sim-error-429", "sim-small"), {"fallback": Fallback(enabled=True, on_rate_limit=False)}),
        "flaky": (("sim-flaky-2",), {"fallback": Fallback(True, True, (500,), True, 3, Backoff(0.001, 0.002))}),
        **{f"{name} stream": ((f"sim-{name}", "sim-small"), {}) for name in
           ("error-first", "error-early", "error-in-stream", "reset-after", "reset-middle", "cut")},
        "error-early, alone": (("sim-error-early",), {}),
        "long": (("sim-context",), {"fallback": Fallback(), "overflow": (_deployment("sim-large", 1),)}),
        "longer": (("sim-context",), {"overflow": (_deployment("sim-context", 2),)}),
        "refused": (("sim-refuses",), {"refusal": (_deployment("sim-large", 3),)}),
        "filtered": (("sim-filtered",), {"refusal": (_deployment("sim-large", 4),), "fallback": Fallback()}),
        "filtered late": (("sim-filtered-late",), {"refusal": (_deployment("sim-large", 5),)}),
        "filtered twice": (("sim-filtered",), {"refusal": (_deployment("sim-filtered", 6),)}),
        "filtered, and so be it": (("sim-filtered", "sim-large"), {}),
        "frail": (("sim-error-500-lone",), {"breaker": Breaker(failures=3, cooldown=600), "fallback": Fallback()}),
        "frail and well": (("sim-error-500-frail", "sim-small"), {"breaker": Breaker(failures=3, cooldown=600)}),
        "limited and well": (("sim-error-429", "sim-small"), {}),
        "sticky": (("sim-small", "sim-small-b", "sim-small-c"), {"balancing": Balancing(sticky="session")}),
        "no batches": (("sim-small",), {"purposes": (Purposes("batch", None),)}),
        "batches elsewhere": (("sim-error-500",), {"purposes": (Purposes("batch", "no batches by name"),)}),
        "no batches by name": (("sim-large",), {}),
        "absent, then well": (("absent", "sim-small-limited"), {}),
        "one an hour, then well": (("sim-large-limited", "sim-small"), {}),
        "long waits": (("pausing",), {
            "fallback": Fallback(True, True, (500,), True, 3, Backoff(20.0, 20.0, jitter=False)),
            "timeouts": Timeouts(idle=0.1),
        }),
        "no time to wait": (("sim-error-500-limited",), {
            "fallback": Fallback(True, True, (500,), True, 3, Backoff(5.0, 5.0, total=0.0)),
        }),
    }  # fmt: skip
    begun = spoken(_BEGINNING, "text/event-stream", length=None)
    with scripted_provider(begun) as pausing_port:
        world = _World(simulator_url, dead_port=dead_port, pausing_port=pausing_port, models=models)
        process = start_gateway(tmp_path_factory.mktemp("failover"), world, retries={"reserve": 1000.0})
        try:
            yield process
        finally:
            process.stop()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", _FAILING)
def test_the_next_deployment_answers_and_the_client_hears_nothing(
    client: httpx.Client, journal: Journal, name: str, stream: bool
) -> None:
    with journal.admitted() as ends:
        model = f"{name}, then well again" if stream else f"{name}, then well"
        answer = client.post("/chat/completions", json=chat(model, stream=stream))
    assert answer.status_code == 200
    assert "Simulated error" not in answer.text
    assert answer.headers["x-control-layer-attempts"] == "2"
    end = ends[0]
    assert [attempt.error is None for attempt in end.attempts] == [False, True]
    assert (end.outcome, end.tokens.source, end.finish_reason) == ("completed", "provider", "stop")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("sim-error-500", 500, "simulated_error"),
        ("sim-error-429", 429, "upstream_rate_limited"),
        ("sim-error-401", 502, "upstream_authentication"),
    ],
)
def test_when_all_have_failed_the_last_one_is_heard(
    client: httpx.Client, journal: Journal, name: str, status: int, code: str
) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(f"{name}, twice"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert len(ends[0].attempts) == 2


@pytest.mark.parametrize(("model", "status"), [("bad request", 422), ("off", 500), ("no limits", 429)])
def test_what_the_rules_do_not_name_is_not_tried_again(
    client: httpx.Client, journal: Journal, model: str, status: int
) -> None:
    with journal.admitted() as ends:
        assert client.post("/chat/completions", json=chat(model)).status_code == status
    assert len(ends[0].attempts) == 1


def test_a_deployment_that_is_limited_is_left_alone_as_long_as_it_says(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(3) as ends:
        for _ in range(3):
            assert client.post("/chat/completions", json=chat("limited and well")).status_code == 200
    assert [len(end.attempts) for end in ends] == [2, 1, 1]


def test_with_replacement_the_same_deployment_is_asked_again(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        assert client.post("/chat/completions", json=chat("flaky")).status_code == 200
    assert [attempt.status for attempt in ends[0].attempts] == [500, 500, 200]


@pytest.mark.parametrize("name", ["error-first", "error-early", "reset-after"])
def test_a_stream_that_fails_before_it_says_anything_is_begun_elsewhere(
    client: httpx.Client, journal: Journal, name: str
) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(f"{name} stream", stream=True))
    events = [line[6:] for line in answer.text.split("\n") if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    assert "error" not in json.loads(events[0])
    assert len({json.loads(event)["id"] for event in events[:-1]}) == 1, "of one answer only"
    assert answer.headers["x-control-layer-attempts"] == "2"
    assert ends[0].outcome == "completed"


@pytest.mark.parametrize("name", ["error-in-stream", "reset-middle", "cut"])
def test_a_stream_that_fails_after_it_said_something_ends_with_an_error(
    client: httpx.Client, journal: Journal, name: str
) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(f"{name} stream", stream=True))
    assert "[DONE]" not in answer.text
    assert '"finish_reason":"stop"' not in answer.text
    assert '"error"' in answer.text
    assert (ends[0].outcome, len(ends[0].attempts)) == ("failed", 1)


def test_an_early_error_of_the_only_deployment_is_the_clients(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("error-early, alone", stream=True))
    assert "Simulated failure" in answer.text
    assert ends[0].outcome == "failed"


def test_a_request_that_is_too_long_goes_to_another_model(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("long"))
    assert (answer.status_code, answer.json()["model"]) == (200, "sim-large")
    assert [attempt.error for attempt in ends[0].attempts] == ["context_length_exceeded", None]
    answer = client.post("/chat/completions", json=chat("longer"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


def test_a_request_that_a_content_policy_refuses_goes_to_another_model(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("refused"))
    assert (answer.status_code, answer.json()["model"]) == (200, "sim-large")


_SAID = {
    "/chat/completions": chat(),
    "/responses": {"input": "Say something."},
    "/messages": {"messages": chat()["messages"], "max_tokens": 100},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", _SAID)
def test_an_answer_that_a_content_policy_has_ended_is_followed_by_another_models(
    client: httpx.Client, journal: Journal, path: str, stream: bool
) -> None:
    with journal.admitted() as ends:
        answer = client.post(path, json={**_SAID[path], "model": "filtered", "stream": stream})
    assert (answer.status_code, answer.headers["x-control-layer-attempts"]) == (200, "2")
    assert "sim-large" in answer.text
    assert "sim-filtered" not in answer.text
    reason = "refusal" if path == "/messages" else "content_filter"
    assert [(attempt.status, attempt.error) for attempt in ends[0].attempts] == [(200, reason), (200, None)]
    assert (ends[0].outcome, ends[0].tokens.source) == ("completed", "provider")
    assert (ends[0].tokens.output or 0) > 0


def test_a_stream_that_a_content_policy_ends_after_it_said_something_is_the_clients(
    client: httpx.Client, journal: Journal
) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("filtered late", stream=True))
    assert '"finish_reason": "content_filter"' in answer.text.replace('":"', '": "')
    assert answer.text.rstrip().endswith("[DONE]")
    assert (len(ends[0].attempts), ends[0].finish_reason) == (1, "content_filter")


def test_a_whole_answer_that_a_content_policy_cut_short_is_followed_by_another_models(client: httpx.Client) -> None:
    answer = client.post("/chat/completions", json=chat("filtered late"))
    assert answer.json()["model"] == "sim-large"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "attempts"), [("filtered twice", 2), ("filtered, and so be it", 1)])
def test_the_last_answer_that_a_content_policy_ended_is_the_clients(
    client: httpx.Client, journal: Journal, model: str, attempts: int, stream: bool
) -> None:
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat(model, stream=stream))
    assert answer.status_code == 200
    assert "content_filter" in answer.text
    assert (len(ends[0].attempts), ends[0].finish_reason, ends[0].outcome) == (attempts, "content_filter", "completed")


def test_a_lone_deployment_rests_after_failures_and_says_so_at_once(client: httpx.Client, journal: Journal) -> None:
    statuses = []
    with journal.admitted(5) as ends:
        for _ in range(5):
            answer = client.post("/chat/completions", json=chat("frail"))
            statuses.append(answer.status_code)
    assert statuses == [500, 500, 500, 503, 503]
    assert answer.json()["error"]["code"] == "model_unavailable"
    assert 500 < int(answer.headers["retry-after"]) <= 601
    assert 500_000 < int(answer.headers["retry-after-ms"]) <= 600_001
    assert [len(end.attempts) for end in ends] == [1, 1, 1, 0, 0]


def test_nobody_is_sent_to_a_deployment_that_rests(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(6) as ends:
        for _ in range(6):
            assert client.post("/chat/completions", json=chat("frail and well")).status_code == 200
    assert [len(end.attempts) for end in ends] == [2, 2, 2, 1, 1, 1]


def test_a_conversation_stays_where_it_is(client: httpx.Client, journal: Journal) -> None:
    places: dict[int, set[str | None]] = {}
    for session in range(12):
        with journal.admitted(3) as ends:
            for _ in range(3):
                client.post("/chat/completions", json=chat("sticky", prompt_cache_key=f"session {session}"))
        places[session] = {end.deployment_id for end in ends}
    assert {len(place) for place in places.values()} == {1}
    assert len(set().union(*places.values())) > 1


def test_rules_for_keys_of_a_purpose(client: httpx.Client, journal: Journal) -> None:
    batch = {"authorization": f"Bearer {_BATCH_KEY}"}
    refused = client.post("/chat/completions", json=chat("no batches"), headers=batch)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "blocked_by_routing_rule")
    assert client.post("/chat/completions", json=chat("no batches")).status_code == 200
    with journal.admitted() as ends:
        answer = client.post("/chat/completions", json=chat("batches elsewhere"), headers=batch)
    assert answer.json()["model"] == "sim-large"
    assert ends[0].model == "no batches by name"


def test_what_failed_is_forgotten_when_another_answers(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted() as ends:
        client.post("/chat/completions", json=chat("sim-error-500, then well"))
    first, second = ends[0].attempts
    assert first.started is not None
    assert second.started is not None
    assert second.started >= first.started + first.duration
    assert ends[0].first_byte is not None
    assert ends[0].first_byte >= second.started


def test_what_a_provider_calls_its_error_is_noted_where_another_was_asked(
    client: httpx.Client, journal: Journal
) -> None:
    with journal.admitted() as ends:
        client.post("/chat/completions", json=chat("sim-error-500, twice"))
    assert [attempt.error for attempt in ends[0].attempts] == ["simulated_error", None]


def test_a_client_that_leaves_between_two_attempts_pays_for_none(client: httpx.Client, journal: Journal) -> None:
    body = {**_SAID["/messages"], "model": "long waits", "stream": True}
    with journal.admitted() as ends, pytest.raises(httpx.ReadTimeout):
        client.post("/messages", json=body, timeout=1.0)
    (end,) = ends
    assert (end.outcome, [attempt.error for attempt in end.attempts]) == ("cancelled", ["idle_timeout"])
    assert end.tokens.input is None


def test_a_deployment_that_cannot_be_asked_keeps_nothing_of_its_limit(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(3) as ends:
        for _ in range(3):
            assert client.post("/chat/completions", json=chat("absent, then well")).status_code == 200
    assert [len(end.attempts) for end in ends] == [2, 2, 2]


def test_an_attempt_that_is_not_made_takes_nothing_of_a_limit(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        for _ in range(2):
            assert client.post("/chat/completions", json=chat("no time to wait")).status_code == 500
    assert [len(end.attempts) for end in ends] == [1, 1]


def test_a_deployment_at_its_limit_is_passed_over(client: httpx.Client, journal: Journal) -> None:
    with journal.admitted(2) as ends:
        for _ in range(2):
            assert client.post("/chat/completions", json=chat("one an hour, then well")).status_code == 200
    assert ends[0].deployment_id != ends[1].deployment_id
    assert [len(end.attempts) for end in ends] == [1, 1]
