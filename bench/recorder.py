"""How fast journals become rows: `python -m bench.recorder [--requests 200000] [--under-way 2000] [--folding]`.

Writes journals as gateways would, then records them into a Postgres of its own; everything is on this machine. A
request is two events, `Opened` and `Closed`. `--under-way` says how many requests of a journal have begun and not ended
at any moment: with 0 the two records of a request stand side by side, which is the cheapest there is. With `--folding`
what is recorded is added to the sums of analytics meanwhile, as a control plane does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import tempfile
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from bench.meter import cpu_seconds
from bench.population import Population
from control_layer.contract.usage import Attempt, Bodies, Closed, Opened, Record, Tokens, encode_record
from control_layer.recorder import Folding, Recorder
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect, open_engine
from control_layer.store.migrations import migrate

_USERS, _MODELS, _BATCH_REQUESTS = 1000, 40, 10_000
_TEXTS = 500
_SEGMENT_BYTES = 16 * 1024 * 1024
_SECONDS_OF_TRAFFIC = 600.0
_DEADLINE_SECONDS = 900
_PURPOSES = ("realtime", "realtime", "realtime", "playground", "batch")

_PRICES = """
INSERT INTO tariffs (id, model_id, name, input_price_per_token, output_price_per_token, api_key_purpose, valid_from)
SELECT gen_random_uuid(), id, 'usual', 0.0000025, 0.00001, purpose, '-infinity'
FROM models CROSS JOIN (VALUES ('realtime'), ('batch')) AS of (purpose) WHERE hashtext(alias) % 2 = 0;

INSERT INTO cache_pricings (id, model_id, read_multiplier, write_multiplier_5m, write_multiplier_1h,
    write_multiplier_24h, min_prefix_tokens, valid_from)
SELECT gen_random_uuid(), id, 0.1, 1.25, 2, 2, 1024, '-infinity' FROM models WHERE hashtext(alias) % 4 = 0;
"""
"""Half of the models cost something, half of those have cache pricing."""

_BUDGETS = """
INSERT INTO budgets (id, name, user_id, amount, period, enforcement, created_by)
SELECT id, 'everybody''s own', id, 1000, 'total', 'spent', id FROM users
"""
"""Each has the id of the user whose it is."""

_BATCH = f"""
INSERT INTO files (id, filename, purpose, uploaded_by) VALUES (md5('file')::uuid, 'f', 'batch', gen_random_uuid());

INSERT INTO file_requests (file_id, line, custom_id, url, model, body)
SELECT md5('file')::uuid, n, 'request-' || n, '/v1/chat/completions', 'model-1', ''
FROM generate_series(1, {_BATCH_REQUESTS}) n;

INSERT INTO batches (id, endpoint, completion_window, source_file_id, source, created_by, total, expires_at)
SELECT md5('batch')::uuid, '/v1/chat/completions', '24h', md5('file')::uuid, 'api', id, {_BATCH_REQUESTS}, 'infinity'
FROM users LIMIT 1;

INSERT INTO batch_requests (id, batch_id, line, model, deadline, not_before)
SELECT md5('line' || n)::uuid, md5('batch')::uuid, n, 'model-1', 'infinity', '-infinity'
FROM generate_series(1, {_BATCH_REQUESTS}) n;

ANALYZE
"""  # noqa: S608 - made of numbers


@dataclass(frozen=True, slots=True)
class Figures:
    """What recording came to. Processor times are of one core."""

    requests: int
    bytes: int
    seconds: float
    requests_per_second: float
    events_per_second: float
    folded_meanwhile: float
    """Of the requests, when the last was recorded."""
    recorder_microseconds_per_request: float
    postgres_microseconds_per_request: float
    longest_pause_of_the_loop: float
    table_bytes_per_request: float
    wal_bytes_per_request: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class _Customers:
    """Who asks for what."""

    keys: list[tuple[str, str, str]]
    """Key, owner, purpose."""
    models: list[tuple[str, str]]
    batch_requests: list[str]


class _Traffic:
    """Records as gateways write them, spread over the last ten minutes."""

    def __init__(self, customers: _Customers, requests: int, body_bytes: int, *, budgets: bool) -> None:
        self._customers = customers
        self._budgets = budgets
        self._step = _SECONDS_OF_TRAFFIC / requests
        self._at = time.time() - _SECONDS_OF_TRAFFIC
        self._dice = random.Random(4)
        self._bodies = [_text(body_bytes, self._dice) for _ in range(_TEXTS)] if body_bytes else []

    def request(self) -> tuple[Opened, list[Record]]:
        """The record of its beginning, and those of its end."""
        dice = self._dice
        self._at += self._step
        key_id, user_id, purpose = dice.choice(self._customers.keys)
        model, model_id = dice.choice(self._customers.models)
        opened = Opened(
            id=_uuid7(self._at, dice),
            at=self._at,
            key_id=key_id,
            user_id=user_id,
            model=model,
            model_id=model_id,
            method="POST",
            path="/ai/v1/chat/completions",
            stream=dice.random() < 0.5,
        )
        failed = dice.random() < 0.03
        given = dice.randrange(20, 4000)
        took = 0.1 * dice.lognormvariate(2, 1)
        closed = Closed(
            *(opened.id, opened.at, key_id, user_id, model, model_id, opened.method, opened.path, opened.stream),
            outcome="completed",
            status=429 if failed else 200,
            error=None,
            deployment_id=model_id,
            attempts=(Attempt(model_id, model_id, 429 if failed else 200, None, took),),
            first_byte=took / 3,
            duration=took,
            tokens=Tokens()
            if failed
            else Tokens(given, dice.randrange(1, 800), given // 2 if given > 1024 else 0, 0, 0, "provider"),
            finish_reason=None if failed else "stop",
            request_bytes=given * 4,
            response_bytes=2000,
            upstream_request_id=f"req_{opened.id.hex()}",
            request_id=f"batch_req_{dice.choice(self._customers.batch_requests)}" if purpose == "batch" else None,
            user_agent="OpenAI/Python 2.8.1",
            budgets=((user_id, 0.0),) if self._budgets else (),
        )
        if not self._bodies:
            return opened, [closed]
        return opened, [Bodies(opened.id, dice.choice(self._bodies), False, dice.choice(self._bodies), False), closed]


def _text(size: int, dice: random.Random) -> bytes:
    """A JSON text of that many bytes, of some hundred thousand words, few of which are frequent."""
    said = " ".join(f"w{int(1 / (dice.random() + 1e-5))}" for _ in range(size // 3))
    return json.dumps({"messages": [{"role": "user", "content": said}]}).encode()[: size - 4] + b'"}]}'


def _uuid7(at: float, dice: random.Random) -> bytes:
    """RFC 9562, 5.7."""
    value = int(at * 1000) << 80 | dice.getrandbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    return (value & ~(3 << 62) | 2 << 62).to_bytes(16, "big")


def _write(journal_dir: Path, traffic: _Traffic, requests: int, workers: int, under_way: int) -> int:
    """Writes the journals of gateways that have ended; returns how many bytes they are."""
    written = 0
    for _ in range(workers):
        directory = journal_dir / str(uuid.uuid4())
        directory.mkdir()
        (directory / "lock").touch()
        ends: deque[list[Record]] = deque()
        segment, size = 0, _SEGMENT_BYTES
        file = None
        for number in range(requests // workers + under_way):
            records: list[Record] = []
            if number < requests // workers:
                opened, end = traffic.request()
                records.append(opened)
                ends.append(end)
            if number >= under_way:
                records += ends.popleft()
            data = b"".join(map(encode_record, records))
            if file is None or size + len(data) > _SEGMENT_BYTES:
                if file is not None:
                    file.close()
                segment, size = segment + 1, 0
                file = (directory / f"{segment:08d}.seg").open("wb")
            file.write(data)
            size += len(data)
            written += len(data)
        if file is not None:
            file.close()
    return written


async def _customers(connection: asyncpg.Connection[Any]) -> _Customers:
    await connection.execute(Population(users=_USERS, models=_MODELS, groups=10).statements())
    for number, purpose in enumerate(_PURPOSES):
        await connection.execute(
            "UPDATE api_keys SET purpose = $1 WHERE mod(abs(hashtext(id::text)), $2) = $3",
            *(purpose, len(_PURPOSES), number),
        )
    await connection.execute(_PRICES)
    await connection.execute(_BUDGETS)
    await connection.execute(_BATCH)
    keys = await connection.fetch("SELECT id::text, user_id::text, purpose FROM api_keys WHERE name = 'key'")
    models = await connection.fetch("SELECT alias, id::text FROM models")
    lines = await connection.fetch("SELECT id::text FROM batch_requests")
    return _Customers([tuple(row) for row in keys], [tuple(row) for row in models], [row["id"] for row in lines])


async def measure(
    database_url: str,
    journal_dir: Path,
    requests: int,
    *,
    workers: int,
    under_way: int,
    body_bytes: int,
    budgets: bool,
    full_text: bool,
    sinks: bool,
    folding: bool,
) -> Figures:
    """Fills the database and the journals, and measures until nothing is left of them."""
    await migrate(database_url)
    connection = await connect(database_url, statement_seconds=None)
    postmaster = await connection.fetchval("SELECT pg_backend_pid()")
    server = psutil.Process(postmaster).parent()
    assert server is not None
    traffic = _Traffic(await _customers(connection), requests, body_bytes, budgets=budgets)
    size = await asyncio.to_thread(_write, journal_dir, traffic, requests, workers, under_way)
    engine = open_engine(database_url, pool_size=5)
    recorder = Recorder(engine, journal_dir, searchable=full_text, announcing=sinks)
    wal = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
    ours, theirs = time.process_time(), _cpu_of(server)
    pausing = asyncio.create_task(_longest_pause())
    start = time.perf_counter()
    recording = asyncio.create_task(recorder.run())
    fold = asyncio.create_task(Folding(engine).run()) if folding else None
    async with asyncio.timeout(_DEADLINE_SECONDS):
        await _recorded(journal_dir)
    seconds = time.perf_counter() - start
    pausing.cancel()
    ours, theirs = time.process_time() - ours, _cpu_of(server) - theirs
    unfolded = await connection.fetchval("SELECT count(*) FROM unfolded_requests")
    if fold is not None:
        fold.cancel()
        await asyncio.wait([fold])
    logged = await connection.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", wal)
    recorder.stop()
    await recording
    await engine.dispose()
    rows = await connection.fetchval("SELECT count(*) FROM requests WHERE outcome = 'completed'")
    if rows != requests:
        raise SystemExit(f"{rows} rows of {requests} requests")
    table = await connection.fetchval(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname ~ '^requests'"
    )
    await connection.close()
    return Figures(
        requests=requests,
        bytes=size,
        seconds=seconds,
        requests_per_second=requests / seconds,
        events_per_second=2 * requests / seconds,
        folded_meanwhile=1 - unfolded / requests,
        recorder_microseconds_per_request=ours / requests * 1e6,
        postgres_microseconds_per_request=theirs / requests * 1e6,
        longest_pause_of_the_loop=await pausing,
        table_bytes_per_request=float(table) / requests,
        wal_bytes_per_request=float(logged) / requests,
        peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


async def _recorded(journal_dir: Path) -> None:
    while await asyncio.to_thread(lambda: any(journal_dir.glob("*-*"))):  # noqa: ASYNC110 - told by nobody
        await asyncio.sleep(0.02)


def _cpu_of(server: psutil.Process) -> float:
    return sum(cpu_seconds(process.pid) for process in (server, *server.children()))


async def _longest_pause() -> float:
    """How long other work, such as a person's click, has to wait for the event loop."""
    longest = 0.0
    try:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - start - 0.001)
    except asyncio.CancelledError:
        return longest


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2, help="gateway processes that wrote them")
    parser.add_argument("--under-way", type=int, default=2000, help="requests of a journal at any moment")
    parser.add_argument("--bodies", type=int, default=0, help="bytes of each request and answer that are kept")
    parser.add_argument("--sinks", action="store_true", help="what ends is put into the outbox of sinks")
    parser.add_argument("--full-text", action="store_true", help="bodies can be found by their words")
    parser.add_argument("--budgets", action="store_true", help="every user has one")
    parser.add_argument("--folding", action="store_true", help="add what is recorded to the sums of analytics, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres(Path(directory) / "postgres")
        journal_dir = Path(directory) / "journal"
        journal_dir.mkdir()
        try:
            figures = asyncio.run(
                measure(
                    *(postgres.start(), journal_dir, options.requests),
                    workers=options.workers,
                    under_way=options.under_way,
                    body_bytes=options.bodies,
                    budgets=options.budgets,
                    full_text=options.full_text,
                    sinks=options.sinks,
                    folding=options.folding,
                )
            )
        finally:
            postgres.stop()
    for name, value in asdict(figures).items():
        print(f"{name.replace('_', ' '):40} {value:>14,.3f}" if isinstance(value, float) else f"{name:40} {value:>14,}")
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
