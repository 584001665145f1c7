"""The explanation and a real gateway agree, for every key and every model of generated worlds."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.processes import GatewayProcess, World, simulator, start_gateway
from tests.control.management import API, SECRET_KEY, Management, answered, refused
from tests.control.snapshots.rows import EVERYONE, Rows

from control_layer.contract.sealing import Seal
from control_layer.contract.snapshot import Update
from control_layer.control.snapshots.compiler import Compiler
from control_layer.control.snapshots.state import State

_ALIASES = [f"m{number}" for number in range(12)] + ["mix0", "mix1", "mix2", "nothing"]
_PINNED = {"m0": [EVERYONE], "m1": [EVERYONE]}
"""These are live and everybody's, so that no world lacks a kind of answer; likewise the first keys."""
_KEYS = 14
_PINNED_KEYS: dict[int, dict[str, Any]] = {
    0: {"deleted_at": datetime(2020, 1, 1, tzinfo=UTC)},
    1: {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
    2: {"purpose": "platform", "expires_at": None},
    3: {"purpose": "realtime", "expires_at": None, "model_aliases": None},
    4: {"purpose": "batch", "expires_at": None, "model_aliases": []},
}


@dataclass(slots=True)
class Known(World):
    """What the compiler says a gateway knows, in the shape that starts one."""

    url: str = ""
    rows: Update = field(kw_only=True)

    def update(self, version: int = 1) -> Update:
        """The same, whatever the version."""
        del version
        return self.rows


@dataclass(slots=True)
class Generated:
    """Keys of a generated world: id and secret."""

    live: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with simulator() as url:
        yield url


async def _generate(rows: Rows, provider: str, seed: int) -> Generated:
    """Users, groups, endpoints, models and keys in every state that matters, at random."""
    dice = random.Random(seed)
    groups = [EVERYONE, *[await rows.group() for _ in range(3)]]
    users = [await rows.user() for _ in range(4)]
    for user in users:
        for group in dice.sample(groups[1:], dice.randint(0, 2)):
            await rows.member(group, user)
    good, keyless = await rows.endpoint(url=provider), await rows.endpoint(url=provider)
    lost = await rows.endpoint(url=provider, sealed_credential=Seal("lost", "provider-credential").seal("x", "x"))
    sealed = Seal(SECRET_KEY, "provider-credential").seal("anything", good)
    await rows.execute("UPDATE endpoints SET sealed_credential = $1 WHERE id = $2", sealed, good)
    standard = []
    for alias in _ALIASES[:12]:
        states: list[dict[str, Any]] = [{}, {}, {}, {"status": "inactive"}, {"deleted_at": datetime.now(UTC)}]
        state = {} if alias in _PINNED else dice.choice(states)
        endpoint = {"m0": good, "m1": lost}.get(alias) or dice.choice([good, good, keyless, lost])
        standard.append(await rows.model(endpoint, alias, model_name="sim-small", **state))
    composite = [await rows.model(None, alias) for alias in _ALIASES[12:15]]
    for model in composite:
        for order, part in enumerate(dice.sample(standard, dice.randint(0, 3))):
            await rows.component(model, part, sort_order=order, enabled=dice.random() < 0.7)
    for user in users[1:]:
        await rows.move(user, 1)
    for alias, model in zip(_ALIASES, [*standard, *composite], strict=False):
        if alias == "m0" or dice.random() < 0.4:
            await rows.tariff(model, api_key_purpose=dice.choice(("realtime", "batch", None)))
        for group in _PINNED.get(alias) or dice.sample(groups, dice.choice([0, 1, 1, 2])):
            await rows.grant(group, model)
    return await _generate_keys(rows, users, dice)


async def _generate_keys(rows: Rows, users: list[str], dice: random.Random) -> Generated:
    generated = Generated()
    hour = timedelta(hours=1)
    for number in range(_KEYS):
        secret = f"sk-generated-{number}"
        columns: dict[str, Any] = {
            "purpose": dice.choice(["realtime", "realtime", "realtime", "batch", "platform"]),
            "expires_at": datetime.now(UTC) + dice.choice([-hour, hour, hour]) if dice.random() < 0.4 else None,
            "model_aliases": dice.choice([None, None, dice.sample(_ALIASES, 6), []]),
            **_PINNED_KEYS.get(number, {}),
        }
        key = await rows.key(dice.choice(users), secret, **columns)
        (generated.deleted if number == 0 else generated.live).append((key, secret))
    return generated


@asynccontextmanager
async def _gateway(management: Management, directory: Path) -> AsyncIterator[GatewayProcess]:
    """A worker that knows what the database says now."""
    state = State()
    async for rows in Compiler(management.engine).everything():
        state.add(rows)
    known = state.rows()
    update = Update(
        version=1,
        base=0,
        final=True,
        users=tuple(known.users),
        keys=tuple(known.keys),
        models=tuple(known.models),
        endpoints=tuple(known.endpoints),
    )
    process = start_gateway(directory, Known(rows=update), secret_key=SECRET_KEY)
    try:
        yield process
    finally:
        process.stop()


async def _said(gateway: httpx.AsyncClient, secret: str, alias: str) -> tuple[int, str | None]:
    body = {"model": alias, "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {secret}"}
    answer = await gateway.post("/chat/completions", json=body, headers=headers)
    return answer.status_code, answer.json()["error"]["code"] if answer.is_error else None


@pytest.mark.parametrize("seed", range(3))
async def test_the_explanation_is_what_the_gateway_does(
    management: Management, provider: str, database_url: str, tmp_path: Path, seed: int
) -> None:
    rows = await Rows.at(database_url)
    try:
        generated = await _generate(rows, provider, seed)
    finally:
        await rows.close()
    seen = set()
    async with (
        _gateway(management, tmp_path) as process,
        httpx.AsyncClient(base_url=process.base_url, timeout=60) as gateway,
    ):
        for key, secret in generated.live:
            for alias in _ALIASES:
                said = await _said(gateway, secret, alias)
                access = await answered(management.admin.get(f"{API}/api-keys/{key}/access?model={alias}"), 200)
                assert (access["status"], access["code"]) == said, (access, said)
                assert access["allowed"] is (said[0] == 200)
                seen.add(said)
        for key, secret in generated.deleted:
            assert (await _said(gateway, secret, "m0"))[0] == 401
            await refused(management.admin.get(f"{API}/api-keys/{key}/access?model=m0"), 404)
    assert {status for status, _ in seen} == {200, 401, 402, 403, 404, 502}
    assert {code for _, code in seen if code} >= {"key_purpose_not_allowed", "model_access_denied", "model_unavailable"}
