"""The management API, for every test of the control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.control.management import Management, managed, settings_for_tests

from control_layer.store.engine import open_engine


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A few connections to a fresh database."""
    engine = open_engine(database_url, pool_size=3)
    yield engine
    await engine.dispose()


@pytest.fixture
async def management(database_url: str) -> AsyncIterator[Management]:
    """The management API on a fresh database, right after its first start."""
    async with managed(database_url, settings_for_tests()) as management:
        yield management
