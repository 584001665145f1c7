"""A Postgres of the test session's own, a fresh database for each test that asks for one, and a place for files."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.databases import carry_out, database_of, fresh_database, leave

from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.migrations import migrate

_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 6 * 1024**3
"""Clusters of all instances and databases of a run take about half of it; containers often have 64 MB in all."""

# Where bytecode is never written, every process of every test would compile the product anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A cluster is a thousand files: on a disk a test waits for their creation most of its time.
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# How long an example takes says more of the machine than of the code. The same examples are tried each time, so that a
# change fails for what it changes; `search` looks for others.
_everywhere = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", _everywhere, derandomize=True)
settings.register_profile("search", _everywhere, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that start whole instances take longest: begun first, they leave no worker alone at the end."""
    slow = {item.path for item in items if item.get_closest_marker("server")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What has been imported stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an embedded Postgres that lives as long as the session; nothing in it outlives a crash."""
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
    )
    try:
        url = server.start()
        yield url
        leave(url)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database that the others are copies of."""
    with fresh_database(postgres_url) as url:
        carry_out(migrate(url))
        yield database_of(url)


@pytest.fixture
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """The URL of a fresh, migrated database of this test's own. A module may have a `template_database` of its own."""
    with fresh_database(postgres_url, template_database) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a fresh database without any table."""
    with fresh_database(postgres_url) as url:
        yield url
