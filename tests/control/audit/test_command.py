"""`control-layer audit verify` as an operator runs it, on a server of ours or another, running or not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect
from control_layer.store.migrations import migrate

_SECRETS = {"SECRET_KEY": "hush" * 8, "CONTROL_LAYER_ADMIN_PASSWORD": "hush"}
_EDIT = "UPDATE audit_log SET actor = 'user:innocent' WHERE sequence = 2"


def _verify(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CONTROL_LAYER_") and name not in ("DATABASE_URL", "SECRET_KEY")
    }
    return subprocess.run(
        [sys.executable, "-m", "control_layer", "audit", "verify", *arguments],
        cwd=directory,
        env=clean | _SECRETS | environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


async def _write(url: str) -> None:
    connection = await connect(url)
    for name in ("a", "b", "c"):
        await connection.execute(
            "INSERT INTO groups (id, name, created_by) VALUES (gen_random_uuid(), $1, gen_random_uuid())", name
        )
    await connection.close()


async def _tamper(url: str, statement: str) -> None:
    connection = await connect(url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement)
    await connection.close()


@pytest.fixture
def written_url(database_url: str) -> str:
    """An external database with three entries."""
    asyncio.run(_write(database_url))
    return database_url


def _head(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def test_a_whole_log_gives_its_head_and_takes_it_again(tmp_path: Path, written_url: str) -> None:
    done = _verify(tmp_path, DATABASE_URL=written_url)
    head = _head(done)
    assert done.stdout == f"entries 3\nhead    {head}\n"
    assert _head(_verify(tmp_path, "--expect-head", head, DATABASE_URL=written_url)) == head
    asyncio.run(_tamper(written_url, "DELETE FROM audit_log WHERE sequence = 3"))
    assert _verify(tmp_path, DATABASE_URL=written_url).returncode == 0
    cut = _verify(tmp_path, "--expect-head", head, DATABASE_URL=written_url)
    assert (cut.returncode, cut.stdout) == (1, "")
    assert "truncated" in cut.stderr


def test_a_damaged_log_is_told_by_entry_and_kind(tmp_path: Path, written_url: str) -> None:
    asyncio.run(_tamper(written_url, _EDIT))
    done = _verify(tmp_path, DATABASE_URL=written_url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "edited: entry 2 is not what was written" in done.stderr


@pytest.mark.parametrize("head", ["abc", "x" * 64, ""])
def test_a_head_that_is_none_is_a_usage_error(tmp_path: Path, head: str) -> None:
    done = _verify(tmp_path, "--expect-head", head, DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert done.returncode == 2
    assert "64 hexadecimal digits" in done.stderr


def test_what_cannot_be_reached_is_said_without_a_traceback(tmp_path: Path, empty_database_url: str) -> None:
    for arguments, environment, text in (
        ((), {"DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"}, "cannot connect"),
        ((), {"DATABASE_URL": empty_database_url}, "no audit log yet"),
        (("--data-dir", str(tmp_path / "nowhere")), {}, "there is no database"),
    ):
        done = _verify(tmp_path, *arguments, **environment)
        assert done.returncode == 3, done.stderr
        assert text in done.stderr
        assert "Traceback" not in done.stderr
        assert "hush" not in done.stderr


def test_the_embedded_database_is_verified_while_it_runs_and_after(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    server = EmbeddedPostgres(data / "postgres", settings={"fsync": "off"})
    try:
        url = server.start()
        asyncio.run(migrate(url))
        asyncio.run(_write(url))
        running = _head(_verify(tmp_path, "--data-dir", str(data)))
    finally:
        server.stop()
    assert _head(_verify(tmp_path, "--data-dir", str(data))) == running
    try:
        server.start()  # it was let go
    finally:
        server.stop()
