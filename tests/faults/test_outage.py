"""S6: a Postgres of twenty connections, then half a minute without any, under load: no AI request fails, nobody is told
that their key or session is wrong, no row is lost, and everything comes back by itself.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import httpx
import psutil
import pytest
from bench.processes import simulator
from tests.faults.books import compare
from tests.faults.kinds import GOOD
from tests.faults.load import Load
from tests.faults.target import Target, ours, ours_only
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, Instance, running, until

from control_layer.store.embedded import EmbeddedPostgres

pytestmark = [pytest.mark.server, ours_only, pytest.mark.timeout(300)]

_WORKERS = 2
_CONNECTIONS = 20
_RESERVED = 3
"""Of them for superusers (`superuser_reserved_connections`)."""
_AWAY_SECONDS = 30.0
_HANGS_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
"""Of each caller between two requests: what is kept meanwhile must be recorded on the slowest machine."""
_SETTLED_SECONDS = 5.0
"""How long the last calls that the database still had may take to be answered."""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"), settings={"max_connections": str(_CONNECTIONS), "max_wal_senders": "0"}
    )
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def instance(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {"CONTROL_LAYER_DATABASE__TYPE": "external", "DATABASE_URL": postgres.start()}
    with running(tmp_path_factory.mktemp("outage"), workers=_WORKERS, environment=environment) as instance:
        yield instance


@pytest.fixture(scope="module")
def target(instance: Instance) -> Iterator[Target]:
    with simulator("--api-key", "provider-credential") as url:
        yield ours(instance, url)


@dataclass(slots=True)
class Administrators:
    """People at the management API, each with a connection of their own, who never stop clicking."""

    instance: Instance
    people: int = 24
    answers: list[tuple[float, float, int, str | None]] = field(default_factory=list)
    """When they were asked and answered, the status, and Retry-After."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Administrators:
        cookie = str(self.instance.admin.headers["cookie"])
        self._threads = [threading.Thread(target=self._click, args=(cookie,)) for _ in range(self.people)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _click(self, cookie: str) -> None:
        paths = ("/users?limit=10", "/groups", "/models?limit=10", "/endpoints", "/users/current")
        with httpx.Client(base_url=self.instance.address, headers={"cookie": cookie}, timeout=60.0) as client:
            while not self._stop.is_set():
                for path in paths:
                    asked = time.monotonic()
                    answer = client.get(f"/admin/api/v1{path}")
                    answered = time.monotonic()
                    self.answers.append((asked, answered, answer.status_code, answer.headers.get("retry-after")))
                    self._stop.wait(0.05)

    def statuses(self, since: float = 0.0, until_: float = float("inf")) -> Counter[int]:
        """Of what was asked and answered between two times."""
        return Counter(status for asked, answered, status, _ in self.answers if since <= asked and answered < until_)


def test_few_connections_are_enough_for_many_people(target: Target, instance: Instance) -> None:
    most = 0
    with Load(target, GOOD, "crowd") as load, Administrators(instance) as people:
        for _ in range(20):
            used = instance.sql("SELECT count(*) AS used FROM pg_stat_activity WHERE backend_type = 'client backend'")
            most = max(most, used[0]["used"] - 1)  # but for the one that asks
        load.advance(100)
        until(lambda: len(people.answers) > 200)
    assert load.wrong == []
    assert people.statuses().keys() == {200}
    print(f"{most} of {_CONNECTIONS} connections for {people.people} people")  # noqa: T201 - what the test was worth
    assert most <= _CONNECTIONS - _RESERVED


def test_half_a_minute_without_postgres(target: Target, instance: Instance, postgres: EmbeddedPostgres) -> None:
    books = target.books
    assert books is not None
    books.start_anew(workers=_WORKERS)
    target.provider.reset()
    workers = instance.pids("gateway")
    control = instance.pids("control")
    with Load(target, GOOD, "outage", pause=_PAUSE_SECONDS) as load, Administrators(instance, people=6) as people:
        load.advance(50)
        until(lambda: people.statuses()[200] > 20)
        postgres.stop()
        gone = time.monotonic()
        _check_login(instance)
        while time.monotonic() < gone + _AWAY_SECONDS:
            load.advance(20)
            time.sleep(0.2)
        back = time.monotonic()
        postgres.start()
        until(lambda: instance.admin.get("/admin/api/v1/users/current").status_code == 200, seconds=30)
        print(f"the management API answers {time.monotonic() - back:.1f} s after Postgres")  # noqa: T201
        until(lambda: people.statuses(since=back)[200] > 20)
        load.advance(50)
    assert load.wrong == []
    assert people.statuses().keys() == {200, 503}
    assert people.statuses(since=gone + _SETTLED_SECONDS, until_=back).keys() == {503}
    assert {after is not None for *_, status, after in people.answers if status == 503} == {True}
    # Nothing was started anew for it.
    assert (instance.pids("gateway"), instance.pids("control")) == (workers, control)
    books.settle(workers=_WORKERS)
    rows = books.rows()
    assert compare(rows, target.provider.stats()["ledger"]) == {"completed": len(load.ended)}
    assert {row["client_request_id"] for row in rows} == {ended.request_id for ended in load.ended}
    assert books.check_charges(rows) == len(rows)
    password = urlsplit(instance.environment["DATABASE_URL"]).password
    assert password
    assert unquote(password) not in instance.log()
    # A change is in force again, too: the notifications are heard.
    fresh = instance.make_key("after the outage")
    instance.wait_callable(str(fresh["key"]), "sim-small")


def test_a_postgres_that_hangs(target: Target, instance: Instance, postgres: EmbeddedPostgres) -> None:
    """It neither answers nor hangs up, which is worse than being gone. AI traffic does not notice."""
    books = target.books
    assert books is not None
    books.start_anew(workers=_WORKERS)
    target.provider.reset()
    pid_file = postgres.log_path.parent / "cluster" / "data" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    with Load(target, GOOD, "hang", pause=_PAUSE_SECONDS) as load:
        load.advance(50)
        stopped = [postmaster, *postmaster.children(recursive=True)]
        try:
            for process in stopped:
                process.suspend()
            answer = httpx.get(f"{instance.address}/health", timeout=10.0)
            assert (answer.status_code, answer.text) == (200, "OK")
            begun = time.monotonic()
            until(lambda: time.monotonic() > begun + _HANGS_SECONDS)
            load.advance(100)
        finally:
            for process in stopped:
                process.resume()
        load.advance(50)
    assert load.wrong == []
    until(lambda: instance.admin.get("/admin/api/v1/users/current").status_code == 200, seconds=30)
    books.settle(workers=_WORKERS)
    assert compare(books.rows(), target.provider.stats()["ledger"]) == {"completed": len(load.ended)}


def _check_login(instance: Instance) -> None:
    """Without a database nobody can be known, which is no fault of theirs."""
    login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    answer = httpx.post(f"{instance.address}/authentication/login", json=login, timeout=60.0)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    key = {"authorization": "Bearer sk-" + "x" * 43}
    answer = httpx.get(f"{instance.address}/admin/api/v1/users", headers=key, timeout=60.0)
    assert answer.status_code == 503
