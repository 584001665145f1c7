"""An identity provider, for every test of SCIM."""

from __future__ import annotations

import pytest
from tests.control.management import Management
from tests.control.scim.directory import Directory


@pytest.fixture
async def directory(management: Management) -> Directory:
    return await Directory.of(management)
