"""The world of the snapshot tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.control.snapshots.world import World, world_on


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A fresh database and nobody on it yet."""
    async with world_on(database_url, tmp_path) as world:
        yield world
