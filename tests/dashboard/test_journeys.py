"""What people do with the dashboard, in a real browser, against a whole instance with the simulated provider."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from tests.dashboard.journeys import travel
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, Instance, running

pytestmark = [pytest.mark.server, pytest.mark.timeout(960)]

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_MISBEHAVING = {"slow": "sim-slow-chunks-100ms-tokens-400", "failing": "sim-error-500", "broken": "sim-cut"}


_JOURNEYS = (
    "developer",
    "keyboard",
    "people",
    "matrix",
    "model",
    "endpoints",
    "traffic",
    "usage",
    "billing",
    "settings",
)


@pytest.mark.parametrize("journey", _JOURNEYS)
def test_journey(instance: Instance, journey: str) -> None:
    travel(instance, ADMIN_EMAIL, ADMIN_PASSWORD, journey)


def test_the_playground(instance: Instance) -> None:
    [small] = [
        model
        for model in instance.api("GET", "/models?search=sim-small&limit=100")["data"]
        if model["alias"] == "sim-small"
    ]
    price = {"input_price_per_token": "0.0000013", "output_price_per_token": "0.0000052"}
    tariffs = [{"name": "Playground", "api_key_purpose": "playground", **price}]
    instance.api("PATCH", f"/models/{small['id']}", {"tariffs": tariffs})
    for alias, model_name in _MISBEHAVING.items():
        body = {"type": "standard", "model_name": model_name, "alias": alias, "hosted_on": small["hosted_on"]}
        made = instance.api("POST", "/models", body)
        instance.api("POST", f"/groups/{_EVERYONE}/models/{made['id']}", status=204)
    me = instance.api("GET", "/users/current")["id"]
    gift = {"user_id": me, "transaction_type": "admin_grant", "amount": "10", "source_id": "playground"}
    instance.api("POST", "/transactions", gift, status=201)
    travel(instance, ADMIN_EMAIL, ADMIN_PASSWORD, "playground")


def test_payments(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])  # the provider sends browsers back to an address that must be known
    environment = {
        "CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true",
        "CONTROL_LAYER_PORT": port,
        "CONTROL_LAYER_DASHBOARD_URL": f"http://127.0.0.1:{port}",
        "CONTROL_LAYER_PAYMENT__DUMMY__AMOUNT": "25",
    }
    with running(tmp_path, "--demo", environment=environment) as started:
        travel(started, ADMIN_EMAIL, ADMIN_PASSWORD, "payments")


def test_a_new_administrator_s_first_login(tmp_path: Path) -> None:
    environment = {"CONTROL_LAYER_ADMIN_PASSWORD": None}
    with running(tmp_path, "--demo", environment=environment) as started:
        password = re.search(r"Password +(\S+) +\(shown this once\)", started.output())
        assert password is not None
        travel(started, ADMIN_EMAIL, password[1], "first-login")


def test_a_first_request_on_a_bare_instance(tmp_path: Path) -> None:
    environment = {"CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true"}
    with running(tmp_path, environment=environment) as started:
        travel(started, ADMIN_EMAIL, ADMIN_PASSWORD, "first-run")
