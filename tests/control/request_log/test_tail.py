"""`GET /requests/tail` on a whole instance, through a gateway: requests as they are recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.running import API, Instance, running, until

pytestmark = pytest.mark.server

_TAIL = f"{API}/requests/tail"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with simulator() as address, running(tmp_path_factory.mktemp("tail")) as started:
        started.connect_provider(f"{address}/v1", ["sim-small", "sim-large"])
        yield started


@pytest.fixture(scope="module")
def key(instance: Instance) -> str:
    secret = str(instance.make_key("tail")["key"])
    instance.wait_callable(secret, "sim-large")
    return secret


def _ask(instance: Instance, key: str, model: str = "sim-small") -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30.0)
    assert answer.status_code == 200, answer.text


class _Events:
    """What a watch is sent."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def blocks(self) -> Iterator[dict[str, str]]:
        """Each event's fields; those of a comment are none."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
                continue
            yield fields
            fields = {}

    def requests(self, number: int) -> list[dict[str, Any]]:
        """The next ones."""
        found = []
        for block in self.blocks():
            if "id" in block:
                entry = json.loads(block["data"])
                assert str(entry["id"]) == block["id"]
                found.append(entry)
            if len(found) == number:
                return found
        raise AssertionError(f"it ended after {found}")


@contextmanager
def _watching(instance: Instance, *, headers: dict[str, str] | None = None, **query: Any) -> Iterator[_Events]:
    with instance.admin.stream("GET", _TAIL, params=query, headers=headers or {}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        events = _Events(response)
        assert next(events.blocks()) == {"retry": "2000"}
        yield events


def _newest(instance: Instance) -> dict[str, Any]:
    entry: dict[str, Any] = instance.api("GET", "/requests?limit=1&include=details")["entries"][0]
    return entry


def test_a_request_arrives_as_the_list_shows_it(instance: Instance, key: str) -> None:
    with _watching(instance) as events:
        _ask(instance, key)
        (arrived,) = events.requests(1)
    assert arrived == _newest(instance)
    assert arrived["details"]["user"]["name"] == "admin@example.org"


def test_filters_hold_for_what_arrives(instance: Instance, key: str) -> None:
    with _watching(instance, model="sim-large") as events:
        _ask(instance, key, "sim-small")
        _ask(instance, key, "sim-large")
        assert [entry["model"] for entry in events.requests(1)] == ["sim-large"]


@pytest.mark.parametrize("by_header", [True, False])
def test_who_connects_again_is_sent_what_was_recorded_meanwhile(instance: Instance, key: str, by_header: bool) -> None:
    with _watching(instance) as events:
        _ask(instance, key)
        (last,) = events.requests(1)
    before = len(instance.requests())
    _ask(instance, key, "sim-large")
    until(lambda: len(instance.requests()) == before + 1)
    place = {"headers": {"last-event-id": str(last["id"])}, "after": 0} if by_header else {"after": last["id"]}
    with _watching(instance, **place) as events:
        assert [entry["model"] for entry in events.requests(1)] == ["sim-large"]
        _ask(instance, key, "sim-small")
        assert [entry["model"] for entry in events.requests(1)] == ["sim-small"]  # and nothing twice


def test_it_ends_with_the_session(instance: Instance) -> None:
    login = {"email": "admin@example.org", "password": "correct horse battery"}
    with httpx.Client(base_url=instance.address, timeout=30.0) as client:
        signed_in = client.post("/authentication/login", json=login)
        cookie = {"cookie": signed_in.headers["set-cookie"].partition(";")[0]}
        with client.stream("GET", _TAIL, headers=cookie) as response:
            assert response.status_code == 200
            lines = response.iter_lines()
            assert next(lines) == "retry: 2000"
            assert client.post("/authentication/logout", headers=cookie).status_code == 200
            assert not [line for line in lines if line.startswith("data")]
        assert client.get(_TAIL, headers=cookie).status_code == 401


def test_many_watch_with_few_connections_to_the_database(instance: Instance, key: str) -> None:
    """S: more people than the pool has connections."""
    statement = "SELECT setting::int AS most FROM pg_settings WHERE name = 'max_connections'"
    (row,) = instance.sql(statement)
    number = min(row["most"], 60)
    cookie = instance.admin.headers["cookie"]
    limits = httpx.Limits(max_connections=number)
    with httpx.Client(base_url=instance.address, timeout=30.0, limits=limits, headers={"cookie": cookie}) as client:
        streams = [client.send(client.build_request("GET", _TAIL), stream=True) for _ in range(number)]
        try:
            watches = [_Events(stream) for stream in streams]
            for watch in watches:
                assert next(watch.blocks()) == {"retry": "2000"}
            _ask(instance, key)
            arrived = {watch.requests(1)[0]["id"] for watch in watches}
        finally:
            for stream in streams:
                stream.close()
    assert arrived == {_newest(instance)["id"]}


def test_a_place_that_is_none_is_refused(instance: Instance) -> None:
    assert instance.admin.get(_TAIL, params={"after": "-1"}).status_code == 400
    assert instance.admin.get(_TAIL, params={"status_code": "many"}).status_code == 400


def test_an_instance_that_stops_waits_for_nobody_who_watches(instance: Instance, key: str) -> None:
    """Last of its file: it is the end of the instance."""
    with _watching(instance) as events:
        _ask(instance, key)
        assert events.requests(1)
        instance.process.terminate()
        for block in events.blocks():
            assert "id" not in block
    assert instance.process.wait(30) == 0
    assert "Traceback" not in instance.log()
