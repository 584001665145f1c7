"""Answers that hosts share, from the gateway's end: whatever is wrong with who has them is a miss, and soon."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import World, start_gateway
from tests.recorder.recording import eventually

from control_layer.contract.answers import (
    MOST_SHARED_BYTES,
    Ask,
    Found,
    Keep,
    SharedAnswer,
    Stored,
    decode_asked,
    encode_stored,
)
from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.routing import ResponseCaching
from control_layer.contract.snapshot import Update
from control_layer.contract.usage import Tokens
from control_layer.gateway.policy.response_cache import CachedAnswer, Maker
from control_layer.gateway.shared_answers import SharedAnswers

_SECONDS = 30
_MAKER = Maker("key", "user", 7)
_ANSWER = CachedAnswer(200, ((b"content-type", b"text/plain"),), b"said", Tokens(1, 2), "stop", 50.0, _MAKER)
_STORED = encode_stored(Stored(200, ((b"content-type", b"text/plain"),), b"said", Tokens(1, 2), "stop"))


@dataclass(slots=True)
class _Tier:
    """The other end: what it hears, and what it says to that."""

    path: Path
    answer: Callable[[Ask], SharedAnswer | None] | None = None
    """`None`: it says nothing."""
    asked: list[Ask] = field(default_factory=list)
    kept: list[Keep] = field(default_factory=list)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        frames = FrameReader()
        await self.reads.wait()
        while data := await reader.read(65536):
            for message in map(decode_asked, frames.feed(data)):
                if isinstance(message, Keep):
                    self.kept.append(message)
                    continue
                self.asked.append(message)
                if self.answer is not None:
                    writer.write(frame(msgspec.msgpack.encode(Found(message.number, self.answer(message)))))
        writer.close()


@asynccontextmanager
async def _linked(tmp_path: Path, tier: _Tier, seconds: float = 20.0, **more: Any) -> AsyncIterator[SharedAnswers]:
    loop = asyncio.get_running_loop()
    async with await asyncio.start_unix_server(tier.serve, tier.path):
        shared = SharedAnswers(str(tier.path), seconds, loop=loop, clock=lambda: 10.0, **more)
        running = asyncio.create_task(shared.run())
        await eventually(lambda: bool(tier.writers))
        try:
            yield shared
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            for writer in tier.writers:
                writer.transport.abort()


async def _ask(shared: SharedAnswers, digest: bytes = b"d") -> CachedAnswer | str | None:
    """What there is, or that nobody is asked."""
    said: asyncio.Future[CachedAnswer | None] = asyncio.get_running_loop().create_future()
    if not shared.ask(digest, said.set_result):
        return "unavailable"
    async with asyncio.timeout(_SECONDS):
        return await said


def _counts(shared: SharedAnswers) -> dict[str, float]:
    """Of which there are any."""
    return {each.labels.get("result", "dropped"): float(each.value) for each in shared.samples() if each.value}


def _tier(tmp_path: Path, answer: Callable[[Ask], SharedAnswer | None] | None = None, *, reads: bool = True) -> _Tier:
    tier = _Tier(tmp_path / "answer.sock", answer)
    if reads:
        tier.reads.set()
    return tier


async def test_what_is_there_is_given_as_it_was_made(tmp_path: Path) -> None:
    shared_answer = SharedAnswer(40.0, "key", "user", 7, _STORED)
    tier = _tier(tmp_path, lambda ask: shared_answer if ask.digest == b"d" else None)
    async with _linked(tmp_path, tier) as shared:
        assert await asyncio.gather(*(_ask(shared, digest) for digest in (b"d", b"e", b"d"))) == [
            _ANSWER,
            None,
            _ANSWER,
        ]
        assert _counts(shared) == {"hit": 2, "miss": 1}


async def test_what_another_release_made_is_a_miss(tmp_path: Path) -> None:
    tier = _tier(tmp_path, lambda _: SharedAnswer(40.0, "key", "user", 0, b"\x01what"))
    async with _linked(tmp_path, tier) as shared:
        assert await _ask(shared) is None


async def test_who_is_slow_is_asked_no_more_for_a_while(tmp_path: Path) -> None:
    async with _linked(tmp_path, _tier(tmp_path), seconds=0.0) as shared:
        assert [await _ask(shared) for _ in range(6)] == [None] * 5 + ["unavailable"]
        assert _counts(shared) == {"late": 5, "unavailable": 1}


async def test_nobody_is_asked_where_nobody_listens_and_who_waits_is_told(tmp_path: Path) -> None:
    tier = _tier(tmp_path)
    async with _linked(tmp_path, tier) as shared:
        asking = asyncio.create_task(_ask(shared))
        await eventually(lambda: len(tier.asked) == 1)
        tier.writers[0].transport.abort()
        assert await asking is None
        shared.keep(b"d", "m", 0, _ANSWER)  # it may have come back already
        await eventually(lambda: len(tier.writers) == 2)
        shared.keep(b"d", "m", 0, _ANSWER)
        await eventually(lambda: len(tier.kept) >= 1)
    unlinked = SharedAnswers(str(tmp_path / "none"), 1.0, loop=asyncio.get_running_loop(), clock=lambda: 10.0)
    unlinked.keep(b"d", "m", 0, _ANSWER)
    assert await _ask(unlinked) == "unavailable"
    assert _counts(unlinked) == {"unavailable": 1, "dropped": 1}


async def test_answers_are_handed_over_and_too_many_or_too_large_ones_are_not(tmp_path: Path) -> None:
    tier = _tier(tmp_path, reads=False)
    large = _with_body(_ANSWER, body=b"x" * 1_000_000)
    async with _linked(tmp_path, tier, most_waiting_bytes=3_000_000) as shared:
        for number in range(10):
            shared.keep(b"%d" % number, "model", 3, large)
            await asyncio.sleep(0)
        shared.keep(b"huge", "model", 3, _with_body(_ANSWER, body=b"x" * (MOST_SHARED_BYTES + 1)))
        dropped = _counts(shared).get("dropped", 0)
        assert 1 < dropped < 10, "some are on their way"
        tier.reads.set()
        await eventually(lambda: len(tier.kept) == 11 - dropped)
        shared.keep(b"d", "model", 3, _ANSWER)
        await eventually(lambda: tier.kept[-1] == Keep(b"d", "model", 3, SharedAnswer(40.0, "key", "user", 7, _STORED)))


def _with_body(answer: CachedAnswer, *, body: bytes) -> CachedAnswer:
    return CachedAnswer(
        answer.status, answer.headers, body, answer.tokens, answer.finish_reason, answer.expires_at, answer.maker
    )


# -- a whole gateway ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sharing(World):
    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        caching = ResponseCaching(600.0, "key", 100_000, shared=True)
        models = tuple(msgspec.structs.replace(model, caching=caching) for model in whole.models)
        return msgspec.structs.replace(whole, models=models)


@pytest.mark.parametrize("behaves", ["away", "mute", "deaf", "knows"])
async def test_a_request_is_answered_whatever_the_control_plane_does(
    simulator_url: str, tmp_path: Path, behaves: str
) -> None:
    """One that knows an answer is asked once for all who wait for it; then the worker has it, too."""
    shared_answer = SharedAnswer(600.0, "key", "user", 0, _STORED)
    tier = _tier(tmp_path, (lambda _: shared_answer) if behaves == "knows" else None, reads=behaves != "deaf")
    world = _Sharing(simulator_url, aliases=("sim-small",))

    async def scenario(asked: Callable[[], Coroutine[Any, Any, list[tuple[str, str]]]]) -> list[tuple[str, str]]:
        if behaves == "away":
            return await asked()
        async with await asyncio.start_unix_server(tier.serve, tier.path):
            await eventually(lambda: bool(tier.writers))
            found = await asked()
            for writer in tier.writers:
                writer.transport.abort()
            return found

    process = await asyncio.to_thread(
        start_gateway, tmp_path, world, answer_socket=str(tier.path), shared_answer_seconds=0.2
    )
    body = {"model": "sim-small", "messages": [{"role": "user", "content": uuid.uuid4().hex}]}
    headers = {"authorization": f"Bearer {process.secret}"}

    async def asked() -> list[tuple[str, str]]:
        async with httpx.AsyncClient(base_url=process.base_url, headers=headers, timeout=30) as client:
            answers = await asyncio.gather(*(client.post("/chat/completions", json=body) for _ in range(3)))
            answers.append(await client.post("/chat/completions", json=body))
        assert {answer.status_code for answer in answers} == {200}
        return [(answer.headers["x-control-layer-cache"], answer.text) for answer in answers]

    try:
        found = await scenario(asked)
    finally:
        await asyncio.to_thread(process.stop)
    how = sorted(result for result, _ in found)
    if behaves == "knows":
        assert how == ["coalesced", "coalesced", "hit", "hit"]
        assert {text for _, text in found} == {"said"}
        assert len(tier.asked) == 1
        assert tier.kept == []
    else:
        assert how.count("miss") == 1  # the others waited for its answer, or came when it was there
        assert set(how) <= {"coalesced", "hit", "miss"}
    if behaves == "mute":
        (kept,) = tier.kept
        assert kept.digest == tier.asked[0].digest
        assert 0 < kept.answer.seconds <= 600
