"""What people do with the dashboard, in a real browser, against a whole instance with the simulated provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dashboard.journeys import travel
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, Instance, running

pytestmark = [pytest.mark.server, pytest.mark.timeout(360)]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    environment = {"CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true"}
    with running(tmp_path_factory.mktemp("dashboard"), "--demo", environment=environment) as started:
        yield started


@pytest.mark.parametrize("journey", ["developer", "traffic", "every-page"])
def test_journey(instance: Instance, journey: str) -> None:
    travel(instance, ADMIN_EMAIL, ADMIN_PASSWORD, journey)


def test_a_new_administrator_s_first_login(tmp_path: Path) -> None:
    environment = {"CONTROL_LAYER_ADMIN_PASSWORD": None}
    with running(tmp_path, "--demo", environment=environment) as started:
        password = re.search(r"Password +(\S+) +\(shown this once\)", started.output())
        assert password is not None
        travel(started, ADMIN_EMAIL, password[1], "first-login")
