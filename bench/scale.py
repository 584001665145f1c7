"""The whole product at size: 100,000 users with a key each, 2,000 models, 500 groups.

`python -m bench.scale` fills a Postgres of its own, runs `control-layer serve` on it and measures through the front
door: every list page, how soon a change is in force, what the gateway weighs. `bench.snapshot` looks inside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import httpx
import psutil

from bench.instance import fill, serving, sign_in
from bench.percentile import percentile
from bench.population import Population
from control_layer.store.embedded import EmbeddedPostgres

_API = "/admin/api/v1"
_NIL = "00000000-0000-0000-0000-000000000000"
_DEADLINE_SECONDS = 120.0
_ROUNDS = 30
_PAGES = {
    "users": "/users",
    "users, the last page": "/users?skip={users}",
    "users, 101 of them": "/users?limit=101",
    "users with groups and balances": "/users?include=groups,billing",
    "users, searched": "/users?search=user-4242",
    "users, searched by what all have": "/users?search=example",
    "users, searched by two letters": "/users?search=u4",
    "groups": "/groups",
    "groups, the last page": "/groups?skip=495",
    "groups with models": "/groups?include=models",
    "groups, searched": "/groups?search=group-42",
    "keys of a user": "/users/{user}/api-keys",
    "everybody's keys": "/api-keys",
    "everybody's keys, 101 of them": "/api-keys?limit=101",
    "everybody's keys, the last page": "/api-keys?skip={users}",
    "everybody's keys by name": "/api-keys?sort=name",
    "everybody's keys by their last use": "/api-keys?sort=last_used",
    "everybody's keys, by a secret's beginning": "/api-keys?search=sk-4242",
    "everybody's keys, searched": "/api-keys?search=user-4242",
    "everybody's keys, searched by what all have": "/api-keys?search=program",
    "everybody's keys, searched by two letters": "/api-keys?search=k-",
    "everybody's keys, never used": "/api-keys?used=false",
    "everybody's keys, expiring": "/api-keys?expiry=expiring",
    "groups of a user": "/users/{user}/groups",
    "endpoints": "/endpoints",
    "models": "/models",
    "models, 101 of them": "/models?limit=101",
    "models with everything": "/models?include=groups,metrics,status,pricing,endpoints,components,facets",
    "models, the last page": "/models?skip=1995",
    "models, searched": "/models?search=model-42",
    "models by price": "/models?sort=price_from",
    "models of a group": "/models?group={group}",
}
_WHOLE = {
    "groups with users": "/groups?include=users",
    "everybody's ids": f"/groups/{_NIL}/users",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, unless the name says otherwise."""

    population: Population
    pages_p95: dict[str, float]
    """Lists that are paged."""
    whole_p95: dict[str, float]
    """Answers that hold thousands of people by contract."""
    revocation_p50: float
    revocation_p95: float
    grant_p95: float
    gateway_memory_mb: float
    control_memory_mb: float


def measure(directory: Path, database_url: str, population: Population) -> Figures:
    """Fills the database and measures."""
    asyncio.run(fill(database_url, population))
    with serving(directory, database_url) as (process, address), httpx.Client(base_url=address, timeout=60.0) as admin:
        sign_in(admin)
        user = admin.get(f"{_API}/users?search=user-777").json()["data"][0]["id"]
        group = admin.get(f"{_API}/groups?search=group-42").json()["data"][0]["id"]
        values = {"users": population.users - 10, "user": user, "group": group}
        pages = {name: _p95(admin, path.format(**values)) for name, path in _PAGES.items()}
        whole = {name: _p95(admin, path, rounds=5) for name, path in _WHOLE.items()}
        revoked = [_revocation(admin, user, number) for number in range(_ROUNDS)]
        granted = [_grant(admin, user, number) for number in range(_ROUNDS)]
        weights = _weights(process)
    return Figures(
        population=population,
        pages_p95=pages,
        whole_p95=whole,
        revocation_p50=median(revoked) * 1e3,
        revocation_p95=percentile(revoked, 95) * 1e3,
        grant_p95=percentile(granted, 95) * 1e3,
        gateway_memory_mb=weights["gateway"],
        control_memory_mb=weights["control"],
    )


def _p95(admin: httpx.Client, path: str, rounds: int = _ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        admin.get(_API + path).raise_for_status()
        taken.append(time.perf_counter() - start)
    return percentile(taken, 95) * 1e3


def _revocation(admin: httpx.Client, user: str, number: int) -> float:
    """Seconds from the answer to a key's deletion until the gateway refuses the key."""
    made = admin.post(f"{_API}/users/{user}/api-keys", json={"name": f"revoked-{number}"}).raise_for_status().json()
    headers = {"authorization": f"Bearer {made['key']}"}
    _until(admin, headers, "/ai/v1/models", 200)
    admin.delete(f"{_API}/users/{user}/api-keys/{made['id']}").raise_for_status()
    return _until(admin, headers, "/ai/v1/models", 401)


def _grant(admin: httpx.Client, user: str, number: int) -> float:
    """Seconds from the answer to a grant until the gateway lists the model."""
    made = admin.post(f"{_API}/users/{user}/api-keys", json={"name": f"granted-{number}"}).raise_for_status().json()
    headers = {"authorization": f"Bearer {made['key']}"}
    _until(admin, headers, "/ai/v1/models", 200)
    alias = f"model-{number + 1}"
    model = admin.get(f"{_API}/models?search={alias}&sort=alias").raise_for_status().json()["data"][0]
    name = admin.post(f"{_API}/groups", json={"name": f"granted-{number}"}).raise_for_status().json()["id"]
    admin.post(f"{_API}/groups/{name}/models/{model['id']}").raise_for_status()
    admin.post(f"{_API}/groups/{name}/users/{user}").raise_for_status()
    return _until(admin, headers, f"/ai/v1/models/{model['alias']}", 200)


def _until(client: httpx.Client, headers: dict[str, str], path: str, status: int) -> float:
    start = time.perf_counter()
    while time.perf_counter() - start < _DEADLINE_SECONDS:
        if client.get(path, headers=headers).status_code == status:
            return time.perf_counter() - start
        time.sleep(0.002)
    raise TimeoutError(f"{path} did not answer {status}")


def _weights(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """Resident megabytes by process."""
    found = {}
    for child in psutil.Process(process.pid).children():
        line = " ".join(child.cmdline())
        for name in ("gateway", "control"):
            if f"control_layer.{name}" in line:
                found[name] = child.memory_info().rss / 1024 / 1024
    return found


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--models", type=int, default=2000)
    parser.add_argument("--groups", type=int, default=500)
    options = parser.parse_args()
    population = Population(users=options.users, models=options.models, groups=options.groups)
    with tempfile.TemporaryDirectory(prefix="control-layer-scale-") as name:
        directory = Path(name)
        postgres = EmbeddedPostgres(directory / "postgres")
        try:
            figures = measure(directory, postgres.start(), population)
        finally:
            postgres.stop()
    for name, value in {**figures.pages_p95, **figures.whole_p95}.items():
        print(f"{name:40} {value:>8.0f} ms at p95")
    print(f"{'a deleted key is refused':40} {figures.revocation_p50:>8.0f} ms, p95 {figures.revocation_p95:.0f} ms")
    print(f"{'a grant is in force':40} {figures.grant_p95:>8.0f} ms at p95")
    print(f"{'the gateway weighs':40} {figures.gateway_memory_mb:>8.0f} MB")
    print(f"{'the control plane weighs':40} {figures.control_memory_mb:>8.0f} MB")
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
