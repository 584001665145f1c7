"""How fast the dashboard is: `python -m bench.dashboard`, with 500 models, 10,000 users and 100,000 requests behind it.

Fills a Postgres of its own, runs `control-layer serve` on it with the dashboard as it is built, and opens every page
in headless Chromium: cold (nothing in the browser's cache) and warm. A page is interactive when it is all there and
the main thread is quiet (`dashboard/bench/watching.ts` has the definition). Lighthouse looks at the page of models.
What else the machine does makes figures worse, never better: of several rounds the best one is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.instance import ADMIN, fill, serving
from bench.population import Population
from bench.probing import make_probes
from bench.traffic import fold_requests, make_requests
from control_layer.store.embedded import EmbeddedPostgres
from control_layer.store.engine import connect

_DASHBOARD = Path(__file__).resolve().parent.parent / "dashboard"
_MEASURE = _DASHBOARD / "bench"
_COLUMNS = {
    "firstPaint": "FCP ms",
    "largestPaint": "LCP ms",
    "interactive": "interactive ms",
    "blocked": "blocked ms",
    "worked": "processor ms",
    "shift": "CLS",
    "scriptBytes": "JS KB",
    "requests": "requests",
}


async def _fill(database_url: str, population: Population, requests: int, probes: int) -> None:
    await fill(database_url, population)
    connection = await connect(database_url, statement_seconds=None)
    await make_requests(connection, population, requests)
    await make_probes(connection, probes)
    await fold_requests(database_url)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def measure(address: str, rounds: int, lighthouse: int, only: str) -> dict[str, Any]:
    """All openings of each page of the instance at `address`, and all of Lighthouse's scores."""
    node = shutil.which("node")
    if node is None or not (_MEASURE / "node_modules").exists():
        sys.exit(
            "this needs Node.js 20.19 or newer, and: python scripts/dashboard.py && npm ci --prefix dashboard/bench"
        )
    told = {
        "DASHBOARD_URL": address,
        "DASHBOARD_ADMIN_EMAIL": ADMIN["email"],
        "DASHBOARD_ADMIN_PASSWORD": ADMIN["password"],
        "PYTHON": sys.executable,
        "BENCH_ROUNDS": str(rounds),
        "BENCH_LIGHTHOUSE_ROUNDS": str(lighthouse),
        "ONLY": only,
    }
    command = [node, str(_MEASURE / "run.js")]
    run = subprocess.run(command, cwd=_DASHBOARD, env=os.environ | told, stdout=subprocess.PIPE, check=True)
    measured: dict[str, Any] = json.loads(run.stdout)
    return measured


def _print(measured: dict[str, Any]) -> None:
    print(f"\n{'':32}" + "".join(f"{name:>16}" for name in _COLUMNS.values()) + "  slowest calls")
    for path, openings in measured["pages"].items():
        for how in ("cold", "warm"):
            best = min(openings[how], key=lambda opening: opening["interactive"])
            figures = {**best, "scriptBytes": best["scriptBytes"] / 1000}
            figures["shift"] = max(opening["shift"] for opening in openings[how])
            shown = "".join(f"{figures[name]:>16.{3 if name == 'shift' else 0}f}" for name in _COLUMNS)
            calls = ", ".join(f"{call['path'].split('/v1')[-1][:40]} {call['duration']:.0f}" for call in best["calls"])
            print(f"{path if how == 'cold' else '  warm':32}{shown}  {calls}")
    for preset, scores in measured["scores"].items():
        for best in sorted(scores, key=lambda score: score.get("performance", -1))[-1:]:
            metrics = ", ".join(f"{name} {value or 0:.3g}" for name, value in best["metrics"].items())
            found = f"performance {best.get('performance')}, accessibility {best.get('accessibility')}"
            print(f"Lighthouse, {preset}: {found} ({metrics})")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--probes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3, help="how often each page is opened cold, and warm")
    parser.add_argument("--lighthouse", type=int, default=3, help="how often Lighthouse looks, with each preset")
    parser.add_argument("--only", default="", help="paths to open, with spaces between; none: all")
    parser.add_argument("--data", type=Path, help="a directory for the database, which is kept there and used again")
    options = parser.parse_args()
    population = Population(users=options.users, models=options.models, groups=options.groups)
    with tempfile.TemporaryDirectory(prefix="control-layer-dashboard-") as name:
        data = options.data or Path(name)
        filled = (data / "filled").exists()
        postgres = EmbeddedPostgres(data / "postgres")
        try:
            url = postgres.start()
            if not filled:
                asyncio.run(_fill(url, population, options.requests, options.probes))
                (data / "filled").touch()
            with serving(Path(name), url) as (_, address):
                measured = measure(address, options.rounds, options.lighthouse, options.only)
        finally:
            postgres.stop()
    _print(measured)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
