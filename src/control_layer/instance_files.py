"""Where an instance's directory lies by default, and the files in it that others than `serve` read."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["ADMIN_PASSWORD", "LOCK", "default_directory"]

LOCK = "lock"
ADMIN_PASSWORD = "admin_password"  # noqa: S105 - the name of a file
_NAME = "control-layer"


def default_directory() -> Path:
    """`/var/lib/control-layer` for root, else the platform's place for a user's data."""
    if os.geteuid() == 0:
        return Path("/var/lib") / _NAME
    return platformdirs.user_data_path(_NAME, appauthor=False)
