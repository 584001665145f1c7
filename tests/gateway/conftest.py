"""A real gateway worker before a real simulated provider, one pair for each test module."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.processes import GatewayProcess, simulator, start_gateway
from tests.gateway.company import ABSENT, BROKEN, DEAD, LIVE, UNREADABLE, Company

from control_layer.contract.snapshot import Timeouts
from control_layer.contract.usage import Bodies, Closed, Opened, Record, decode_records

DEADLINE_SECONDS = 15.0

ALIASES = (
    "sim-small", "renamed", "sim-small-sanitised", "sim-embed", "sim-rerank", "sim-image", "sim-speech",
    "sim-transcribe", "sim-tokens-200", "sim-slow-chunks-50ms-tokens-200", "sim-slow-first-3000ms", "sim-hang",
    "sim-drip", "sim-big-24mb",
    "sim-error-400", "sim-error-401", "sim-error-403", "sim-error-404", "sim-error-422", "sim-error-429",
    "sim-error-500", "sim-error-503", "sim-error-529", "sim-context", "sim-redirect", "sim-error-in-stream",
    "sim-reset-before", "sim-reset-after", "sim-reset-middle", "sim-cut", "sim-no-done", "sim-unframed-done",
    "sim-truncated", "sim-wrong-content-length", "sim-no-usage", "sim-usage-with-content", "sim-usage-in-every-chunk",
    "sim-usage-odd", "sim-reasoning", "sim-short-session",
)  # fmt: skip
SANITISED = ("sim-small-sanitised", "sim-error-400-sanitised", "sim-context-sanitised", "sim-error-in-stream-sanitised",
             "sim-error-500-sanitised", "sim-no-usage-sanitised", "sim-big-12mb-sanitised")  # fmt: skip


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.01)


@dataclass(slots=True)
class Journal:
    """What a worker has written."""

    directory: Path

    def records(self) -> list[Record]:
        paths = sorted(self.directory.glob("*.seg"))
        return [record for path in paths for record, _ in decode_records(path.read_bytes())]

    def settled(self, since: int, count: int) -> list[Closed]:
        """The `Closed` of the `count` requests admitted since, of which each has exactly one."""

        def closed() -> list[Record] | None:
            records = self.records()[since:]
            return records if sum(isinstance(record, Closed) for record in records) >= count else None

        records = until(closed, f"{count} closed requests in the journal")
        opened = [record.id for record in records if isinstance(record, Opened)]
        ends = [record for record in records if isinstance(record, Closed)]
        assert len(opened) == len(set(opened)) == count
        assert sorted(record.id for record in ends) == sorted(opened)
        return ends

    def bodies(self, event_id: bytes) -> list[Bodies]:
        return [record for record in self.records() if isinstance(record, Bodies) and record.id == event_id]

    @contextmanager
    def admitted(self, count: int = 1) -> Iterator[list[Closed]]:
        """Fills the list with what was admitted inside; its length is asserted."""
        ends: list[Closed] = []
        since = len(self.records())
        yield ends
        ends += self.settled(since, count)


@dataclass(slots=True)
class Provider:
    """The simulator's own view."""

    url: str

    def stats(self) -> dict[str, Any]:
        return dict(httpx.get(self.url.removesuffix("/v1") + "/sim/stats").json())


@pytest.fixture(scope="module")
def dead_port() -> Iterator[int]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    with simulator("--api-key", "provider-credential") as url:
        yield url


@pytest.fixture(scope="module")
def company(simulator_url: str, dead_port: int) -> Company:
    return Company(
        simulator_url,
        aliases=[*ALIASES, *SANITISED[1:]],
        names={
            "renamed": "sim-small-under-another-name",
            **{alias: alias.removesuffix("-sanitised") for alias in SANITISED},
        },
        not_granted=("secret-model",),
        sanitized=SANITISED,
        dead_port=dead_port,
        short={
            "sim-hang": Timeouts(first_byte=0.3),
            "sim-short-session": Timeouts(total=0.5),
            "sim-slow-chunks-50ms-tokens-200": Timeouts(total=600),
            "sim-slow-first-3000ms": Timeouts(first_byte=30),
        },
        extra_models={
            "dead": [DEAD],
            "dead-or-alive": [DEAD, LIVE],
            "unreadable": [UNREADABLE],
            "absent": [ABSENT],
            "broken": [BROKEN],
            "absent-or-alive": [ABSENT, LIVE],
            "nowhere": [],
        },
    )


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    """Fields of GatewayConfig; modules override it."""
    return {}


@pytest.fixture(scope="module")
def gateway(
    company: Company, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    process = start_gateway(tmp_path_factory.mktemp("gateway"), company, **settings)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def journal(gateway: GatewayProcess) -> Journal:
    return Journal(gateway.journal)


@pytest.fixture
def provider(simulator_url: str) -> Provider:
    return Provider(simulator_url)


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    """Speaks for the company's user."""
    headers = {"authorization": f"Bearer {gateway.secret}"}
    with httpx.Client(base_url=gateway.base_url, headers=headers, timeout=DEADLINE_SECONDS) as client:
        yield client


def chat(model: str = "sim-small", **more: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": model, "messages": [{"role": "user", "content": "Say something."}], **more}


def raw(port: int, data: bytes, *, half_close: bool = False) -> bytes:
    """Sends bytes and reads until the gateway closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received
