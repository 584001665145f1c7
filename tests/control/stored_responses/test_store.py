"""Stored responses between gateways and a real database: found by their owners from the moment that they are received,
stored once, and never where nothing may be kept.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.control.management import Management, managed, settings_for_tests
from tests.recorder.recording import eventually

from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.stored_responses import (
    Acknowledged,
    Recall,
    Recalled,
    StoredResponse,
    decode_from_control,
)
from control_layer.control.stored_responses.received import Received
from control_layer.control.stored_responses.retention import erase_old_responses
from control_layer.control.stored_responses.server import ResponseServer
from control_layer.control.stored_responses.store import ResponseStore
from control_layer.store.engine import connect, open_engine

_SECONDS = 30
_USER, _OTHER, _GONE, _DISCREET = (uuid.UUID(int=number) for number in (0xA, 0xB, 0xC, 0xD))
_KEY, _DISCREET_KEY = uuid.UUID(int=0xE), uuid.UUID(int=0xF)
_ITEMS = b'[{"role":"user","content":"x"}]'
_RESPONSE = b'{"status":"completed","output":[{"type":"message","id":"m"}]}'
_CONVERSATION = b'[{"role":"user","content":"x"},{"type":"message","id":"m"}]'
_MONTH = timedelta(days=30)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    for user in (_USER, _OTHER, _GONE, _DISCREET):
        await connection.execute(
            "INSERT INTO users (id, username, email, auth_source, deleted_at, zero_data_retention) "
            "VALUES ($1, $2, $2, 'native', CASE WHEN $3 THEN now() END, $4)",
            user, str(user), user == _GONE, user == _DISCREET,
        )  # fmt: skip
    await connection.execute(
        "INSERT INTO api_keys (id, user_id, created_by, name, secret_digest, secret_prefix, zero_data_retention) "
        "VALUES ($1, $2, $2, 'k', 'k', 'k', true)",
        _DISCREET_KEY, _USER,
    )  # fmt: skip
    yield connection
    await connection.close()


def _new(user: uuid.UUID = _USER, **more: object) -> StoredResponse:
    """One whose request has just begun."""
    id_ = (int(datetime.now(UTC).timestamp() * 1000) << 80 | uuid.uuid4().int & (1 << 80) - 1).to_bytes(16)
    created = datetime.now(UTC).timestamp()
    return msgspec.structs.replace(StoredResponse(id_, str(user), str(_KEY), "m", created, _ITEMS, _RESPONSE), **more)


@asynccontextmanager
async def _storing(engine: AsyncEngine, max_age: timedelta | None = _MONTH) -> AsyncIterator[ResponseStore]:
    store = ResponseStore(engine, Received(), max_age, lambda: datetime.now(UTC))
    running = asyncio.create_task(store.run())
    try:
        yield store
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _recall(store: ResponseStore, response_id: bytes, user: uuid.UUID = _USER) -> Recalled:
    said: asyncio.Future[Recalled] = asyncio.get_running_loop().create_future()
    store.recall(Recall(7, response_id, str(user)), said.set_result)
    async with asyncio.timeout(_SECONDS):
        return await said


async def _keep(store: ResponseStore, *responses: StoredResponse) -> None:
    """Returns when all are acknowledged."""
    acknowledged: list[bytes] = []
    for response in responses:
        store.keep(response, acknowledged.append)
    await eventually(lambda: len(acknowledged) == len(responses))


async def test_it_is_found_by_its_owner_before_and_after_it_is_stored(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    new, found = _new(), Recalled(7, "found", _CONVERSATION)
    async with _storing(engine) as one, _storing(engine) as two:
        asked = asyncio.create_task(_recall(two, new.id))
        await asyncio.sleep(0)
        one.keep(new, lambda _: None)
        assert await _recall(one, new.id) == found
        assert await asked == found, "another host looks again for what is on its way"
        await _keep(one, new)
        for store in (one, two):
            assert await _recall(store, new.id) == found
            assert (await _recall(store, new.id, _OTHER)).found == "unknown"
    assert await db.fetchval("SELECT count(*) FROM stored_responses") == 1


async def test_whoever_lets_nothing_be_kept_has_nothing_stored_nor_given(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    unwanted = (_new(_DISCREET), _new(_GONE), _new(uuid.uuid4()), _new(key_id=str(_DISCREET_KEY)))
    wanted = _new()
    async with _storing(engine) as store:
        await _keep(store, *unwanted, wanted)
        assert [row["id"].bytes for row in await db.fetch("SELECT id FROM stored_responses")] == [wanted.id]
        await db.execute("UPDATE users SET zero_data_retention = true WHERE id = $1", _USER)
        assert (await _recall(store, wanted.id)).found == "unknown"


async def test_what_is_too_old_is_given_no_more(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    del db
    old = _new(created=(datetime.now(UTC) - timedelta(hours=3)).timestamp())
    async with _storing(engine, timedelta(hours=2)) as store, _storing(engine, None) as patient:
        await _keep(store, old)
        assert (await _recall(store, old.id)).found == "unknown"
        assert (await _recall(patient, old.id)).found == "found"


async def test_what_the_database_refuses_keeps_no_other_from_being_stored(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    refused, taken = _new(model="\0"), _new()
    async with _storing(engine) as store:
        await _keep(store, refused, taken)
        assert [sample.value for sample in store.samples()] == [0, 1]
    assert [row["id"].bytes for row in await db.fetch("SELECT id FROM stored_responses")] == [taken.id]


async def test_without_a_database_nobody_can_tell_but_of_what_is_here(tmp_path: Path) -> None:
    engine = open_engine(f"postgresql://nobody@/none?host={tmp_path}", pool_size=2)
    new, acknowledged = _new(), list[bytes]()
    async with _storing(engine) as store:
        store.keep(new, acknowledged.append)
        assert (await _recall(store, new.id)).found == "found"
        answers = await asyncio.gather(*(_recall(store, _new().id) for _ in range(50)))
        assert {answer.found for answer in answers} == {"unavailable"}
    assert acknowledged == []
    await engine.dispose()


async def test_gateways_hand_over_and_ask_on_one_link(
    engine: AsyncEngine, db: asyncpg.Connection, tmp_path: Path
) -> None:
    del db
    path, new = tmp_path / "response.sock", _new()
    async with _storing(engine) as store:
        serving = asyncio.create_task(ResponseServer(path, store).run())
        await eventually(path.exists)
        reader, writer = await asyncio.open_unix_connection(path)
        frames = FrameReader()

        async def hear(count: int) -> list[Acknowledged | Recalled]:
            heard: list[Acknowledged | Recalled] = []
            async with asyncio.timeout(_SECONDS):
                while len(heard) < count:
                    heard += map(decode_from_control, frames.feed(await reader.read(65536)))
            return heard

        for message in (new, Recall(1, new.id, str(_USER)), new):
            writer.write(frame(msgspec.msgpack.encode(message)))
        heard = await hear(3)
        assert Recalled(1, "found", _CONVERSATION) in heard
        assert heard.count(Acknowledged((new.id,))) == 2
        writer.write(frame(msgspec.msgpack.encode(Recall(2, uuid.uuid4().bytes, str(_USER)))))
        assert await hear(1) == [Recalled(2, "unknown")]
        nonsense, other = await asyncio.open_unix_connection(path)
        other.write(frame(b"nonsense"))
        async with asyncio.timeout(_SECONDS):
            assert await nonsense.read() == b"", "whoever does not speak the protocol is alone with it"
        writer.close()
        other.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


# -- retention ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def forgetful(database_url: str) -> AsyncIterator[Management]:
    """The management API where responses are kept for two hours."""
    async with managed(database_url, settings_for_tests(responses={"max_age": "2h"})) as management:
        yield management


async def test_what_is_too_old_or_unwanted_is_erased_in_batches(
    forgetful: Management, engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    hours = [
        _new(created=(datetime.now(UTC) - timedelta(minutes=minutes)).timestamp()) for minutes in range(0, 240, 30)
    ]
    others = [_new(_OTHER) for _ in range(5)]
    async with _storing(engine) as store:
        await _keep(store, *hours, *others)
    count = "SELECT count(*) FROM stored_responses WHERE user_id = $1"
    await erase_old_responses(forgetful.services, at_once=3)
    assert (await db.fetchval(count, _USER), await db.fetchval(count, _OTHER)) == (4, 5)
    await db.execute("UPDATE users SET zero_data_retention = true WHERE id = $1", _OTHER)
    await db.execute(
        "UPDATE stored_responses SET key_id = $1 WHERE id = $2", _DISCREET_KEY, uuid.UUID(bytes=hours[0].id)
    )
    await erase_old_responses(forgetful.services, at_once=2)
    assert (await db.fetchval(count, _USER), await db.fetchval(count, _OTHER)) == (3, 0)
