"""A request that cannot be said in its provider's words is not sent: nothing is taken for it from the deployment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import World
from tests.gateway.company import LIVE
from tests.gateway.conftest import chat, until

from control_layer.contract.dialects import DIALECTS
from control_layer.contract.limits import Limit
from control_layer.contract.routing import Breaker
from control_layer.contract.snapshot import Deployment, Endpoint, Update

_GEMINI = str(uuid.UUID(int=900))
_UNSAYABLE = {"logit_bias": {"7": 1}}


def _id(alias: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, alias))


@dataclass(slots=True)
class Strangers(World):
    """Models of a provider that is told less than clients can say."""

    def update(self, version: int = 1) -> Update:
        whole = World.update(self, version)
        root = self.url.removesuffix("/v1")
        served = {
            "frail": Deployment(_id("frail"), _GEMINI, "sim-flaky-1-trial", breaker=Breaker(1, cooldown=0.05)),
            "narrow": Deployment(_id("narrow"), _GEMINI, "sim-small"),
            "well": Deployment(_id("well"), LIVE, "sim-small"),
        }
        return msgspec.structs.replace(
            whole,
            models=tuple(
                msgspec.structs.replace(model, deployments=(served[model.alias],)) for model in whole.models
            ),
            endpoints=(
                *whole.endpoints,
                Endpoint(_GEMINI, "gemini", root + "/gemini", *DIALECTS["gemini"].header, self.sealed(_GEMINI),
                         dialect="gemini"),
            ),
            limits=tuple(Limit(each, "few", "model", _id(each), "concurrency", 1.0) for each in ("narrow", "well")),
        )  # fmt: skip


@pytest.fixture(scope="module")
def company(simulator_url: str) -> Strangers:
    return Strangers(simulator_url, aliases=("frail", "narrow", "well"))


def asked(client: httpx.Client, model: str, **more: Any) -> int:
    return client.post("/chat/completions", json=chat(model, **more)).status_code


def test_a_trial_is_left_to_the_next_request(client: httpx.Client) -> None:
    assert asked(client, "frail") == 500
    until(lambda: asked(client, "frail", **_UNSAYABLE) == 400, "the breaker lets a request through")
    until(lambda: asked(client, "frail") == 200, "another one is the trial")


def test_its_place_is_free_again_when_another_model_is_asked(client: httpx.Client) -> None:
    assert asked(client, "narrow", models=["well"], **_UNSAYABLE) == 200
    assert asked(client, "narrow") == 200
