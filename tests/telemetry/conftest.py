"""One instance that is watched from all sides, for every test here: traces to a collector, metrics on their page."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.running import Instance, running
from tests.telemetry.collector import Collector, collecting

MODELS = ["sim-small", "sim-error-500", "sim-no-usage", "sim-reasoning"]


@dataclass(slots=True)
class Watched:
    """The instance, what it sends away, and a caller."""

    instance: Instance
    collector: Collector
    client: httpx.Client
    """Calls `/ai/v1` with a key."""

    def call(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        return self.client.post(path, json=body, headers=headers)

    def keep_answers(self, alias: str) -> None:
        """Has a model's answers given again from now on."""
        self.instance.api("PUT", f"/models/{self._id_of(alias)}/traffic-policy", {"caching": {}})

    def _id_of(self, alias: str) -> str:
        models = self.instance.api("GET", "/models?limit=100")["data"]
        return str(next(model["id"] for model in models if model["alias"] == alias))

    def limit(self, alias: str) -> None:
        """Lets few requests to a model through from now on."""
        body = {
            "name": "few",
            "scope": "model",
            "scope_id": self._id_of(alias),
            "kind": "requests",
            "amount": 1,
            "per": "day",
        }
        self.instance.api("POST", "/rate-limits", body, status=201)


@pytest.fixture(scope="package")
def dead_port() -> Iterator[int]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(scope="package")
def watched(tmp_path_factory: pytest.TempPathFactory, dead_port: int) -> Iterator[Watched]:
    with collecting() as collector, simulator() as provider:
        environment = {
            "CONTROL_LAYER_TRACING__ENABLED": "true",
            "CONTROL_LAYER_TRACING__ENDPOINT": collector.url,
            "CONTROL_LAYER_TRACING__HEADERS": json.dumps({"x-vendor-key": "a-key-of-the-collectors"}),
            "CONTROL_LAYER_TRACING__SERVICE_NAME": "watched",
            "CONTROL_LAYER_SINKS": json.dumps(
                [{"name": "disk", "url": tmp_path_factory.mktemp("sink").as_uri(), "flush_interval": "1s"}]
            ),
        }
        with running(tmp_path_factory.mktemp("watched"), environment=environment) as instance:
            instance.connect_provider(provider, MODELS)
            instance.connect_provider(f"http://127.0.0.1:{dead_port}/v1", ["dead"], name="dead")
            _compose(instance, "either", ["dead", "sim-small"])
            key = str(instance.make_key("tests")["key"])
            for model in (*MODELS, "either"):
                instance.wait_callable(key, model)
            with httpx.Client(
                base_url=instance.base_url, headers={"authorization": f"Bearer {key}"}, timeout=30.0
            ) as client:
                yield Watched(instance, collector, client)


def _compose(instance: Instance, alias: str, parts: list[str]) -> None:
    made = instance.api("POST", "/models", {"type": "composite", "model_name": alias, "alias": alias})
    by_alias = {model["alias"]: model["id"] for model in instance.api("GET", "/models?limit=100")["data"]}
    for part in parts:
        instance.api("POST", f"/models/{made['id']}/components/{by_alias[part]}", {})
    everyone = "00000000-0000-0000-0000-000000000000"
    instance.api("POST", f"/groups/{everyone}/models/{made['id']}", status=204)
