"""`python -m bench`: measures this machine's Control Layer, prints a table, keeps JSON in `bench/results/`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench import bodies, latency, nginx, policy, recording, saturation, startup, streaming, translation, wrk
from bench.cores import Cores
from bench.report import Machine, Results, table

_RESULTS = Path(__file__).parent / "results"
_PARTS = ("saturation", "latency", "streaming", "translation", "bodies", "policy", "recording", "startup")


def main() -> None:
    """Parses the arguments and runs the parts asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, for a first look")
    arguments = parser.parse_args()
    parts = arguments.parts or list(_PARTS)
    if unknown := set(parts) - set(_PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    results = _measured(parts, quick=arguments.quick)
    print(table(results))
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    print(f"\nAll figures: {path}")


def _measured(parts: list[str], *, quick: bool) -> Results:
    cores = Cores.of_this_machine()
    results = Results(Machine.this())
    if nginx.available() is None or wrk.available() is None:
        _say("nginx or wrk is not installed: ratios are missing, or our own generator may be the bottleneck")
    with tempfile.TemporaryDirectory(prefix="control-layer-bench-") as name:
        root = Path(name)
        root.chmod(0o755)  # nginx's worker is another user when it is started by root

        def place(part: str) -> Path:
            _say(f"measuring {part} …")
            (root / part).mkdir()
            return root / part

        steps: dict[str, Callable[[Path], object]] = {
            "saturation": lambda at: saturation.measure(at, cores, rounds=2 if quick else 5, seconds=2 if quick else 4),
            "latency": lambda at: latency.measure(at, cores, seconds=5 if quick else 20),
            "streaming": lambda at: streaming.measure(at, cores, seconds=6 if quick else 15),
            "translation": lambda _: translation.measure(rounds=20 if quick else 60),
            "bodies": lambda at: bodies.measure(at, cores),
            "policy": lambda at: policy.measure(at, cores, rounds=2 if quick else 6, seconds=2 if quick else 4),
            "recording": lambda at: recording.measure(at, cores, rounds=2 if quick else 6, seconds=2 if quick else 4),
            "startup": lambda at: startup.measure(at, rounds=1 if quick else 3),
        }
        for part in parts:
            setattr(results, part, steps[part](place(part)))
    return results


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
