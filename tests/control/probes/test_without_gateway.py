"""A control plane that reaches no gateway of its own says nothing about models."""

from __future__ import annotations

import uuid
from pathlib import Path

from tests.control.control_process import control_process, wait_until
from tests.control.management import ADMIN_EMAIL, ADMIN_PASSWORD, API, settings_for_tests


def test_a_scheduled_run_that_reaches_no_gateway_is_no_result(tmp_path: Path, database_url: str) -> None:
    with control_process(tmp_path, database_url, settings_for_tests()) as control, control.client() as client:
        control.wait_ready()
        login = client.post("/authentication/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        client.headers["cookie"] = login.headers["set-cookie"].split(";")[0]
        model = client.post(f"{API}/models", json={"type": "composite", "model_name": "m"}).json()
        body = {"name": uuid.uuid4().hex, "deployment_id": model["id"], "interval_seconds": 1}
        probe = client.post(f"{API}/probes", json=body).json()
        wait_until(lambda: control.log.count("probe_not_run") >= 2)
        assert client.get(f"{API}/probes/{probe['id']}/results").json() == []
        status = client.get(f"{API}/models/{model['id']}?include=status").json()["status"]
        assert (status["active"], status["last_check"], status["uptime_percentage"]) == (True, None, 100)


def test_nothing_is_scheduled_where_the_settings_say_no(tmp_path: Path, database_url: str) -> None:
    settings = settings_for_tests(background_services={"probe_scheduler": {"enabled": False}})
    with control_process(tmp_path, database_url, settings) as control:
        control.wait_ready()
        control.process.terminate()
        assert control.end() == 0
        assert "probe_scheduler_leads" not in control.log
