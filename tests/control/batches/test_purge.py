"""What was deleted or has expired is erased in the end, and nothing else, wherever the purge breaks off."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from tests.control.batches.steps import DONE, FAILED, ended, expand, finalise, made, take, wanted
from tests.control.files.calls import BATCHES, FILES, Batcher, batcher, line, uploaded, with_models
from tests.control.management import Management, answered, managed, refused, settings_for_tests

from control_layer.control.batches.purge import purge_files_and_batches

_LINES = [line(f"line-{number}") for number in range(5)]
_TABLES = ("files", "file_requests", "batches", "batch_requests", "batch_models")


class _Killed(Exception):
    """The process is gone."""


@pytest.fixture
async def management(database_url: str) -> AsyncIterator[Management]:
    async with managed(database_url, settings_for_tests(batches={"purge_after": "1h"})) as management:
        await with_models(management, "sim-small")
        yield management


@pytest.fixture
async def me(management: Management) -> Batcher:
    return await batcher(management)


async def carried_out(management: Management, me: Batcher) -> dict[str, Any]:
    """A batch with answers and a failure."""
    batch, daemon = await made(me, *_LINES), uuid.uuid4()
    await expand(management)
    first, *others = await take(management, daemon)
    await ended(management, daemon, first, FAILED)
    for each in others:
        await ended(management, daemon, each, DONE)
    await finalise(management)
    return batch


async def deleted(me: Batcher, batch: dict[str, Any], *files: str) -> None:
    await answered(me.client.delete(f"{BATCHES}/{batch['id']}"), 204)
    for name in files:
        await answered(me.client.delete(f"{FILES}/{batch[name]}"), 200)


async def later(management: Management, hours: float) -> None:
    """Everything happened so much longer ago."""
    by = timedelta(hours=hours)
    await management.sql(
        "UPDATE files SET expires_at = expires_at - $1::interval, deleted_at = deleted_at - $1::interval", by
    )
    await management.sql(
        "UPDATE batches SET expires_at = expires_at - $1::interval, deleted_at = deleted_at - $1::interval", by
    )


async def counts(management: Management) -> dict[str, int]:
    return {table: (await management.sql(f"SELECT count(*) FROM {table}"))[0][0] for table in _TABLES}  # noqa: S608


@contextmanager
def killed_at(management: Management, number: int) -> Iterator[None]:
    """The process dies just before it sends its so-many-th statement."""
    left = number

    def note(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise _Killed

    event.listen(management.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(management.engine.sync_engine, "before_cursor_execute", note)


async def test_everything_that_was_deleted_goes_when_its_time_has_come(management: Management, me: Batcher) -> None:
    batch = await carried_out(management, me)
    await deleted(me, batch, "input_file_id", "output_file_id", "error_file_id")
    alone = await uploaded(me.client, *_LINES)
    await answered(me.client.delete(f"{FILES}/{alone['id']}"), 200)
    before = await counts(management)
    await purge_files_and_batches(management.services, rows=2)
    assert await counts(management) == before, "it was deleted just now"
    await later(management, 25)
    await purge_files_and_batches(management.services, rows=2)
    assert set((await counts(management)).values()) == {0}


async def test_an_expired_file_goes_and_its_batch_keeps_what_it_needs(management: Management, me: Batcher) -> None:
    expired = await uploaded(me.client, *_LINES)
    batch = await carried_out(management, me)
    contents = await _contents(me, batch)
    await later(management, 31 * 24)
    await purge_files_and_batches(management.services, rows=2)
    assert await management.sql("SELECT 1 FROM files WHERE id = $1", expired["id"]) == []
    await refused(me.client.get(f"{FILES}/{batch['input_file_id']}"), 404)
    assert await _contents(me, batch) == contents
    assert (await counts(management))["file_requests"] == len(_LINES)
    kept = await answered(me.client.get(f"{BATCHES}/{batch['id']}"), 200)
    assert kept["input_file_id"] == batch["input_file_id"]


async def test_answers_outlive_their_batch_until_their_file_is_deleted(management: Management, me: Batcher) -> None:
    batch = await carried_out(management, me)
    output = f"{FILES}/{batch['output_file_id']}/content"
    answers = (await me.client.get(output)).content
    await deleted(me, batch, "input_file_id", "error_file_id")
    await later(management, 25)
    await purge_files_and_batches(management.services)
    assert (await me.client.get(output)).content == answers
    assert (await counts(management))["files"] == 2, "the errors' file needs nothing and is needed by nothing"
    await answered(me.client.delete(f"{FILES}/{batch['output_file_id']}"), 200)
    await later(management, 2)
    await purge_files_and_batches(management.services)
    assert set((await counts(management)).values()) == {0}


async def test_a_batch_counts_against_the_volume_as_long_as_its_window_lasts(
    management: Management, me: Batcher
) -> None:
    batch = await carried_out(management, me)
    await deleted(me, batch, "output_file_id", "error_file_id")
    await later(management, 3)
    await purge_files_and_batches(management.services)
    assert (await counts(management))["batches"] == 1


async def test_a_purge_that_dies_anywhere_loses_nothing_that_is_needed(management: Management, me: Batcher) -> None:
    shared = await uploaded(me.client, *_LINES)
    lives = await answered(me.client.post(BATCHES, json=wanted(shared)), 201)
    gone = await answered(me.client.post(BATCHES, json=wanted(shared)), 201)
    done, half = await carried_out(management, me), await carried_out(management, me)
    all_files = ("input_file_id", "output_file_id", "error_file_id")
    await deleted(me, gone, "output_file_id", "error_file_id")
    await deleted(me, done, *all_files)
    await deleted(me, half, "input_file_id", "error_file_id")
    await later(management, 25)
    needed = [f"{BATCHES}/{lives['id']}/results", f"{FILES}/{half['output_file_id']}/content"]
    contents = [(await me.client.get(path)).content for path in needed]
    assert all(contents)
    deaths = 0
    while True:
        deaths += 1
        try:
            with killed_at(management, deaths):
                await purge_files_and_batches(management.services, rows=2)
        except _Killed:
            assert [(await me.client.get(path)).content for path in needed] == contents
        else:
            break
    assert deaths > 10
    assert [(await me.client.get(path)).content for path in needed] == contents
    left = await management.sql("SELECT id::text FROM batches")
    assert {row[0] for row in left} == {lives["id"], half["id"]}
    assert (await counts(management))["file_requests"] == 2 * len(_LINES)
    assert (await counts(management))["batch_requests"] == 2 * len(_LINES)


async def test_one_host_at_a_time(management: Management, me: Batcher) -> None:
    alone = await uploaded(me.client)
    await answered(me.client.delete(f"{FILES}/{alone['id']}"), 200)
    await later(management, 25)
    async with management.engine.begin() as other:
        await other.exec_driver_sql("SELECT pg_advisory_xact_lock(x'7075726765'::bigint)")
        await purge_files_and_batches(management.services)
        assert (await counts(management))["files"] == 1
    await purge_files_and_batches(management.services)
    assert (await counts(management))["files"] == 0


async def _contents(me: Batcher, batch: dict[str, Any]) -> list[bytes]:
    paths = (
        f"{FILES}/{batch['output_file_id']}/content",
        f"{FILES}/{batch['error_file_id']}/content",
        f"{BATCHES}/{batch['id']}/results",
    )
    answers: list[httpx.Response] = [await me.client.get(path) for path in paths]
    assert all(answer.status_code == 200 and answer.content for answer in answers)
    return [answer.content for answer in answers]
