"""A whole instance with the simulated provider, one for each test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.running import Instance, running


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {
        "CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true",
        "CONTROL_LAYER_ALERTS__INTERVAL": "5s",
    }
    with running(tmp_path_factory.mktemp("dashboard"), "--demo", environment=environment) as started:
        yield started
