"""Programs that use client libraries, for Node in `tests/sdk/node`, for Python in `tests/sdk/clients`. Each prints one
JSON line with what it saw.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["run_node", "run_python"]

_ROOT = Path(__file__).parents[2]
_NODE = Path(__file__).parent / "node"
_PYTHON = _ROOT / ".venv-clients" / "bin" / "python"
_QUIETLY = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": "", "PYTHONWARNINGS": "ignore"}
"""Nothing is fetched, and nothing but the libraries' own environment is imported."""


def run_node(script: str, **environment: str) -> dict[str, Any]:
    """What a script in `tests/sdk/node` saw."""
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is needed for these tests"
    assert (_NODE / "node_modules").is_dir(), "run `make test`, or `npm ci` in tests/sdk/node"
    return _run([node, script], _NODE, environment)


def run_python(script: str, **environment: str) -> dict[str, Any]:
    """What a script in `tests/sdk/clients` saw, in the environment of client libraries."""
    assert _PYTHON.exists(), "run `make test`, or `make .venv-clients/.installed`"
    return _run([str(_PYTHON), "-m", f"tests.sdk.clients.{script}"], _ROOT, {**_QUIETLY, **environment})


def _run(command: Sequence[str], directory: Path, environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))
