"""A Postgres of the test session's own, and a fresh database for each test that asks for one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import HealthCheck, settings

from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect
from control_layer.store.migrations import migrate

_TEMPLATE = "migrated"
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 2 * 1024**3
"""A session's cluster takes some 200 MB; containers often have 64 MB of shared memory in all."""

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def postgres_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where there is enough: a database is a few hundred files, which take a disk ten times as long."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ENOUGH_BYTES:
        yield tmp_path_factory.mktemp("postgres")
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="control-layer-tests-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres_url(postgres_directory: Path) -> Iterator[str]:
    """The URL of an embedded Postgres that lives as long as the session; nothing in it outlives a crash."""
    server = EmbeddedPostgres(
        postgres_directory, settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    )
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """The name of a migrated database that the others are copies of."""
    _run(_execute(postgres_url, f"CREATE DATABASE {_TEMPLATE}"))
    _run(migrate(at_database(postgres_url, _TEMPLATE)))
    return _TEMPLATE


@pytest.fixture
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """The URL of a fresh, migrated database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    _run(_execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_database} STRATEGY FILE_COPY"))
    yield at_database(postgres_url, name)
    _run(_execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    name = f"test_{uuid.uuid4().hex}"
    _run(_execute(postgres_url, f"CREATE DATABASE {name} STRATEGY FILE_COPY"))
    yield at_database(postgres_url, name)
    _run(_execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


def at_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _execute(url: str, statement: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(work: Coroutine[object, object, None]) -> None:
    """Runs `work` in a loop of its own, apart from the test's."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
