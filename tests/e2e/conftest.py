"""One demonstration for the tests that only use it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.running import Instance, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """`control-layer serve --demo`."""
    with running(tmp_path_factory.mktemp("demo"), "--demo") as instance:
        yield instance


@pytest.fixture
def key(demo: Instance) -> str:
    """The API key that it printed."""
    found = re.search(r"API key +(sk-\S{43})\n", demo.output())
    assert found is not None
    return found.group(1)
