"""Work of one host: done while it leads, given up with the lock, and never ended by one step that fails."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from control_layer.control.errors import TryLater
from control_layer.control.led_work import do_while_leading, repeatedly
from control_layer.store.engine import connect


class _Host:
    """Says when it works, and when it does not any more."""

    def __init__(self, database_url: str) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(do_while_leading({"work": self._work}, database_url))

    async def _work(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def test_another_host_goes_on_when_the_lock_is_lost(database_url: str) -> None:
    async with asyncio.timeout(60):
        first = _Host(database_url)
        await first.begun.wait()
        second = _Host(database_url)
        connection = await connect(database_url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        await connection.close()
        await first.ended.wait()
        first.begun.clear()
        await asyncio.wait(
            [asyncio.ensure_future(host.begun.wait()) for host in (first, second)],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for host in (first, second):
            host.task.cancel()
        await asyncio.gather(first.task, second.task, return_exceptions=True)


async def test_work_that_dies_is_not_passed_over_in_silence(database_url: str) -> None:
    async def die() -> None:
        raise RuntimeError("dead")

    async def work() -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(60):
        with pytest.raises(RuntimeError, match="dead"):
            await do_while_leading({"work": work, "die": die}, database_url, election=False)


async def test_a_step_that_fails_is_told_and_done_again() -> None:
    failures: list[Exception] = [TryLater(503, "away"), RuntimeError("a bug")]
    done = asyncio.Event()

    async def step() -> None:
        if failures:
            raise failures.pop(0)
        done.set()

    with capture_logs() as logs:
        task = asyncio.create_task(repeatedly(step, name="test", every_seconds=0))
        async with asyncio.timeout(60):
            await done.wait()
        task.cancel()
        await asyncio.wait((task,))
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("step_failed", "warning"),
        ("step_failed", "error"),
    ]
