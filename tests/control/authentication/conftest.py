"""An instance where people may register, and people who did."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.control.management import Management, managed, settings_for_tests


@pytest.fixture
async def registering(database_url: str) -> AsyncIterator[Management]:
    """An instance where people may register."""
    async with managed(database_url, settings_for_tests(auth={"native": {"allow_registration": True}})) as management:
        yield management
