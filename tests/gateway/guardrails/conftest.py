"""A gateway whose models have guardrails, and a service that external ones ask."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import GatewayProcess
from tests.gateway.company import Company
from tests.gateway.conftest import DEADLINE_SECONDS
from tests.http_server import Handler, serving

from control_layer.contract.guardrails import SEPARATOR, Guardrail
from control_layer.contract.sealing import Seal
from control_layer.contract.snapshot import Update

_SECRET_KEY = "a-secret-key-that-is-only-for-tests-and-benchmarks"
CARD = r"\b4[0-9]{15}\b"
HELD_SECONDS = 0.3
"""What a service that does not answer is given."""


@dataclass
class Service:
    """An external check. Its path says what it does."""

    url: str = ""
    questions: list[dict[str, Any]] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def _answer(path: str, question: dict[str, Any]) -> bytes:
    text = question["text"]
    match path:
        case "/redact":
            return json.dumps({"action": "redact", "text": text.replace("alpha", "[α]").replace("jo", "[n]")}).encode()
        case "/deny":
            return b'{"action": "deny", "reason": "not in this company"}'
        case "/deny-late":
            return b'{"action": "deny"}' if len(text) and "lumen" in text else b'{"action": "allow"}'
        case "/merge":
            return json.dumps({"action": "redact", "text": text.replace(SEPARATOR, "")}).encode()
        case "/nonsense":
            return b'{"action": "perhaps"}'
        case _:
            return b'{"action": "allow"}'


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    told = Service()

    class Checking(Handler):
        def post(self, body: bytes) -> None:
            question = json.loads(body)
            told.questions.append({"path": self.path, **question})
            told.credentials.append(self.headers["authorization"])
            if self.path == "/slow":
                told.over.wait(30)
            said = _answer(self.path, question)
            with suppress(OSError):  # who asked may have left
                self.answer(500 if self.path == "/broken" else 200, said)

    with serving(Checking) as told.url:
        yield told
        told.over.set()


@dataclass(slots=True)
class GuardedCompany(Company):
    """`rails`: alias → its guardrails. Each alias stands for the simulated model in `names`, or `sim-small`."""

    rails: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def update(self, version: int = 1) -> Update:
        whole = Company.update(self, version)
        ids = {model.alias: model.id for model in whole.models}
        rows = []
        for alias, rails in self.rails.items():
            for position, rail in enumerate(rails):
                row_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{alias} {position}"))
                given = {"stage": "both", "models": (ids[alias],), "name": f"{alias} rail", **rail}
                if secret := given.pop("secret", None):
                    given["sealed_secret"] = Seal(_SECRET_KEY, "guardrail-secret").seal(secret, row_id)
                rows.append(msgspec.convert({"id": row_id, "position": position, **given}, Row).guardrail())
        return msgspec.structs.replace(whole, guardrails=tuple(rows))


class Row(msgspec.Struct, kw_only=True):
    """A guardrail by names."""

    id: str
    name: str
    position: int
    stage: str
    kind: str
    models: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    pattern: str = ""
    replacement: str = ""
    url: str = ""
    timeout: float = 5.0
    fail: str = "closed"
    whole: bool = False
    sealed_secret: bytes | None = None
    window: int | None = None

    def guardrail(self) -> Guardrail:
        return msgspec.convert([getattr(self, name) for name in Guardrail.__struct_fields__], Guardrail)


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[httpx.Client]:
    """Speaks for the company's user. Keeps no connection: one on which a stream was ended is closed behind it."""
    headers = {"authorization": f"Bearer {gateway.secret}"}
    once = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=gateway.base_url, headers=headers, timeout=DEADLINE_SECONDS, limits=once) as client:
        yield client


def checks(gateway: GatewayProcess) -> dict[tuple[str, str, str], float]:
    """What the worker has counted, by kind, stage and result."""
    name = "control_layer_guardrail_checks_total"
    return {
        (sample.labels["kind"], sample.labels["stage"], sample.labels["result"]): sample.value
        for sample in gateway.stats().samples
        if sample.name == name
    }
