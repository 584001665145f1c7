"""The gateway under torture, shared by the tests that leave it whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.faults.target import Target, target
from tests.running import Instance


@pytest.fixture(scope="module")
def tortured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Ours with one worker, or the one that TARGET names."""
    with target(tmp_path_factory.mktemp("torture")) as tortured:
        yield tortured


@pytest.fixture
def ours(tortured: Target) -> Instance:
    """Our instance, for what no foreign gateway can be asked."""
    if tortured.instance is None:
        pytest.skip("it looks into the records of our own gateway")
    return tortured.instance
