"""Answers that are given again: to whom they may be, as they were, and of identical requests one is sent."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import ssl
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import openai
import pytest
from bench.processes import EVERYONE, GatewayProcess, World, start_gateway
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.conftest import Journal, Provider, until

from control_layer.contract.routing import Breaker, CacheScope, KeyCaching, ResponseCaching
from control_layer.contract.snapshot import SYSTEM_USER, Key, Update, User
from control_layer.contract.usage import Tokens
from control_layer.gateway.policy.response_cache import CachedAnswer, Flights, Landed, Maker, ResponseCache

_OTHER_KEY, _OTHER_USER, _STRANGER = ("sk-" + letter * 43 for letter in "uvw")
"""Of the same user; of one in the same group; of one in another group that has the models too."""
_DISCREET, _SYSTEM = "sk-" + "d" * 43, "sk-" + "y" * 43
"""With zero data retention; the control plane's."""
_WANTS_NONE, _WARY = ("sk-" + letter * 43 for letter in "mn")
"""Keys of the first user: without kept answers, and with none but its own."""
_SCOPES: tuple[CacheScope, ...] = ("key", "user", "group", "shared")
_OTHER_GROUP = str(uuid.UUID(int=77))
_CONNECTIONS = 50


@dataclass(slots=True)
class _World(World):
    """Each model in each boundary, under `<scope> <name>`."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        models = []
        for model in whole.models:
            (alone,) = model.deployments
            patient = msgspec.structs.replace(alone, breaker=Breaker(failures=10**9, min_requests=10**9))
            for scope in _SCOPES:
                caching = ResponseCaching(600.0, scope, 100_000)
                models.append(
                    msgspec.structs.replace(
                        model,
                        alias=f"{scope} {model.alias}",
                        id=f"{scope}-{model.id}",
                        groups=(EVERYONE, _OTHER_GROUP),
                        deployments=(patient,),
                        caching=caching,
                    )
                )
        frail = msgspec.structs.replace(
            models[0].deployments[0], id="frail", upstream_model="sim-reset-before", breaker=None
        )
        models.append(msgspec.structs.replace(models[0], alias="frail", id="frail", deployments=(frail,)))
        briefly = ResponseCaching(0.05, "key", 100_000)
        models.append(msgspec.structs.replace(models[0], alias="briefly", id="briefly", caching=briefly))
        users = [whole.users[0].id, *(str(uuid.UUID(int=number)) for number in (80, 81))]
        secrets = ((_OTHER_KEY, users[0]), (_OTHER_USER, users[1]), (_STRANGER, users[2]))
        discreet = Key(hashlib.sha256(_DISCREET.encode()).digest(), "discreet", users[0], log_bodies=False)
        system = Key(hashlib.sha256(_SYSTEM.encode()).digest(), "system", SYSTEM_USER)
        keys = [Key(hashlib.sha256(secret.encode()).digest(), secret[-36:], user) for secret, user in secrets]
        choices: tuple[tuple[str, KeyCaching], ...] = ((_WANTS_NONE, "off"), (_WARY, "key"))
        for secret, choice in choices:
            keys.append(Key(hashlib.sha256(secret.encode()).digest(), secret[-36:], users[0], caching=choice))
        return msgspec.structs.replace(
            whole,
            models=tuple(models),
            keys=(*whole.keys, *keys, discreet, system),
            users=(
                *whole.users,
                User(users[1], (EVERYONE,)),
                User(users[2], (_OTHER_GROUP,)),
                User(SYSTEM_USER, (EVERYONE,)),
            ),
        )


@pytest.fixture(scope="module")
def gateway(simulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    slow = ("sim-slow-first-300ms", "sim-slow-first-2000ms", "sim-error-500-slow-first-300ms")
    aliases = ("sim-small", *slow, "sim-error-500", "sim-error-400", "sim-truncated", "sim-big-1mb")
    process = start_gateway(tmp_path_factory.mktemp("caching"), _World(simulator_url, aliases=aliases))
    try:
        yield process
    finally:
        process.stop()


def _chat(model: str, text: str | None = None, **more: object) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text or uuid.uuid4().hex}], **more}


def _how(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.headers["x-control-layer-cache"]


def _asked(provider: Provider) -> int:
    return sum(provider.stats()["requests"].values())


def test_the_same_answer_is_given_again_and_used_nothing(
    client: httpx.Client, journal: Journal, provider: Provider
) -> None:
    body = _chat("key sim-small")
    with journal.admitted(2) as ends:
        first = client.post("/chat/completions", json=body)
        asked = _asked(provider)
        second = client.post("/chat/completions", json=body)
    assert (_how(first), _how(second)) == ("miss", "hit")
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert _asked(provider) == asked
    made, given_again = ends
    assert made.tokens.source == "provider"
    assert (given_again.outcome, given_again.status, given_again.attempts) == ("completed", 200, ())
    assert (given_again.tokens, given_again.tariff_id, given_again.finish_reason) == (Tokens(), None, "stop")
    assert [(end.cache, end.saved) for end in ends] == [("miss", None), ("hit", made.tokens)]


def test_a_stream_is_given_again_as_a_stream_by_the_official_sdk(gateway: GatewayProcess) -> None:
    text = uuid.uuid4().hex
    with openai.OpenAI(base_url=gateway.base_url, api_key=gateway.secret, max_retries=0) as sdk:
        said = []
        for _ in range(2):
            with sdk.chat.completions.with_streaming_response.create(
                **_chat("key sim-small", text, stream=True)
            ) as raw:
                how = raw.headers["x-control-layer-cache"]
                chunks = list(raw.parse())
            said.append((how, [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]))
        whole = sdk.chat.completions.with_raw_response.create(**_chat("key sim-small", text))
    assert [how for how, _ in said] == ["miss", "hit"]
    assert said[0][1] == said[1][1]
    assert len(said[1][1]) > 3, "event by event"
    assert whole.headers["x-control-layer-cache"] == "miss", "a stream is no answer to who wants none"


def test_usage_is_in_a_kept_stream_only_for_who_asks(client: httpx.Client) -> None:
    body = _chat("key sim-small", stream=True)
    asking = {**body, "stream_options": {"include_usage": True}}
    assert '"usage"' not in client.post("/chat/completions", json=body).text
    assert '"usage"' in client.post("/chat/completions", json=asking).text
    again = client.post("/chat/completions", json=body)
    assert (_how(again), '"usage"' in again.text) == ("hit", False)


@pytest.mark.parametrize(
    ("scope", "hits"),
    [("key", {"same"}), ("user", {"same", "key"}), ("group", {"same", "key", "user"}),
     ("shared", {"same", "key", "user", "stranger"})],
)  # fmt: skip
def test_nobody_beyond_the_boundary_is_given_an_answer(gateway: GatewayProcess, scope: str, hits: set[str]) -> None:
    """S15."""
    body = _chat(f"{scope} sim-small", f"{scope} {uuid.uuid4().hex}")
    callers = {"same": gateway.secret, "key": _OTHER_KEY, "user": _OTHER_USER, "stranger": _STRANGER}
    found = {}
    with httpx.Client(base_url=gateway.base_url, timeout=30) as client:
        client.post("/chat/completions", json=body, headers={"authorization": f"Bearer {gateway.secret}"})
        for name, secret in callers.items():
            answer = client.post("/chat/completions", json=body, headers={"authorization": f"Bearer {secret}"})
            found[name] = _how(answer)
    assert {name for name, how in found.items() if how == "hit"} == hits


def test_a_key_may_be_given_those_of_fewer_or_none_at_all(gateway: GatewayProcess) -> None:
    body = _chat("shared sim-small")

    def ask(secret: str) -> str:
        headers = {"authorization": f"Bearer {secret}"}
        return _how(httpx.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers, timeout=30))

    callers = (_WARY, _WANTS_NONE, gateway.secret, _WARY, _WANTS_NONE, _STRANGER)
    assert [ask(secret) for secret in callers] == ["miss", "bypass", "miss", "hit", "bypass", "hit"]


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0.5}, {"max_tokens": 7}, {"seed": 1}, {"n": 2}, {"tools": []}, {"Temperature": 1}],
)
def test_whatever_may_matter_makes_another_request(client: httpx.Client, change: dict[str, object]) -> None:
    text = uuid.uuid4().hex
    client.post("/chat/completions", json=_chat("key sim-small", text))
    assert _how(client.post("/chat/completions", json=_chat("key sim-small", text, **change))) == "miss"


def test_what_does_not_matter_makes_none(client: httpx.Client) -> None:
    text = uuid.uuid4().hex
    client.post("/chat/completions", json=_chat("key sim-small", text))
    turned = dict(reversed(_chat("key sim-small", text, user="somebody", metadata={"a": "b"}, stream=False).items()))
    assert _how(client.post("/chat/completions", json=turned)) == "hit"


def test_a_request_may_refuse_a_kept_answer(client: httpx.Client) -> None:
    body = _chat("key sim-small")

    def ask(control: str) -> str:
        return _how(client.post("/chat/completions", json=body, headers={"cache-control": control}))

    assert [ask(control) for control in ("no-store", "", "no-store", "no-cache", "")] == [
        "bypass", "miss", "bypass", "miss", "hit",
    ]  # fmt: skip


def test_answers_are_forgotten_in_time(client: httpx.Client) -> None:
    body = _chat("briefly")
    assert _how(client.post("/chat/completions", json=body)) == "miss"
    until(lambda: _how(client.post("/chat/completions", json=body)) == "miss", "it is forgotten")


@pytest.mark.parametrize("model", ["sim-error-400", "sim-error-500", "sim-truncated", "sim-big-1mb"])
def test_what_failed_or_is_half_or_too_large_is_not_kept(client: httpx.Client, model: str) -> None:
    body = _chat(f"key {model}")
    answers = [client.post("/chat/completions", json=body) for _ in range(2)]
    assert {answer.headers["x-control-layer-cache"] for answer in answers} == {"miss"}


def test_answers_with_a_memory_are_not_kept(client: httpx.Client) -> None:
    body = {"model": "key sim-small", "input": uuid.uuid4().hex, "store": True}
    assert [_how(client.post("/responses", json=body)) for _ in range(2)] == ["bypass"] * 2


def test_of_a_thousand_identical_requests_one_is_sent(gateway: GatewayProcess, provider: Provider) -> None:
    asked = _asked(provider)
    answers = _ask_at_once(gateway, _chat("user sim-slow-first-300ms"), 1000)
    assert _asked(provider) == asked + 1
    assert {answer.content for answer in answers} == {answers[0].content}
    found = Counter(map(_how, answers))
    assert found["miss"] == 1
    assert found["coalesced"] + found["hit"] == 999


def _ask_at_once(gateway: GatewayProcess, body: dict[str, Any], number: int) -> list[httpx.Response]:
    """The answers to so many identical requests, each on a connection of its own."""
    headers, no_tls = {"authorization": f"Bearer {gateway.secret}"}, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def ask_all() -> list[httpx.Response]:
        async with contextlib.AsyncExitStack() as opened:
            # Each goes through all its connections for every request: one with a thousand takes most of a minute.
            clients = [
                await opened.enter_async_context(
                    httpx.AsyncClient(base_url=gateway.base_url, headers=headers, timeout=60, verify=no_tls)
                )
                for _ in range(-(-number // _CONNECTIONS))
            ]
            return await asyncio.gather(
                *(clients[at % len(clients)].post("/chat/completions", json=body) for at in range(number))
            )

    return asyncio.run(ask_all())


def _all_at_once(gateway: GatewayProcess, body: dict[str, Any], number: int) -> Counter[tuple[int, str]]:
    """What becomes of so many identical requests."""
    answers = _ask_at_once(gateway, body, number)
    return Counter((each.status_code, each.headers["x-control-layer-cache"]) for each in answers)


def test_a_crowd_whose_provider_fails_is_answered_too(gateway: GatewayProcess, provider: Provider) -> None:
    """Each that is sent fails, until the breaker opens: then all that still wait are told so."""
    found = _all_at_once(gateway, _chat("frail"), 400)
    assert found.total() == 400
    assert {status for status, _ in found} == {502, 503}


def test_a_providers_error_is_every_waiting_ones(gateway: GatewayProcess, provider: Provider) -> None:
    asked, body = _asked(provider), _chat("key sim-error-500-slow-first-300ms")
    found = _all_at_once(gateway, body, 100)
    assert {status for status, _ in found} == {500}
    assert _asked(provider) - asked < 10, "a late one may be sent anew"
    with httpx.Client(base_url=gateway.base_url, headers={"authorization": f"Bearer {gateway.secret}"}) as client:
        assert client.post("/chat/completions", json=body).headers["x-control-layer-cache"] == "miss", "it is not kept"


def test_nothing_is_kept_of_who_wants_nothing_kept_and_probes_are_sent(gateway: GatewayProcess) -> None:
    body = _chat("shared sim-small")
    with httpx.Client(base_url=gateway.base_url, timeout=30) as client:
        for secret in (_DISCREET, _SYSTEM):
            headers = {"authorization": f"Bearer {secret}"}
            answers = [client.post("/chat/completions", json=body, headers=headers) for _ in range(2)]
            assert [_how(answer) for answer in answers] == ["bypass"] * 2


def test_a_field_that_stands_twice_or_a_head_that_differs(client: httpx.Client) -> None:
    text = uuid.uuid4().hex
    twice = (
        b'{"model": "key sim-small", "messages": [{"role": "user", "content": "%b"}], "n": 1, "n": 1}' % text.encode()
    )
    once = b'{"model": "key sim-small", "messages": [{"role": "user", "content": "%b"}], "n": 1}' % text.encode()

    def ask(content: bytes, beta: str) -> str:
        headers = {"content-type": "application/json", "openai-beta": beta, "user-agent": uuid.uuid4().hex}
        return client.post("/chat/completions", content=content, headers=headers).headers["x-control-layer-cache"]

    assert [ask(twice, "a"), ask(once, "a"), ask(once, "b"), ask(once, "a")] == ["bypass", "miss", "miss", "hit"]


def test_when_the_first_one_leaves_the_next_one_is_sent(gateway: GatewayProcess, provider: Provider) -> None:
    body, asked = _chat("user sim-slow-first-2000ms"), _asked(provider)
    headers = {"authorization": f"Bearer {gateway.secret}"}

    def ask() -> httpx.Response:
        return httpx.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers, timeout=60)

    content = json.dumps(body).encode()
    head = f"POST /ai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {gateway.secret}\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port)) as first, ThreadPoolExecutor(5) as pool:
        first.sendall(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
        until(lambda: _active(gateway) == 1, "the first one is under way")
        others = [pool.submit(ask) for _ in range(5)]
        until(lambda: _active(gateway) == 6, "the others wait for it")
        first.close()
        answers = [other.result() for other in others]
    assert sorted(map(_how, answers)) == ["coalesced"] * 4 + ["miss"]
    assert _asked(provider) == asked + 2


def _active(gateway: GatewayProcess) -> float:
    return next(each.value for each in gateway.stats().samples if each.name == "control_layer_active_requests")


# -- without a gateway -------------------------------------------------------------------------------------------------


def _answer(size: int, expires_at: float = 10.0) -> CachedAnswer:
    return CachedAnswer(200, (), b"x" * size, Tokens(), None, expires_at, _MAKER)


_MAKER = Maker("key", "user", 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3000), st.floats(0, 20)), max_size=60))
def test_it_holds_no_more_than_it_may_and_gives_nothing_stale(steps: list[tuple[int, int, float]]) -> None:
    cache, now = ResponseCache(5000), 0.0
    for number, size, pause in steps:
        now += pause
        key = bytes([number])
        found = cache.get(key, now, {})
        assert found is None or found.expires_at > now
        cache.put(key, _answer(size, now + 10))
        assert cache.bytes <= 5000
        assert cache.get(key, now, {}) is not None or size + 512 > 5000


def test_the_ones_used_last_stay() -> None:
    cache = ResponseCache(3 * 1512)
    for name in (b"a", b"b", b"c"):
        cache.put(name, _answer(1000))
    assert cache.get(b"a", 0.0, {})
    cache.put(b"d", _answer(1000))
    assert [name for name in (b"a", b"b", b"c", b"d") if cache.get(name, 0.0, {})] == [b"a", b"c", b"d"]
    assert cache.evictions == 1


@given(
    st.lists(st.tuples(st.sampled_from(["ask", "purge"]), st.integers(0, 2), st.integers(3, 4)), max_size=40),
    st.integers(1, 5),
)
def test_what_was_made_before_a_purge_of_its_maker_is_given_to_nobody(
    steps: list[tuple[str, int, int]], slow: int
) -> None:
    """Answers come some steps after they were asked for; whoever asks, everybody shares them."""
    cache, purges, clean = ResponseCache(10**6), dict[str, int](), dict[int, int]()
    under_way: list[tuple[int, int, int, Maker]] = []
    for now, (what, key, user) in enumerate(steps, 1):
        if what == "purge":
            subject = key if now % 2 else user
            purges[str(subject)] = clean[subject] = now
        else:
            under_way.append((now, key, user, Maker.now(str(key), str(user), purges)))
        while under_way and under_way[0][0] <= now - slow:
            asked, key, user, maker = under_way.pop(0)
            cache.put(b"%d" % asked, CachedAnswer(200, (), b"", Tokens(), None, 1e9, maker))
            fresh = asked > max(clean.get(key, 0), clean.get(user, 0))
            assert (cache.get(b"%d" % asked, 0.0, purges) is not None) is fresh
        for asked, key, user in (
            (asked, key, user) for asked, (what, key, user) in enumerate(steps[:now], 1) if what == "ask"
        ):
            if cache.get(b"%d" % asked, 0.0, purges) is not None:
                assert asked > max(clean.get(key, 0), clean.get(user, 0))


def test_those_who_wait_are_told_once() -> None:
    flights = Flights()
    told: list[tuple[str, CachedAnswer | None, bool]] = []

    def waiting(name: str) -> Landed:
        return lambda answer, first: told.append((name, answer, first))

    assert flights.join(b"k", "first", waiting("first"))
    for name in ("second", "third", "fourth"):
        assert not flights.join(b"k", name, waiting(name))
    flights.leave(b"k", "third")
    flights.land(b"k", None, again=True)
    assert told == [("second", None, True)]
    assert not flights.join(b"k", "fifth", waiting("fifth"))
    answer = _answer(1)
    flights.land(b"k", answer, again=False)
    assert told[1:] == [("fourth", answer, False), ("fifth", answer, False)]
    assert flights.join(b"k", "sixth", waiting("sixth"))
    flights.land(b"k", None, again=False)
