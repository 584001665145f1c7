"""Stored responses from the gateway's end: handed over until they are acknowledged, asked for with a deadline, and
what was said before is looked at like all else that is said.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import World, start_gateway
from hypothesis import given
from hypothesis import strategies as st
from tests.recorder.recording import eventually

from control_layer.contract.dialects import DialectOptions
from control_layer.contract.frames import FrameReader, frame
from control_layer.contract.limits import Limit
from control_layer.contract.snapshot import Update
from control_layer.contract.stored_responses import (
    MOST_STORED_BYTES,
    Acknowledged,
    Recall,
    Recalled,
    StoredResponse,
    decode_from_gateway,
    id_of,
    text_of,
)
from control_layer.gateway.stored_responses import StoredResponses
from control_layer.gateway.storing import Storing

_SECONDS = 30
_ITEMS = b'[{"role":"user","content":"x"}]'
_RESPONSE = b'{"status":"completed","output":[{"type":"message","id":"m"}]}'
_CONVERSATION = b'[{"role":"user","content":"x"},{"type":"message","id":"m"}]'


@dataclass(slots=True)
class _Store:
    """The other end: what it hears, and what it says to that."""

    path: Path
    answer: Callable[[Recall], Recalled | None] = lambda _: None
    acknowledges: bool = True
    asked: list[Recall] = field(default_factory=list)
    kept: list[StoredResponse] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        frames = FrameReader()
        while data := await reader.read(65536):
            for message in map(decode_from_gateway, frames.feed(data)):
                if isinstance(message, StoredResponse):
                    self.kept.append(message)
                    if self.acknowledges:
                        self.say(Acknowledged((message.id,)))
                    continue
                self.asked.append(message)
                if (said := self.answer(message)) is not None:
                    self.say(said)
        writer.close()

    def say(self, message: Acknowledged | Recalled) -> None:
        self.writers[-1].write(frame(msgspec.msgpack.encode(message)))


@asynccontextmanager
async def _linked(store: _Store, **more: Any) -> AsyncIterator[StoredResponses]:
    loop = asyncio.get_running_loop()
    async with await asyncio.start_unix_server(store.serve, store.path):
        link = StoredResponses(str(store.path), loop=loop, **more)
        running = asyncio.create_task(link.run())
        await eventually(lambda: bool(store.writers))
        try:
            yield link
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            for writer in store.writers:
                writer.transport.abort()


def _new(size: int = 0) -> StoredResponse:
    return StoredResponse(uuid.uuid4().bytes, "user", "key", "m", 1.0, _ITEMS, _RESPONSE + b" " * size)


async def _recall(link: StoredResponses, response_id: bytes, user: str = "user") -> tuple[str, bytes]:
    said: asyncio.Future[Recalled] = asyncio.get_running_loop().create_future()
    link.recall(response_id, user, said.set_result)
    async with asyncio.timeout(_SECONDS):
        found = await said
    return found.found, found.items


def _counts(link: StoredResponses) -> dict[str, float]:
    """Of which there are any."""
    return {
        each.labels.get("result", each.name.split("_")[3]): float(each.value) for each in link.samples() if each.value
    }


async def test_it_is_handed_over_again_until_it_is_acknowledged(tmp_path: Path) -> None:
    store, new = _Store(tmp_path / "s", acknowledges=False), [_new(), _new()]
    async with _linked(store) as link:
        for response in new:
            link.keep(response)
        await eventually(lambda: store.kept == new)
        store.writers[0].transport.abort()
        store.acknowledges = True
        await eventually(lambda: store.kept == new * 2)
        await link.settle(_SECONDS)
        assert _counts(link) == {"stored": 2}
        store.writers[-1].transport.abort()
        link.keep(last := _new())
        await eventually(lambda: store.kept == [*new, *new, last])


async def test_what_is_not_acknowledged_is_known_here(tmp_path: Path) -> None:
    store, new = _Store(tmp_path / "s", lambda asked: Recalled(asked.number, "unknown"), acknowledges=False), _new()
    async with _linked(store) as link:
        link.keep(new)
        assert await _recall(link, new.id) == ("found", _CONVERSATION)
        assert await _recall(link, new.id, "somebody else") == ("unknown", b"")
        assert store.asked == []
        store.say(Acknowledged((new.id, b"what nobody knows")))
        await link.settle(_SECONDS)
        assert await _recall(link, new.id) == ("unknown", b"")


async def test_a_question_outlives_a_connection_but_not_its_deadline(tmp_path: Path) -> None:
    store = _Store(tmp_path / "s")
    async with _linked(store, recall_seconds=_SECONDS) as link:
        asking = asyncio.create_task(_recall(link, b"i" * 16))
        await eventually(lambda: len(store.asked) == 1)
        store.answer = lambda asked: Recalled(asked.number, "found", b"[]")
        store.writers[0].transport.abort()
        assert await asking == ("found", b"[]")
        question = link.recall(b"j" * 16, "user", _never)
        link.give_up(question)
        await eventually(lambda: len(store.asked) == 3)
        assert await _recall(link, b"k" * 16) == ("found", b"[]")
    impatient = StoredResponses(str(tmp_path / "none"), loop=asyncio.get_running_loop(), recall_seconds=0.01)
    assert await _recall(impatient, b"i" * 16) == ("unavailable", b"")


def _never(recalled: Recalled) -> None:
    pytest.fail(f"nobody waits for {recalled}")


async def test_memory_is_bounded_and_the_oldest_go_first(tmp_path: Path) -> None:
    link = StoredResponses(str(tmp_path / "s"), loop=asyncio.get_running_loop(), most_waiting_bytes=50_000)
    new = [_new(10_000) for _ in range(10)]
    for response in (*new, _new(MOST_STORED_BYTES)):
        link.keep(response)
    assert _counts(link) == {"dropped": 7}
    store = _Store(tmp_path / "s")
    async with await asyncio.start_unix_server(store.serve, store.path):
        running = asyncio.create_task(link.run())
        await link.settle(_SECONDS)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert store.kept == new[6:]


async def test_no_more_is_under_way_than_the_other_end_can_hold(tmp_path: Path) -> None:
    store, new = _Store(tmp_path / "s", acknowledges=False), [_new(6_000_000) for _ in range(4)]
    async with _linked(store) as link:
        for response in new:
            link.keep(response)
        await eventually(lambda: len(store.kept) == 2)
        for response in new:
            await eventually(lambda response=response: response in store.kept)  # type: ignore[misc]
            assert len(store.kept) <= new.index(response) + 2
            store.say(Acknowledged((response.id,)))
        await link.settle(_SECONDS)


# -- what is kept of an answer -----------------------------------------------------------------------------------------


def _storing(*, streams: bool) -> Storing:
    return Storing(b"i" * 16, msgspec.Raw(b'"x"'), user_id="u", key_id="k", streams=streams)


@given(st.data())
def test_of_a_stream_the_last_event_is_kept_however_it_is_cut(data: st.DataObject) -> None:
    said = json.dumps("event: response.completed\n: no")
    body = (
        f'event: response.output_text.delta\ndata: {{"delta":{said}}}\n\n: ping\n\n'
        f'event: response.completed\ndata: {{"type":"response.completed","response":{_RESPONSE.decode()}}}\n\n'
    ).encode()
    storing = _storing(streams=True)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=6)))
    for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        storing.keep(body[begin:end])
    found = storing.finished("m", 1.0)
    assert found is not None
    assert found.response == _RESPONSE
    assert json.loads(found.items) == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
    ]


@pytest.mark.parametrize(
    ("streams", "body"),
    [
        (False, b'{"error":{}}'),
        (False, b'{"status":"failed","output":[]}'),
        (False, b"{"),
        (True, b'event: response.failed\ndata: {"response":{"status":"failed","output":[]}}\n\n'),
        (True, b'event: response.completed\ndata: {"response":{"sta'),
        (True, b""),
    ],
)
def test_what_did_not_end_is_not_stored(streams: bool, body: bytes) -> None:
    storing = _storing(streams=streams)
    storing.keep(body)
    assert storing.finished("m", 1.0) is None


@given(st.binary(min_size=16, max_size=16))
def test_ids_go_around(response_id: bytes) -> None:
    text = text_of(response_id)
    assert id_of(text) == response_id
    assert text == f"resp_{uuid.UUID(bytes=response_id)}"
    assert [id_of(other) for other in (text[5:], text.replace("-", ""), text[:-1], f"{text}0", f" {text}", "x")] == [
        None
    ] * 6


# -- a whole gateway ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Talking(World):
    """The provider has chat completions only; two thousand tokens an hour may pass."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        options = DialectOptions(native_apis=("chat_completions",))
        endpoints = tuple(msgspec.structs.replace(endpoint, options=options) for endpoint in whole.endpoints)
        limit = Limit("l", "tokens", "model", whole.models[0].id, "tokens", 2000.0, 3600.0, 2000.0)
        return msgspec.structs.replace(whole, endpoints=endpoints, limits=(limit,))


async def test_limits_count_what_was_said_before(simulator_url: str, tmp_path: Path) -> None:
    long, short, unsaid = (uuid.uuid4().bytes for _ in range(3))
    said = {
        long: b'[{"role":"user","content":"%b"}]' % (b"x" * 20_000),
        short: b'[{"role":"user","content":"Call me Ishmael."}]',
    }

    def answer(asked: Recall) -> Recalled | None:
        if asked.id == unsaid:
            return None
        items = said.get(asked.id)
        return Recalled(asked.number, "unknown") if items is None else Recalled(asked.number, "found", items)

    store = _Store(tmp_path / "response.sock", answer)
    world = _Talking(simulator_url, aliases=("sim-small",))
    async with await asyncio.start_unix_server(store.serve, store.path):
        process = await asyncio.to_thread(start_gateway, tmp_path, world, response_socket=str(store.path))
        headers = {"authorization": f"Bearer {process.secret}"}
        try:
            async with httpx.AsyncClient(base_url=process.base_url, headers=headers, timeout=30) as client:

                async def ask(previous: bytes, **more: object) -> httpx.Response:
                    body = {"model": "sim-small", "input": "And?", "previous_response_id": text_of(previous), **more}
                    return await client.post("/responses", json=body)

                answered = await ask(short)
                assert answered.status_code == 200, answered.text
                assert answered.json()["previous_response_id"] == text_of(short)
                (kept,) = store.kept
                assert [item["role"] for item in json.loads(kept.items)] == ["user", "user"]
                assert (kept.model, text_of(kept.id)) == ("sim-small", answered.json()["id"])
                assert (await ask(long)).status_code == 429, "the bucket is not full any more"
                for body, parameter in (
                    ({"input": 7}, "input"),
                    ({"input": None}, "input"),
                    ({"previous_response_id": 7}, "previous_response_id"),
                ):
                    refused = await ask(short, **body)
                    assert (refused.status_code, refused.json()["error"]["param"]) == (400, parameter)
                leaving = asyncio.create_task(ask(unsaid))
                await eventually(lambda: store.asked[-1].id == unsaid)
                leaving.cancel()
                waiting = await ask(unsaid)
                assert (waiting.status_code, waiting.json()["error"]["code"]) == (503, "stored_responses_unavailable")
                assert (await ask(uuid.uuid4().bytes)).status_code == 400
        finally:
            await asyncio.to_thread(process.stop)
