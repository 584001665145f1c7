"""The snapshot the process tests run on: users, keys of every kind, and models that lead everywhere and nowhere."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from bench.processes import World

from control_layer.contract.routing import Breaker, Fallback
from control_layer.contract.snapshot import Deployment, Endpoint, Key, Model, Timeouts, Update, User

__all__ = ["BROKE", "DISCREET", "EXPIRED", "LOGGED_NOT", "OUTSIDER", "PLATFORM", "RESTRICTED", "Company"]

PLATFORM = "sk-" + "p" * 43
EXPIRED = "sk-" + "e" * 43
RESTRICTED = "sk-" + "r" * 43
"""May call `sim-small` only."""
OUTSIDER = "sk-" + "o" * 43
"""Of a user in no group at all."""
LOGGED_NOT = "sk-" + "z" * 43
"""Of a user with zero data retention."""
DISCREET = "sk-" + "d" * 43
"""A key with zero data retention, of a user without."""
BROKE = "sk-" + "b" * 43
"""Of a user whose credit is spent."""

USER, OUTSIDE_USER, DISCREET_USER, BROKE_USER = (str(uuid.UUID(int=number)) for number in (2, 90, 91, 92))
_PATIENT = Breaker(failures=10**9, min_requests=10**9)
"""Models that always fail are asked by one test after the other."""
LIVE = str(uuid.UUID(int=3))
DEAD, UNREADABLE, ABSENT, BROKEN = (str(uuid.UUID(int=number)) for number in (80, 81, 82, 83))


def _key(secret: str, user: str, **more: object) -> Key:
    digest = hashlib.sha256(secret.encode()).digest()
    return msgspec.structs.replace(Key(digest, str(uuid.uuid5(uuid.NAMESPACE_OID, secret)), user), **more)


@dataclass(slots=True)
class Company(World):
    """`dead_port` is one where nobody listens. `short` are aliases with short deadlines."""

    dead_port: int = 1
    short: dict[str, Timeouts] = field(default_factory=dict)
    extra_models: dict[str, list[str]] = field(default_factory=dict)
    """Alias → the endpoints of its deployments."""
    priced: Sequence[str] = ()
    """Aliases of models that take credit."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        everyone = whole.users[0].groups
        models = [
            msgspec.structs.replace(model, timeouts=self.short[model.alias]) if model.alias in self.short else model
            for model in whole.models
        ]
        for number, (alias, places) in enumerate(self.extra_models.items()):
            deployments = tuple(
                Deployment(str(uuid.UUID(int=1000 + 10 * number + index)), place, "sim-small", 1)
                for index, place in enumerate(places)
            )
            fallback = Fallback(enabled=True, on_status=(500, 502, 503))
            models.append(
                Model(
                    alias, str(uuid.UUID(int=1000 + 10 * number)), 1_700_000_000, everyone, deployments,
                    fallback=fallback,
                )
            )  # fmt: skip
        models = [
            msgspec.structs.replace(
                model,
                priced=model.alias in self.priced,
                deployments=tuple(msgspec.structs.replace(each, breaker=_PATIENT) for each in model.deployments),
            )
            for model in models
        ]
        dead = f"http://127.0.0.1:{self.dead_port}/v1"
        return msgspec.structs.replace(
            whole,
            keys=(
                *whole.keys,
                _key(PLATFORM, USER, purpose="platform"),
                _key(EXPIRED, USER, expires_at=1_700_000_000.0),
                _key(RESTRICTED, USER, models=("sim-small",)),
                _key(OUTSIDER, OUTSIDE_USER),
                _key(LOGGED_NOT, DISCREET_USER),
                _key(DISCREET, USER, log_bodies=False),
                _key(BROKE, BROKE_USER),
            ),
            users=(
                *whole.users,
                User(OUTSIDE_USER, ()),
                User(DISCREET_USER, everyone, log_bodies=False),
                User(BROKE_USER, everyone, credit_spent=True),
            ),
            models=tuple(models),
            endpoints=(
                *whole.endpoints,
                Endpoint(DEAD, "dead", dead),
                Endpoint(UNREADABLE, "unreadable", self.url, sealed_credential=b"\x01" + b"x" * 60),
                Endpoint(BROKEN, "broken", "https://[bad", ca_bundle="no certificate"),
            ),
        )
