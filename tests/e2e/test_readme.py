"""README's programs do what it says, with the addresses and secrets of a running instance put in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from bench.processes import simulator
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, Instance

pytestmark = pytest.mark.server

_README = Path(__file__).parents[2] / "README.md"


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", _README.read_text(), flags=re.DOTALL)


def _printed(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_curl_line_answers(demo: Instance, key: str) -> None:
    (line,) = [block for block in _blocks("") if block.startswith("curl ")]
    line = line.replace("http://localhost:3001", demo.address).replace("sk-…", key)
    assert "data: [DONE]" in _printed(["bash", "-c", f"{line.strip()} --silent"])


def test_the_sdk_program_answers(demo: Instance, key: str) -> None:
    (program,) = [block for block in _blocks("python") if "OpenAI(" in block]
    program = program.replace("http://localhost:3001", demo.address).replace("sk-…", key)
    assert _printed([sys.executable, "-c", program]).startswith("This is a simulated answer")


def test_the_administrators_program_makes_a_key_that_works(demo: Instance) -> None:
    (program,) = [block for block in _blocks("python") if "/endpoints" in block]
    with simulator("--api-key", "the-credential") as provider:
        program = (
            program.replace("http://localhost:3001", demo.address)
            .replace("admin@localhost", ADMIN_EMAIL)
            .replace('"password": "…"', f'"password": "{ADMIN_PASSWORD}"')
            .replace("https://api.openai.com/v1", provider)
            .replace("sk-…", "the-credential")
            # The demonstration has those names already.
            .replace('"api_key"', '"alias_mapping": {"sim-small": "readme"}, "model_filter": ["sim-small"], "api_key"')
        )
        key = _printed([sys.executable, "-c", program]).strip()
        demo.wait_callable(key, "readme")
