"""The gateway under test and the simulated provider behind it: our own, or any other that speaks OpenAI's dialect.

Another one is named by the environment: `TARGET` (its base URL, ending in `/v1`), `TARGET_KEY` (a key for it) and
`PROVIDER_URL` (the address of the simulated provider that it forwards to; `control-layer simulate` is one). Its models
must be `MODELS`, each standing for the provider's model of the same name.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.faults.books import Books
from tests.faults.connection import Answer, Connection
from tests.running import Instance, until

__all__ = [
    "LEAVE_STREAM",
    "LEAVE_WAITING",
    "MODELS",
    "PRICES",
    "Provider",
    "Target",
    "chat",
    "events",
    "foreign_target",
    "form",
    "ours",
    "ours_only",
]

LEAVE_WAITING = "sim-slow-first-30000ms"
LEAVE_STREAM = "sim-slow-chunks-50ms-tokens-600"

MODELS = (
    "sim-small", "sim-tokens-200", "sim-embed", "sim-transcribe", "sim-slow-chunks-100ms-tokens-30",
    LEAVE_WAITING, LEAVE_STREAM, "sim-error-400", "sim-error-500", "sim-reset-before", "sim-reset-after",
    "sim-reset-middle", "sim-reset-middle-tokens-200", "sim-cut", "sim-error-in-stream", "sim-wrong-content-length",
    "sim-truncated", "sim-no-usage", "sim-usage-with-content", "sim-usage-in-every-chunk", "sim-usage-odd",
    "sim-reasoning",
)  # fmt: skip
"""What the target must serve."""

_FOREIGN = os.environ.get("TARGET", "")

ours_only = pytest.mark.skipif(
    bool(_FOREIGN), reason="needs our management API and processes, which another gateway does not have"
)


@dataclass(frozen=True, slots=True)
class Provider:
    """The simulator's own view of what it was asked."""

    url: str

    def stats(self) -> dict[str, Any]:
        """Its counters and its ledger."""
        return dict(httpx.get(self.url.removesuffix("/").removesuffix("/v1") + "/sim/stats", timeout=60.0).json())

    def reset(self) -> None:
        """Starts its counters and its ledger anew."""
        httpx.post(self.url.removesuffix("/").removesuffix("/v1") + "/sim/reset", timeout=60.0).raise_for_status()


PRICES = Decimal("0.000001"), Decimal("0.000002")
"""Of a token of input, and of output."""

_TARIFF = {
    "name": "torture",
    "input_price_per_token": str(PRICES[0]),
    "output_price_per_token": str(PRICES[1]),
    "api_key_purpose": "realtime",
}
_PATIENT = {"failures": 1_000_000, "min_requests": 1_000_000_000}


@dataclass(slots=True)
class Target:
    """Where the requests go."""

    base_url: str
    """With `/v1`."""
    key: str = field(repr=False)
    provider: Provider
    instance: Instance | None = None
    """Set where it is ours."""

    @property
    def books(self) -> Books | None:
        """What it recorded, where it is ours: of another gateway's records nothing is known."""
        return Books(self.instance) if self.instance is not None else None

    def connect(self, *, seconds: float = 30.0) -> Connection:
        """A connection; every wait on it ends after `seconds`."""
        return Connection(self.base_url, seconds=seconds)

    def headers(self, request_id: str | None = None) -> dict[str, str]:
        """What a JSON request carries; `request_id` is the caller's own."""
        fields = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        return fields if request_id is None else {**fields, "x-request-id": request_id}

    def post(self, path: str, body: Mapping[str, object], request_id: str | None = None) -> Answer:
        """A request on a connection of its own, and its whole answer. Raises `Broken`."""
        with self.connect() as connection:
            connection.send(path, json.dumps(body).encode(), self.headers(request_id))
            return connection.answer()

    def row(self, request_id: str) -> dict[str, Any] | None:
        """The one row of the request with the caller's id, once it has ended; `None` where the target is not ours."""
        return self.books.row(request_id) if self.books is not None else None


def foreign_target() -> Target | None:
    """The other gateway that the environment names; says what it lacks."""
    if not _FOREIGN:
        return None
    missing = [name for name in ("TARGET_KEY", "PROVIDER_URL") if not os.environ.get(name)]
    if missing:
        pytest.fail(f"TARGET is set, so {' and '.join(missing)} must be too")
    target = Target(_FOREIGN.rstrip("/"), os.environ["TARGET_KEY"], Provider(os.environ["PROVIDER_URL"]))
    target.provider.stats()
    headers = {"authorization": f"Bearer {target.key}"}
    listed = httpx.get(f"{target.base_url}/models", headers=headers, timeout=60.0).json()
    absent = set(MODELS) - {model["id"] for model in listed.get("data", [])}
    if absent:
        pytest.fail(f"the target does not list these models: {', '.join(sorted(absent))}")
    return target


def ours(instance: Instance, provider_url: str, *, models: tuple[str, ...] = MODELS) -> Target:
    """Connects the provider to a running instance of ours, with a key for it."""
    instance.connect_provider(provider_url, list(models), api_key="provider-credential")
    credit = {"transaction_type": "admin_grant", "amount": 10**9, "source_id": "torture"}
    instance.api("POST", "/transactions", credit | {"user_id": instance.api("GET", "/users/current")["id"]}, status=201)
    for model in instance.api("GET", "/models?limit=100")["data"]:
        instance.api("PATCH", f"/models/{model['id']}", {"tariffs": [_TARIFF]})
        # Some always fail: each request is to be answered by the provider, and none by a breaker.
        instance.api("PUT", f"/models/{model['id']}/traffic-policy", {"breaker": _PATIENT})
    key = str(instance.make_key(f"torture-{uuid.uuid4().hex[:8]}")["key"])
    for model in models:
        instance.wait_callable(key, model)
    target = Target(instance.base_url, key, Provider(provider_url), instance)
    until(lambda: target.post("/chat/completions", chat("sim-small")).status == 200)
    return target


def chat(model: str, text: str = "Say something.", **more: object) -> dict[str, object]:
    """A chat request."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def form(model: str, size: int) -> tuple[bytes, str]:
    """A transcription request with a file of `size` bytes, and its content type."""
    boundary = "faults-7d1f0c"
    head = (
        f'--{boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\n{model}\r\n'
        f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n'
        "content-type: audio/wav\r\n\r\n"
    )
    body = head.encode() + b"\x00" * size + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def events(stream: bytes) -> list[str]:
    """The `data` of each whole event of a stream."""
    found = []
    for block in stream.decode().split("\n\n"):
        data = [line.removeprefix("data:").strip() for line in block.split("\n") if line.startswith("data:")]
        if data:
            found.append("\n".join(data))
    return found
