"""One event a line, whoever writes it and however many processes share standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_LINES = 3000
_SPEAK = f"""
import logging
import structlog
from control_layer.contract.logs import configure_logs

configure_logs("info", json=True, process="test")
log = structlog.get_logger()
for number in range({_LINES}):
    log.info("said", number=number)
try:
    raise ValueError("on purpose")
except ValueError:
    logging.getLogger("library").exception("not ours")
"""


def test_lines_of_processes_that_share_standard_error_stay_whole(tmp_path: Path) -> None:
    output = tmp_path / "stderr"
    with output.open("ab") as stderr:
        speakers = [subprocess.Popen([sys.executable, "-c", _SPEAK], stderr=stderr) for _ in range(2)]
        assert [speaker.wait(60) for speaker in speakers] == [0, 0]
    said = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(said) == 2 * (_LINES + 1)


def test_what_libraries_say_is_an_event_like_ours(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _SPEAK], stderr=subprocess.PIPE, timeout=60, check=True)
    foreign = json.loads(done.stderr.splitlines()[-1])
    assert foreign["logger"] == "library"
    assert (foreign["event"], foreign["level"], foreign["process"]) == ("not ours", "error", "test")
    assert "ValueError: on purpose" in foreign["exception"]
