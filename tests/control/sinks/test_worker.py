"""A sink gets every request once, in files that are written again as they were where nobody knows that they were."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row
from tests.control.analytics.traffic import put_request
from tests.control.management import Management, managed, settings_for_tests

from control_layer.control.sinks.target import Undeliverable
from control_layer.control.sinks.worker import SinkWorker
from control_layer.settings import Sink

_SINK = Sink(name="lake", url="file:///nowhere", flush_requests=4)


@dataclass(slots=True)
class _Target:
    """Keeps what it is given; breaks when told to, before or after it has taken it."""

    files: dict[str, list[uuid.UUID]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    breaks: str | None = None

    async def put(self, name: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        self.names.append(name)
        if self.breaks == "before":
            raise Undeliverable("not now")
        self.files[name] = [row.id for row in rows]
        if self.breaks == "after":
            raise Undeliverable("who knows")

    @property
    def ids(self) -> list[uuid.UUID]:
        return [id_ for file in self.files.values() for id_ in file]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[Management]:
    async with managed(database_url, settings_for_tests(sinks=(_SINK,))) as management:
        yield management


async def _recorded(management: Management, requests: int, *, ago: float = 0.0) -> list[uuid.UUID]:
    ids = [await put_request(management, ago=100 - number) for number in range(requests)]
    await management.sql(
        "INSERT INTO recorded_batches (recorded_at, requests, times, ids) "
        "SELECT now() - make_interval(secs => $2), count(*), array_agg(at ORDER BY at), array_agg(id ORDER BY at) "
        "FROM requests WHERE id = ANY ($1)",
        ids,
        ago,
    )
    return ids


async def test_files_are_written_once_there_is_enough_or_some_have_waited(world: Management) -> None:
    target = _Target()
    worker = SinkWorker(world.services, {"lake": target})
    before = await _recorded(world, 2)
    assert not await worker.step("lake")  # it begins here
    first = await _recorded(world, 2)
    assert not await worker.step("lake")
    second, third = await _recorded(world, 3), await _recorded(world, 1)
    assert await worker.step("lake")
    assert not await worker.step("lake")
    assert target.ids == [*first, *second]
    await world.sql("UPDATE recorded_batches SET recorded_at = recorded_at - interval '1 hour'")
    assert await worker.step("lake")
    assert target.ids == [*first, *second, *third]
    assert not set(before) & set(target.ids)
    assert target.names == sorted(target.names)


@pytest.mark.parametrize("breaks", ["before", "after"])
async def test_what_broke_is_written_again_with_the_same_name_and_content(world: Management, breaks: str) -> None:
    target = _Target()
    worker = SinkWorker(world.services, {"lake": target})
    await worker.step("lake")
    first = await _recorded(world, 5)
    target.breaks = breaks
    with pytest.raises(Undeliverable):
        await worker.step("lake")
    more = await _recorded(world, 5)
    target.breaks = None
    while await SinkWorker(world.services, {"lake": target}).step("lake"):
        pass
    assert target.ids == [*first, *more]
    assert target.names[0] == target.names[1]


async def test_the_outbox_is_emptied_and_what_waits_too_long_is_told(world: Management) -> None:
    target = _Target()
    worker = SinkWorker(world.services, {"lake": target})
    await worker.step("lake")
    await _recorded(world, 4)
    await worker.step("lake")
    await _recorded(world, 3, ago=timedelta(days=8).total_seconds())
    await _recorded(world, 2)
    await worker.tidy()
    samples = {sample.name: sample.value for sample in worker.samples()}
    assert samples["control_layer_sink_requests_total"] == 4
    assert samples["control_layer_sink_dropped_requests_total"] == 3
    assert samples["control_layer_sink_waiting_requests"] == 2
    assert len(await world.sql("SELECT 1 FROM recorded_batches")) == 1


async def test_sinks_that_are_gone_are_forgotten(world: Management) -> None:
    await SinkWorker(world.services, {"lake": _Target()}).step("lake")
    await _recorded(world, 3)
    await SinkWorker(world.services, {}).run()
    assert await world.sql("SELECT 1 FROM sink_positions") == []
    assert await world.sql("SELECT 1 FROM recorded_batches") == []


async def test_a_batch_beyond_the_bound_is_a_file_of_its_own(world: Management) -> None:
    target = _Target()
    worker = SinkWorker(world.services, {"lake": target})
    await worker.step("lake")
    large, small = await _recorded(world, 9), await _recorded(world, 4)
    assert await worker.step("lake")
    assert target.ids == large
    assert await worker.step("lake")
    assert target.ids == [*large, *small]
