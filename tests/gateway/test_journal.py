"""The journal: what is said to be written is in the kernel's hands, whatever happens to this process or the disk."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from control_layer.contract.usage import Opened, Record, decode_records, encode_record
from control_layer.gateway.journal import Journal

SEGMENT_BYTES = 2000


def opened(number: int) -> Opened:
    return Opened(number.to_bytes(16, "big"), 0.0, "key", "user", "model", "model-id", "POST", "/ai/v1/x", False)


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.seg"))


def written(directory: Path) -> list[Record]:
    return [record for path in segments(directory) for record, _ in decode_records(path.read_bytes())]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "worker", SEGMENT_BYTES, asyncio.get_running_loop())
    yield journal
    journal.close()


async def flushed(journal: Journal, *numbers: int) -> None:
    done = asyncio.Event()
    for number in numbers[:-1]:
        journal.append(opened(number))
    journal.append(opened(numbers[-1]), done.set)
    await asyncio.wait_for(done.wait(), 5)


async def test_a_callback_comes_after_its_record_is_written(journal: Journal, tmp_path: Path) -> None:
    seen: list[list[Record]] = []
    done = asyncio.Event()
    journal.append(opened(1), lambda: seen.append(written(tmp_path / "worker")))
    journal.append(opened(2), done.set)
    assert written(tmp_path / "worker") == []
    await asyncio.wait_for(done.wait(), 5)
    assert seen == [[opened(1), opened(2)]]


async def test_segments_are_numbered_bounded_and_hold_whole_records(journal: Journal, tmp_path: Path) -> None:
    for number in range(100):
        await flushed(journal, number)
    paths = segments(tmp_path / "worker")
    assert [path.name for path in paths] == [f"{index + 1:08d}.seg" for index in range(len(paths))]
    assert len(paths) > 3
    for path in paths:
        data = path.read_bytes()
        assert len(data) <= SEGMENT_BYTES
        assert [end for _, end in decode_records(data)][-1] == len(data)
    assert written(tmp_path / "worker") == [opened(number) for number in range(100)]


async def test_the_directory_is_locked_and_nobody_elses(journal: Journal, tmp_path: Path) -> None:
    directory = tmp_path / "worker"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in directory.iterdir())
    with (directory / "lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_a_full_disk_keeps_records_calls_back_and_recovers(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests under way end; the one that is told `failing` does not go out; nothing is lost or torn."""
    await flushed(journal, 1)
    real_write = os.write

    def write(fd: int, data: bytes | memoryview) -> int:
        # Half of it, then no more: the disk is full in the middle of a record.
        return real_write(fd, bytes(data[:40])) if isinstance(data, bytes) else _full()

    monkeypatch.setattr(os, "write", write)
    await flushed(journal, 2)
    assert journal.failing
    await flushed(journal, 3)
    assert written(tmp_path / "worker") == [opened(1)]
    monkeypatch.setattr(os, "write", real_write)
    await flushed(journal, 4)
    assert written(tmp_path / "worker") == [opened(number) for number in (1, 2, 3, 4)]


async def test_a_refused_record_is_tried_again_by_itself(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda *_: _full())
    await flushed(journal, 1)
    assert journal.failing
    monkeypatch.setattr(os, "write", real_write)
    await asyncio.wait_for(_writable(journal), 5)
    assert written(tmp_path / "worker") == [opened(1)]


async def _writable(journal: Journal) -> None:
    while journal.failing:  # noqa: ASYNC110 - the journal tells nobody
        await asyncio.sleep(0.01)


def _full() -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def _fail() -> None:
    raise ZeroDivisionError


async def test_one_callbacks_fault_is_not_the_others(journal: Journal) -> None:
    done = asyncio.Event()
    journal.append(opened(1), _fail)
    journal.append(opened(2), done.set)
    await asyncio.wait_for(done.wait(), 5)


WRITER = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, {here!r})
from test_journal import opened
from control_layer.gateway.journal import Journal
async def main():
    journal = Journal(Path({directory!r}), 5000, asyncio.get_running_loop())
    number = 0
    while True:
        done = asyncio.Event()
        journal.append(opened(number), done.set)
        await done.wait()
        print(number, flush=True)
        number += 1
asyncio.run(main())
"""


def test_what_was_called_back_for_survives_kill_9_and_the_lock_is_free(tmp_path: Path) -> None:
    directory = tmp_path / "worker"
    script = WRITER.format(here=str(Path(__file__).parent), directory=str(directory))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                process.send_signal(signal.SIGKILL)
                break
        acknowledged = [200, *(int(line) for line in process.stdout if line.endswith("\n"))][-1]
    records = written(directory)
    assert records == [opened(number) for number in range(len(records))]
    assert len(records) > acknowledged
    with (directory / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("cut", range(0, 90, 7))
def test_a_record_torn_by_a_crash_ends_what_can_be_read(tmp_path: Path, cut: int) -> None:
    first, second = encode_record(opened(1)), encode_record(opened(2))
    data = first + second[: min(cut, len(second) - 1)]
    assert [(record, end) for record, end in decode_records(data)] == [(opened(1), len(first))]


async def test_a_disk_down_to_its_reserve_lets_nothing_new_in_and_what_ends_is_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SimpleNamespace(f_bavail=1000, f_frsize=1)
    monkeypatch.setattr(os, "fstatvfs", lambda _fd: disk)
    journal = Journal(tmp_path / "worker", SEGMENT_BYTES, asyncio.get_running_loop(), reserve_bytes=1000)
    number = 1

    async def failing() -> bool:
        nonlocal number
        number += 1
        await flushed(journal, number)
        return journal.failing

    assert not await failing()
    disk.f_bavail = 999
    while not await failing():
        assert journal.written_bytes < 2 * 1024 * 1024
    assert written(tmp_path / "worker")[-1] == opened(number)
    disk.f_bavail = 1000
    async with asyncio.timeout(10):
        while journal.failing:  # noqa: ASYNC110 - it finds out by itself
            await asyncio.sleep(0.01)
    journal.close()
