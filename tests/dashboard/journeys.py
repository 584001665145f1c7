"""Runs journeys of `dashboard/e2e` in headless Chromium against a running instance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.running import Instance

__all__ = ["travel"]

_DASHBOARD = Path(__file__).parents[2] / "dashboard"
_VITEST = _DASHBOARD / "node_modules" / ".bin" / "vitest"
_SECONDS = 1800.0


def travel(instance: Instance, email: str, password: str, *names: str, pictures: Path | None = None) -> None:
    """Those of the files `names`. What goes wrong is told as they tell it."""
    told = {
        "DASHBOARD_URL": instance.address,
        "DASHBOARD_ADMIN_EMAIL": email,
        "DASHBOARD_ADMIN_PASSWORD": password,
        "PYTHON": sys.executable,
        **({} if pictures is None else {"DASHBOARD_PICTURES": str(pictures)}),
    }
    command = [str(_VITEST), "run", "--config", "e2e/vitest.config.ts", *names]
    run = subprocess.run(
        command, cwd=_DASHBOARD, env=os.environ | told, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert run.returncode == 0, f"{run.stdout[-12_000:]}\n{run.stderr[-4_000:]}\n{instance.log()[-2_000:]}"
