"""`control-layer reconcile`: silent where everything agrees, and says what, where and by how much where it does not."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import HandMade
from tests.recorder.population import populate, put_a_price
from tests.recorder.recording import eventually, running
from tests.recorder.traffic import FIRST_DAY, request

from control_layer.control.reconciliation import reconcile
from control_layer.recorder import Folding, Keep, Recorder, Retention
from control_layer.store.engine import connect

_SECRETS = {"SECRET_KEY": "hush" * 8, "CONTROL_LAYER_ADMIN_PASSWORD": "hush"}
_ONE = "ctid = (SELECT ctid FROM {table} WHERE {condition} LIMIT 1)"


def _one(table: str, condition: str = "true") -> str:
    return _ONE.format(table=table, condition=condition)


# What somebody did past everything, how it is undone, and what must be said of it.
_DAMAGE = (
    ("account_hours", "UPDATE account_hours SET requests = requests {} 2 WHERE model = 'gpt'", "+2 requests"),
    ("account_days", "UPDATE account_days SET cost = cost {} 0.000000000001 WHERE model = 'gpt'", "cost"),
    ("model_minutes", "UPDATE model_minutes SET cache_hits = cache_hits {} 1", "model_hours of"),
    ("model_days", "UPDATE model_days SET saved_cost = saved_cost {} 0.000000000001", "saved_cost"),
    ("model_days", "UPDATE model_days SET response_cache_hits = response_cache_hits {} 1", "response_cache_hits"),
    ("model_hours", "UPDATE model_hours SET seconds = seconds {} 1", "seconds"),
    ("latency_hours", "UPDATE latency_hours SET counts[1] = counts[1] {} 1", "latency_hours of"),
    ("batch_hours", "UPDATE batch_hours SET requests = requests {} 1", "batch_hours of"),
    ("budget_spending", "UPDATE budget_spending SET spent = spent {} 1", "budgets: "),
    ("account_balances", "UPDATE account_balances SET balance = balance {} 1", "balances: "),
    ("transactions", "UPDATE transactions SET amount = amount {} 1", "is charged to"),
    ("requests", "UPDATE requests SET input_tokens = input_tokens {} 1 WHERE status = 200", "-1 input_tokens"),
)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(database_url)
    await populate(connection)
    await put_a_price(connection)
    yield connection
    await connection.close()


async def _traffic(engine: AsyncEngine, db: asyncpg.Connection, journal_dir: Path) -> HandMade:
    """A gateway's journal with three days of requests; two thirds of it are recorded, and half of these folded."""
    dice = random.Random(9)
    journal = HandMade(journal_dir)
    pairs = [request(dice) for _ in range(120)]
    journal.write(*(each for pair in pairs[:80] for each in pair))
    async with running(Recorder(engine, journal_dir)):
        await eventually(lambda: _count(db, "requests", 80))
    await db.execute("UPDATE requests SET batch_id = user_id WHERE status = 429")
    await Folding(engine, most=40).fold()
    journal.write(*(each for pair in pairs[80:] for each in pair))
    return journal


async def _count(db: asyncpg.Connection, table: str, number: int) -> bool:
    return bool(await db.fetchval(f"SELECT count(*) = $1 FROM {table}", number))  # noqa: S608


async def _told(engine: AsyncEngine, journal_dir: Path) -> list[str]:
    return list(map(str, (await reconcile(engine, journal_dir)).findings))


async def test_what_agrees_is_not_spoken_of_and_what_does_not_is_named(
    engine: AsyncEngine, db: asyncpg.Connection, tmp_path: Path
) -> None:
    journal = await _traffic(engine, db, tmp_path)
    report = await reconcile(engine, tmp_path)
    assert report.findings == []
    assert report.looked_at["requests in journals"] == 80
    assert report.looked_at["bytes not recorded yet"] > 0
    await db.execute("SET session_replication_role = replica")  # past every trigger
    for table, statement, told in _DAMAGE:
        await db.execute(statement.format("+"))
        findings = await _told(engine, tmp_path)
        assert any(told in finding for finding in findings), (table, findings)
        await db.execute(statement.format("-"))
        assert await _told(engine, tmp_path) == [], table
    await db.execute("DELETE FROM requests WHERE id = (SELECT id FROM transactions LIMIT 1)")
    findings = await _told(engine, tmp_path)
    assert any("and is not in the database" in finding for finding in findings)
    assert any("which is no request that cost anything" in finding for finding in findings)
    journal.segment.write_bytes(b"")
    assert any("has 0 bytes" in finding for finding in await _told(engine, tmp_path))


async def test_days_that_are_gone_are_left_out(engine: AsyncEngine, db: asyncpg.Connection, tmp_path: Path) -> None:
    journal = await _traffic(engine, db, tmp_path)
    while await db.fetchval("SELECT EXISTS (SELECT FROM unfolded_requests)"):
        await Folding(engine).fold()
    keep = Keep(timedelta(days=1), None)
    noon = FIRST_DAY + timedelta(days=3, hours=12)
    await Retention(engine, requests=keep, bodies=keep, minutes=timedelta(days=1), sums=None, now=lambda: noon).apply()
    assert not await _count(db, "requests", 80)
    journal.segment.unlink()
    report = await reconcile(engine, tmp_path)
    assert report.findings == []
    assert report.looked_at["days whose requests are gone"] >= 2
    await db.execute(f"UPDATE account_hours SET requests = requests + 1 WHERE {_one('account_hours')}")  # noqa: S608
    assert await _told(engine, tmp_path) != []


async def test_the_command_ends_with_1_where_something_does_not_agree(
    db: asyncpg.Connection, engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await _traffic(engine, db, tmp_path / "journal")
    agreeing = await asyncio.to_thread(_reconcile, tmp_path, database_url)
    assert (agreeing.returncode, agreeing.stderr) == (0, "")
    assert agreeing.stdout.endswith("everything agrees\n")
    await db.execute("UPDATE account_hours SET cost = cost + 0.5")
    damaged = await asyncio.to_thread(_reconcile, tmp_path, database_url)
    assert damaged.returncode == 1
    assert "sums: account_hours of 2026-09-" in damaged.stderr
    assert "+0.5 cost" in damaged.stderr


def _reconcile(directory: Path, url: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONTROL_LAYER_")}
    return subprocess.run(
        [sys.executable, "-m", "control_layer", "reconcile", "--data-dir", str(directory)],
        cwd=directory,
        env=clean | _SECRETS | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
