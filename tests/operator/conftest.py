"""A running instance, and the commands an operator types at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.running import Instance, running


@dataclass(slots=True)
class Operator:
    """Somebody with a platform key in the environment, in a directory of their own."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command, which must end with this exit status and without a traceback."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CONTROL_LAYER_") and name not in ("DATABASE_URL", "SECRET_KEY")
        }
        done = subprocess.run(
            [sys.executable, "-P", "-m", "control_layer", *arguments],
            cwd=self.directory,
            env={**clean, **self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        """The one JSON document of a command."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def write(self, content: object, name: str = "state.yaml") -> str:
        """A state file."""
        (self.directory / name).write_text(yaml.safe_dump(content, sort_keys=False))
        return name

    def apply(self, content: object, *options: str, status: int = 0, **environment: str) -> str:
        """Applies a state; standard output and standard error."""
        done = self.run("apply", "-f", self.write(content), *options, status=status, **environment)
        return done.stdout + done.stderr

    def export(self, *options: str) -> Any:
        """The instance as a state."""
        return yaml.safe_load(self.run("export", *options).stdout) or {}


def operator_of(instance: Instance, directory: Path) -> Operator:
    """The administrator with a key of purpose platform."""
    directory.mkdir(parents=True, exist_ok=True)
    key = instance.make_key(f"operator-{directory.name}", purpose="platform")
    return Operator(directory, {"CONTROL_LAYER_URL": instance.address, "CONTROL_LAYER_API_KEY": key["key"]})


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One for all tests of a module: each names what it makes by itself."""
    with running(tmp_path_factory.mktemp("instance")) as started:
        yield started


@pytest.fixture
def operator(instance: Instance, tmp_path: Path) -> Operator:
    """At the module's instance."""
    return operator_of(instance, tmp_path / tmp_path.name)
