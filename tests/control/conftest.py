"""The management API, for every test of the control plane."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.control.management import Management, managed, settings_for_tests


@pytest.fixture
async def management(database_url: str) -> AsyncIterator[Management]:
    """The management API on a fresh database, right after its first start."""
    async with managed(database_url, settings_for_tests()) as management:
        yield management
