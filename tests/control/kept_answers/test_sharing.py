"""Answers that hosts share, in a real database: found while they may be given, within their room, never waited for."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.recording import eventually

from control_layer.contract.answers import MOST_SHARED_BYTES, Ask, Found, Keep, SharedAnswer, decode_found
from control_layer.contract.frames import FrameReader, frame
from control_layer.control.kept_answers.cleaning import Cleaning
from control_layer.control.kept_answers.server import AnswerServer
from control_layer.control.kept_answers.tier import AnswerTier
from control_layer.store.engine import connect, open_engine

_SECONDS = 30
_MODEL = uuid.UUID(int=0xA)
_ROOM = 1024 * 1024


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    await _model(connection, {"caching": {"shared": True}})
    yield connection
    await connection.close()


async def _model(db: asyncpg.Connection, policy: object) -> None:
    await db.execute(
        "INSERT INTO models (id, alias, model_name, is_composite, created_by, traffic_policy) "
        "VALUES ($1, 'm', 'm', true, '00000000-0000-0000-0000-000000000000', $2) "
        "ON CONFLICT (id) DO UPDATE SET traffic_policy = excluded.traffic_policy",
        _MODEL,
        json.dumps(policy),
    )


@asynccontextmanager
async def _sharing(engine: AsyncEngine, room: int = _ROOM, **more: int) -> AsyncIterator[AnswerTier]:
    tier = AnswerTier(engine, Cleaning(engine, room), **more)
    running = asyncio.create_task(tier.run())
    try:
        yield tier
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _kept(digest: bytes, size: int = 10, seconds: float = 60.0, **more: object) -> Keep:
    answer = SharedAnswer(seconds, str(uuid.UUID(int=1)), str(uuid.UUID(int=2)), 0, digest * (size // len(digest)))
    return Keep(digest, str(_MODEL), 0, msgspec.structs.replace(answer, **more))


async def _ask(tier: AnswerTier, digest: bytes) -> SharedAnswer | None:
    said: asyncio.Future[SharedAnswer | None] = asyncio.get_running_loop().create_future()
    tier.ask(digest, said.set_result)
    async with asyncio.timeout(_SECONDS):
        return await said


async def _found(tier: AnswerTier, digest: bytes) -> SharedAnswer:
    found: list[SharedAnswer] = []

    async def asked() -> bool:
        answer = await _ask(tier, digest)
        found.extend(() if answer is None else (answer,))
        return answer is not None

    await eventually(asked)
    return found[0]


async def _digests(db: asyncpg.Connection) -> set[bytes]:
    return {row["digest"] for row in await db.fetch("SELECT digest FROM kept_answers")}


def _counts(tier: AnswerTier) -> tuple[float, ...]:
    """Stored, and not."""
    return tuple(float(sample.value or 0) for sample in tier.samples())


async def test_what_one_host_stores_the_other_finds_while_it_may_be_given(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    async with _sharing(engine) as one, _sharing(engine) as two:
        assert await _ask(two, b"d") is None
        for kept in (_kept(b"d"), _kept(b"old", seconds=-1.0), _kept(b"d", purge_generation=4)):
            one.keep(kept)
        await eventually(lambda: _counts(one) == (3, 0))
        answers = await asyncio.gather(*(_ask(two, digest) for digest in (b"d", b"old", b"none", b"d")))
        assert [answer is not None for answer in answers] == [True, False, False, True]
        found = answers[0]
        assert found is not None
        assert (found.stored, found.purge_generation) == (b"d" * 10, 4)
        assert 0 < found.seconds <= 60
        await db.execute("UPDATE kept_answers SET used_at = now() - interval '1 hour'")
        await _ask(two, b"d")
        used = "SELECT bool_or(used_at > now() - interval '1 minute') FROM kept_answers"
        await eventually(lambda: db.fetchval(used))


async def test_those_used_last_stay_within_the_room(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    async with _sharing(engine, room=100_000) as tier:
        for number in range(100):
            tier.keep(_kept(b"%03d" % number, 9_000))
            await _found(tier, b"%03d" % number)
            size = await db.fetchval("SELECT sum(size_bytes) FROM kept_answers")
            assert size <= 100_000 + 100_000 / 16 + 9_256
        await Cleaning(engine, 100_000).clean()
        assert await _digests(db) == {b"%03d" % number for number in range(90, 100)}


async def test_what_was_purged_expired_or_is_shared_no_more_is_erased(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    cleaning = Cleaning(engine, _ROOM)
    async with _sharing(engine) as tier:
        tier.keep(_kept(b"expired", seconds=-1.0))
        tier.keep(_kept(b"kept"))
        tier.keep(_kept(b"key", key_id=str(uuid.UUID(int=11))))
        tier.keep(_kept(b"user", user_id=str(uuid.UUID(int=12))))
        tier.keep(_kept(b"since", user_id=str(uuid.UUID(int=12)), purge_generation=2))
        await eventually(lambda: _counts(tier) == (5, 0))
    await db.execute(
        "INSERT INTO answer_purges (subject_id, scope, generation) VALUES ($1, 'key', 1), ($2, 'user', 2)",
        uuid.UUID(int=11),
        uuid.UUID(int=12),
    )
    await cleaning.clean()
    assert await _digests(db) == {b"kept", b"since"}
    assert [sample.value for sample in cleaning.samples()] == [2, 8 + 256 + 10 + 256], (
        "bytes of both, and of their rows"
    )
    await _model(db, {"caching": {"shared": True}, "cache_generation": 1})
    await cleaning.clean()
    assert await _digests(db) == set()
    async with _sharing(engine) as tier:
        tier.keep(msgspec.structs.replace(_kept(b"again"), generation=1))
        await _found(tier, b"again")
    await cleaning.clean()
    assert await _digests(db) == {b"again"}
    await _model(db, {"caching": {"shared": False}, "cache_generation": 1})
    await cleaning.clean()
    assert await _digests(db) == set()


async def test_what_is_too_much_is_dropped_and_without_room_everything(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    async with _sharing(engine, most_waiting_bytes=2_000) as tier:
        for number in range(9):
            tier.keep(_kept(b"%d" % number, 600))
        tier.keep(_kept(b"huge", MOST_SHARED_BYTES + 1_000))
        await eventually(lambda: _counts(tier) == (2, 8))
    async with _sharing(engine, room=0) as tier:
        tier.keep(_kept(b"d"))
        assert _counts(tier) == (0, 1)


async def test_without_a_database_everything_is_a_miss_at_once(tmp_path: Path) -> None:
    engine = open_engine(f"postgresql://nobody@/none?host={tmp_path}", pool_size=1)
    async with _sharing(engine) as tier:
        assert await asyncio.gather(*(_ask(tier, b"%d" % number) for number in range(100))) == [None] * 100
        tier.keep(_kept(b"d"))
        await eventually(lambda: _counts(tier) == (0, 1))
    await engine.dispose()


async def test_gateways_ask_and_hand_over_on_one_link(
    engine: AsyncEngine, db: asyncpg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "answer.sock"
    async with _sharing(engine) as tier:
        serving = asyncio.create_task(AnswerServer(path, tier).run())
        await eventually(path.exists)
        reader, writer = await asyncio.open_unix_connection(path)
        frames = FrameReader()

        async def ask(number: int, digest: bytes) -> Found:
            writer.write(frame(msgspec.msgpack.encode(Ask(number, digest))))
            async with asyncio.timeout(_SECONDS):
                while not (payloads := frames.feed(await reader.read(65536))):
                    pass
            (payload,) = payloads
            return decode_found(payload)

        assert await ask(1, b"d") == Found(1, None)
        writer.write(frame(msgspec.msgpack.encode(_kept(b"d"))))
        await eventually(lambda: _counts(tier)[0] == 1)
        found = await ask(2, b"d")
        assert found.answer is not None
        assert (found.number, found.answer.stored) == (2, b"d" * 10)
        nonsense, other = await asyncio.open_unix_connection(path)
        other.write(frame(b"nonsense"))
        async with asyncio.timeout(_SECONDS):
            assert await nonsense.read() == b"", "whoever does not speak the protocol is alone with it"
        assert (await ask(3, b"d")).answer is not None
        writer.close()
        other.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
