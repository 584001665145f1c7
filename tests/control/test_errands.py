"""What is done after an answer: bounded, within a deadline, and nobody's failure is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from control_layer.control.errands import Errands
from control_layer.control.errors import TryLater


@pytest.fixture
async def running() -> AsyncIterator[Errands]:
    """Errands that somebody runs."""
    errands = Errands(deadline_seconds=0.05)
    task = asyncio.create_task(errands.run())
    yield errands
    task.cancel()
    await asyncio.wait((task,))


async def test_errands_are_done_and_finish_waits_for_them(running: Errands) -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    for number in range(20):
        running.add("test", lambda number=number: work(number))  # type: ignore[misc]
    assert await running.finish(30)
    assert sorted(done) == list(range(20))


async def test_one_that_fails_or_hangs_is_told_and_the_next_is_done(running: Errands) -> None:
    done = asyncio.Event()

    async def fail() -> None:
        raise RuntimeError

    async def hang() -> None:
        await asyncio.Event().wait()

    async def work() -> None:
        done.set()

    with capture_logs() as logs:
        for errand in (*[fail] * 8, *[hang] * 8, work):
            running.add(errand.__name__, errand)
        assert await running.finish(30)
    assert done.is_set()
    told = {(entry["event"], entry["errand"]) for entry in logs}
    assert told == {("errand_failed", "fail"), ("errand_took_too_long", "hang")}


async def test_too_many_are_refused_and_finish_does_not_wait_for_ever() -> None:
    errands = Errands(waiting=2)

    async def work() -> None:
        pass

    errands.add("test", work)
    errands.add("test", work)
    with pytest.raises(TryLater) as refusal:
        errands.add("test", work)
    assert refusal.value.status == 503
    assert not await errands.finish(0.01)
