"""Kept answers that workers and hosts share: one request to the provider for all of them, nobody else's, forgotten
everywhere, and without Postgres or the control plane a request like any other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.faults.target import ours_only
from tests.running import Instance, running, until

from control_layer.store.embedded import EmbeddedPostgres

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(240)]

_MODEL = "sim-small"
_WORKERS = 2


@dataclass(slots=True)
class _Hosts:
    """Two of them, on one Postgres."""

    one: Instance
    two: Instance
    provider: str
    postgres: EmbeddedPostgres

    def asked(self) -> int:
        """How many requests have reached the provider."""
        stats = httpx.get(self.provider.removesuffix("/v1") + "/sim/stats", timeout=30).json()
        return int(sum(stats["requests"].values()))

    def ask(self, host: Instance, key: dict[str, Any], text: str) -> httpx.Response:
        """On a connection of its own: whichever worker."""
        body = {"model": _MODEL, "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {key['key']}"}
        return httpx.post(f"{host.base_url}/chat/completions", json=body, headers=headers, timeout=30)

    def how(self, host: Instance, key: dict[str, Any], text: str) -> str:
        answer = self.ask(host, key, text)
        assert answer.status_code == 200, answer.text
        return str(answer.headers["x-control-layer-cache"])

    def share(self, key: dict[str, Any]) -> bool:
        """Whether the one host is given what the other has just asked for."""
        text = uuid.uuid4().hex
        return self.how(self.two, key, text) == "miss" and self.how(self.one, key, text) == "hit"

    def keep(self, scope: str, *keys: dict[str, Any], shared: bool = True) -> None:
        """The model keeps answers so, and every worker knows it and the keys."""
        policy = {"caching": {"scope": scope, "shared": shared}}
        self.one.api("PUT", f"/models/{self.model_id}/traffic-policy", policy)
        self.everywhere()
        for host in (self.one, self.two):
            for key in keys:
                host.wait_callable(str(key["key"]), _MODEL)
        self.everywhere()

    def everywhere(self) -> None:
        """Returns once every worker has what the control plane of its host has last published of a new change."""
        name = uuid.uuid4().hex
        made = self.one.make_key(name)
        for host in (self.one, self.two):
            for _ in range(8 * _WORKERS):
                host.wait_callable(str(made["key"]), _MODEL)

    @property
    def model_id(self) -> str:
        (model,) = self.one.api("GET", "/models?limit=100")["data"]
        return str(model["id"])

    def stored(self, number: int) -> None:
        """Returns once so many answers are shared."""
        until(lambda: self.one.sql("SELECT count(*) AS n FROM kept_answers")[0]["n"] == number)

    def forget(self) -> None:
        """Nothing is kept anywhere."""
        self.one.api("POST", f"/models/{self.model_id}/traffic-policy/purge-cache", status=204)
        self.one.sql("DELETE FROM kept_answers")


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Hosts]:
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    environment = {"CONTROL_LAYER_DATABASE__TYPE": "external", "DATABASE_URL": postgres.start()}
    try:
        with (
            simulator("--api-key", "provider-credential") as provider,
            running(tmp_path_factory.mktemp("one"), environment=environment, workers=_WORKERS) as one,
            running(tmp_path_factory.mktemp("two"), environment=environment, workers=_WORKERS) as two,
        ):
            one.connect_provider(provider, [_MODEL], api_key="provider-credential")
            yield _Hosts(one, two, provider, postgres)
    finally:
        postgres.stop()


@pytest.fixture
def key(hosts: _Hosts) -> dict[str, Any]:
    return hosts.one.make_key(uuid.uuid4().hex)


def test_of_all_workers_of_two_hosts_one_asks_the_provider(hosts: _Hosts, key: dict[str, Any]) -> None:
    hosts.keep("key", key)
    hosts.forget()
    hosts.everywhere()
    text, before = uuid.uuid4().hex, hosts.asked()
    first = hosts.ask(hosts.one, key, text)
    assert first.headers["x-control-layer-cache"] == "miss"
    hosts.stored(1)
    answers = [hosts.ask(host, key, text) for host in (hosts.one, hosts.two) for _ in range(8 * _WORKERS)]
    assert {answer.headers["x-control-layer-cache"] for answer in answers} == {"hit"}
    assert {answer.content for answer in answers} == {first.content}
    assert hosts.asked() == before + 1
    for host in (hosts.one, hosts.two):
        assert host.metric("control_layer_shared_cache_lookups_total", result="hit"), (
            "a worker had it from the database"
        )


def test_nobody_beyond_the_boundary_is_given_what_hosts_share(hosts: _Hosts) -> None:
    """S15: keys, people and groups apart, on the other host."""
    mine, other = (hosts.one.make_key(uuid.uuid4().hex) for _ in range(2))
    name = uuid.uuid4().hex
    person = {"username": name, "email": f"{name}@example.org", "roles": []}
    stranger_id = hosts.one.api("POST", "/users", person, status=201)["id"]
    stranger = hosts.one.make_key(uuid.uuid4().hex, user_id=stranger_id)
    group = hosts.one.api("POST", "/groups", {"name": name}, status=201)["id"]
    hosts.one.api("POST", f"/groups/{group}/models/{hosts.model_id}", status=204)
    hosts.one.api("POST", f"/groups/{group}/users/{stranger_id}", status=204)
    callers = {"mine": mine, "other": other, "stranger": stranger}
    boundaries = {"key": {"mine"}, "user": {"mine", "other"}, "group": {"mine", "other"}, "shared": {*callers}}
    for scope, given in boundaries.items():
        hosts.keep(scope, *callers.values())
        hosts.forget()
        hosts.everywhere()
        text = uuid.uuid4().hex
        assert hosts.how(hosts.one, mine, text) == "miss"
        hosts.stored(1)
        found = {who: hosts.how(hosts.two, caller, text) for who, caller in callers.items()}
        assert {who for who, how in found.items() if how == "hit"} == given, scope


@pytest.mark.parametrize("what", ["model", "key", "user"])
def test_what_hosts_share_is_forgotten_everywhere(hosts: _Hosts, key: dict[str, Any], what: str) -> None:
    hosts.keep("shared", key)
    text = uuid.uuid4().hex
    for host in (hosts.one, hosts.two):
        until(lambda host=host: hosts.how(host, key, text) == "hit")  # type: ignore[misc]
    rows = "SELECT digest, expires_at FROM kept_answers"
    (before,) = hosts.one.sql(f"{rows} WHERE key_id = $1::uuid", uuid.UUID(key["id"]))
    path = {
        "model": f"/models/{hosts.model_id}/traffic-policy/purge-cache",
        "key": f"/users/current/api-keys/{key['id']}/purge-cache",
        "user": "/users/current/purge-cache",
    }[what]
    hosts.one.api("POST", path, status=204)
    hosts.everywhere()
    assert hosts.how(hosts.two, key, text) == "miss"
    until(lambda: before not in hosts.one.sql(rows), message="it is still in the database")


def test_without_the_control_plane_a_request_is_like_any_other(hosts: _Hosts, key: dict[str, Any]) -> None:
    hosts.keep("key", key)
    hosts.two.kill("control")
    text = uuid.uuid4().hex
    assert hosts.how(hosts.two, key, text) == "miss"

    until(lambda: hosts.share(key), message="the next control plane shares nothing")


def test_without_postgres_a_request_is_like_any_other(hosts: _Hosts, key: dict[str, Any]) -> None:
    hosts.keep("key", key)
    hosts.postgres.stop()
    try:
        before = hosts.asked()
        texts = [uuid.uuid4().hex for _ in range(4 * _WORKERS)]
        assert {hosts.how(hosts.two, key, text) for text in texts} == {"miss"}
        assert hosts.asked() == before + len(texts)
    finally:
        hosts.postgres.start()

    until(lambda: hosts.share(key), seconds=60, message="nothing is shared any more")
