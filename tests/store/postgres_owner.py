"""A process that owns an embedded Postgres, under any account, to be told what to do and to be killed.

Arguments: the directory, and a uid to change to. Each line on standard input is a method of `EmbeddedPostgres`; each
answer is a line of JSON. The account need not be able to read Python's own files: everything is imported before.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401
import json
import os
import sys
from pathlib import Path

from control_layer.contract.logs import configure_logs
from control_layer.store.embedded import CannotRunPostgres, EmbeddedPostgres


def main() -> None:
    configure_logs("info", json=True, process="owner")
    server = EmbeddedPostgres(Path(sys.argv[1]))
    uid = int(sys.argv[2])
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    for line in sys.stdin:
        match line.strip():
            case "start":
                try:
                    answer: object = server.start()
                except CannotRunPostgres as error:
                    answer = {"error": type(error).__name__, "message": str(error)}
            case "stop":
                server.stop()
                answer = None
            case "alive":
                answer = server.alive
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
