"""One instance before the simulated provider, for all of this directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.processes import simulator
from tests.contract_client.client import Person, World
from tests.running import running


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = {
        "CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true",
        "CONTROL_LAYER_PAYMENT__DUMMY__AMOUNT": "50",
        "CONTROL_LAYER_METADATA__TITLE": "Acme <AI>",
    }
    with simulator() as provider, running(tmp_path_factory.mktemp("contract"), environment=settings) as instance:
        admin = Person(instance.address, {"cookie": instance.admin.headers["cookie"]})
        admin.id = admin.get("/users/current")["id"]
        yield World(instance.address, admin, provider)


@pytest.fixture(scope="package")
def endpoint(world: World) -> str:
    """The id of an endpoint without models."""
    return str(world.endpoint()["id"])


@pytest.fixture(scope="package")
def people(world: World) -> dict[str, Person]:
    """By role: somebody who has it (and `StandardUser`), the administrator, and nobody."""
    roles = ("PlatformManager", "RequestViewer", "StandardUser", "BillingManager", "BatchAPIUser")
    return {"admin": world.admin, "nobody": world.nobody, **{role: world.person(role) for role in roles}}
