"""One place for one process after another: deaths, replacements and the end, in every order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from tests.supervisor.child import Behaviour

from control_layer.supervisor.kept import Kept, NotReplaced
from control_layer.supervisor.process import Process
from control_layer.supervisor.restarts import Restarts

_DEADLINE_SECONDS = 20.0


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{root / 'src'}{os.pathsep}{root}")


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - conditions of processes, which set no event
            await asyncio.sleep(0.01)


class _Place:
    """A place under test: what it launches next, and what has been launched and has ended."""

    def __init__(self, *, first_wait: float = 0.01) -> None:
        self.behaviour = Behaviour()
        self.launched: list[Process] = []
        self.ended: list[Process] = []
        self.launching = asyncio.Event()
        self.may_launch = asyncio.Event()
        self.may_launch.set()
        self.refusals = 0
        restarts = Restarts(asyncio.get_running_loop().time, lambda: 1.0, first=first_wait, last=60.0)
        self.kept = Kept("child", self._launch, restarts, on_exit=self.ended.append)

    async def _launch(self) -> Process:
        self.launching.set()
        await self.may_launch.wait()
        if self.refusals:
            self.refusals -= 1
            raise OSError("no more processes")
        process = await Process.start("child", "tests.supervisor.child", self.behaviour)
        self.launched.append(process)
        return process

    def living(self) -> list[int]:
        return [process.pid for process in self.launched if not process.exited.is_set()]


@asynccontextmanager
async def _kept(*, first_wait: float = 0.01) -> AsyncIterator[_Place]:
    """A running place. At the end nothing must be left of it, within the deadline."""
    place = _Place(first_wait=first_wait)
    running = asyncio.create_task(place.kept.run())
    try:
        await _until(lambda: place.kept.serves)
        yield place
    finally:
        await place.kept.end(5.0)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await running
        assert place.living() == []
        assert not any(psutil.pid_exists(process.pid) for process in place.launched)
        assert sorted(process.pid for process in place.ended) == sorted(process.pid for process in place.launched)
        assert list(place.kept.processes) == []


async def test_a_dead_process_is_followed_by_another() -> None:
    async with _kept() as place:
        os.kill(place.launched[0].pid, signal.SIGKILL)
        await _until(lambda: len(place.launched) == 2 and place.kept.serves)
        assert place.kept.restarts.count == 1


async def test_told_to_end_while_a_process_is_launched_that_process_ends_too() -> None:
    async with _kept() as place:
        place.may_launch.clear()
        place.launching.clear()
        os.kill(place.launched[0].pid, signal.SIGKILL)
        await place.launching.wait()
        await place.kept.end(5.0)
        place.may_launch.set()


async def test_told_to_end_while_it_waits_to_start_again_it_waits_no_longer() -> None:
    async with _kept(first_wait=60.0) as place:
        os.kill(place.launched[0].pid, signal.SIGKILL)
        await _until(lambda: place.kept.process is None)
    assert len(place.launched) == 1


async def test_a_process_that_cannot_be_launched_is_tried_again() -> None:
    async with _kept() as place:
        place.refusals = 3
        os.kill(place.launched[0].pid, signal.SIGKILL)
        await _until(lambda: len(place.launched) == 2 and place.kept.serves)
        assert place.kept.restarts.count == 4


async def test_a_replacement_serves_before_the_old_process_is_told_to_leave() -> None:
    async with _kept() as place:
        place.behaviour = Behaviour(stubborn=True)
        await place.kept.replace(5.0)
        old, new = place.launched
        assert place.kept.process is new
        assert new.ready.is_set()
        await _until(old.exited.is_set)
        assert old.exit_code == 0
        # One that lingers is still known: its counts are not lost while it leaves.
        place.behaviour = Behaviour()
        await place.kept.replace(0.5)
        assert set(place.kept.processes) == {new, place.launched[2]}
        await _until(new.exited.is_set)
        assert new.exit_code == -signal.SIGKILL


@pytest.mark.parametrize("behaviour", [Behaviour(exits=True), Behaviour(ready=False)])
async def test_where_a_replacement_does_not_come_up_the_old_process_goes_on(
    behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control_layer.supervisor.kept._READY_SECONDS", 3.0)
    async with _kept() as place:
        place.behaviour = behaviour
        with pytest.raises(NotReplaced):
            await place.kept.replace(5.0)
        assert place.kept.process is place.launched[0]
        assert place.living() == [place.launched[0].pid]
        place.behaviour = Behaviour()
        await place.kept.replace(5.0)
        assert place.kept.process is place.launched[2]


async def test_a_death_during_a_replacement_leaves_one_process() -> None:
    async with _kept() as place:
        place.may_launch.clear()
        place.launching.clear()
        replacing = asyncio.create_task(place.kept.replace(5.0))
        await place.launching.wait()
        os.kill(place.launched[0].pid, signal.SIGKILL)
        await _until(place.launched[0].exited.is_set)
        place.may_launch.set()
        await replacing
        await _until(lambda: len(place.living()) == 1)
        assert len(place.launched) == 2


async def test_the_end_during_a_replacement_leaves_nothing() -> None:
    async with _kept() as place:
        place.behaviour = Behaviour(ready=False)
        replacing = asyncio.create_task(place.kept.replace(5.0))
        await _until(lambda: len(place.launched) == 2)
        await place.kept.end(5.0)
        with pytest.raises(NotReplaced):
            await replacing


async def test_a_replacement_nobody_waits_for_any_more_leaves_one_process() -> None:
    async with _kept() as place:
        place.may_launch.clear()
        place.launching.clear()
        replacing = asyncio.create_task(place.kept.replace(5.0))
        await place.launching.wait()
        replacing.cancel()
        place.may_launch.set()
        await _until(lambda: len(place.launched) == 2 and len(place.living()) == 1)
        await place.kept.replace(5.0)
        await _until(lambda: len(place.living()) == 1)


async def test_new_settings_are_tried_at_once_where_the_old_ones_only_failed() -> None:
    async with _kept(first_wait=60.0) as place:
        os.kill(place.launched[0].pid, signal.SIGKILL)
        await _until(lambda: place.kept.process is None)
        await place.kept.replace(5.0)
        await _until(lambda: place.kept.serves)


async def test_a_restart_ends_the_old_process_first() -> None:
    async with _kept() as place:
        await place.kept.restart(5.0)
        await _until(lambda: place.kept.serves)
        old, new = place.launched
        assert (old.exit_code, place.kept.process) == (0, new)
        assert place.kept.restarts.count == 0


async def test_a_process_that_answers_no_more_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("control_layer.supervisor.process._PULSE_SECONDS", 0.05)
    monkeypatch.setattr("control_layer.supervisor.process._SILENCE_SECONDS", 0.5)
    async with _kept() as place:
        await _until(lambda: place.launched[0].last_stats is not None)
        os.kill(place.launched[0].pid, signal.SIGSTOP)
        await _until(lambda: len(place.launched) == 2 and place.kept.serves)
        assert place.launched[0].exit_code == -signal.SIGKILL
