"""The persisted snapshot, apart from everybody else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from control_layer.contract.snapshot import User
from control_layer.control.snapshots.file import SnapshotFile, load
from control_layer.control.snapshots.publication import Overrun, Publication, Subscriber
from control_layer.control.snapshots.state import Found, State


def _publish(publication: Publication, number: int) -> None:
    publication.replace(Found(users={str(number): User(str(number), ())}))


@pytest.mark.parametrize("turns", range(8))
async def test_what_was_published_before_a_cancellation_is_in_the_file(tmp_path: Path, turns: int) -> None:
    numbers = count()
    for attempt in range(20):
        path = tmp_path / str(attempt)
        publication = Publication(lambda: 0.0)
        publication.open(State())
        writing = asyncio.create_task(SnapshotFile(path, publication).run())
        async with asyncio.timeout(20):
            while not path.exists():  # noqa: ASYNC110 - a file tells nobody that it is there
                await asyncio.sleep(0.001)
        for _ in range(3):
            _publish(publication, next(numbers))
            for _ in range(turns):
                await asyncio.sleep(0)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        loaded = load(path)
        assert loaded is not None
        assert loaded[1] == publication.version
        assert loaded[0].users.rows == publication.state.users.rows


async def test_a_reader_that_is_too_slow_is_told_so_and_keeps_nothing_waiting() -> None:
    reader = Subscriber(bound=10)
    reader.offer(b"12345")
    assert await reader.next() == b"12345"
    for _ in range(5):
        reader.offer(b"12345")
    with pytest.raises(Overrun):
        await reader.next()
    assert reader.rest() == b""


async def test_history_gives_exactly_what_is_missing() -> None:
    publication = Publication(lambda: 0.0)
    publication.open(State())
    versions = [publication.version]
    with publication.subscription() as reader:
        for number in range(4):
            _publish(publication, number)
            versions.append(publication.version)
        deltas = [await reader.next() for _ in range(4)]
    for index, version in enumerate(versions):
        assert publication.deltas_since(version) == deltas[index:]
    assert publication.deltas_since(0) is None
    assert publication.deltas_since(versions[-1] + 1) is None


async def test_history_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_layer.control.snapshots.publication._HISTORY_BYTES", 200)
    publication = Publication(lambda: 0.0)
    publication.open(State())
    first = publication.version
    for number in range(50):
        _publish(publication, number)
    assert publication.deltas_since(first) is None
    assert sum(len(delta.data) for delta in publication._history) <= 200


async def test_versions_are_times_and_only_go_up() -> None:
    now = 1_700_000_000.0
    publication = Publication(lambda: now)
    publication.open(State())
    assert publication.version == 1_700_000_000_000
    now -= 3600  # the clock is set back
    _publish(publication, 1)
    assert publication.version == 1_700_000_000_001
    publication.pass_version(1_800_000_000_000)
    assert publication.version == 1_800_000_000_001
