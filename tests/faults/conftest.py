"""One gateway for each module of scenarios: the one that the environment names, or one of ours with a single worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.processes import simulator
from tests.faults.target import Target, foreign_target, ours
from tests.running import running


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """What is tortured."""
    foreign = foreign_target()
    if foreign is not None:
        yield foreign
        return
    with (
        simulator("--api-key", "provider-credential") as url,
        running(tmp_path_factory.mktemp("target")) as instance,
    ):
        yield ours(instance, url)
