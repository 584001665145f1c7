"""Scripts for Node in `tests/sdk/node`, each of which prints one JSON line with what it saw."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["run_script"]

_NODE = Path(__file__).parent / "node"


def run_script(script: str, **environment: str) -> dict[str, Any]:
    """What it saw."""
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is needed for these tests"
    assert (_NODE / "node_modules").is_dir(), "run `make test`, or `npm ci` in tests/sdk/node"
    done = subprocess.run(
        [node, script],
        cwd=_NODE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
