"""What holds on every page of the dashboard, in a real browser: accessible in both themes, and room on a telephone."""

from __future__ import annotations

import pytest
from tests.dashboard.journeys import travel
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, Instance

pytestmark = [pytest.mark.server, pytest.mark.timeout(960)]


def test_every_page(instance: Instance) -> None:
    travel(instance, ADMIN_EMAIL, ADMIN_PASSWORD, "every-page")
