"""A whole instance: what happens to it when its processes are killed, told to end, or given other settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from bench.processes import simulator
from tests.running import ADMIN_PASSWORD, SECRET_KEY, Instance, running, until

pytestmark = pytest.mark.server

_MODELS = ["sim-small", "sim-slow-chunks-100ms-tokens-30"]
_SLOW = _MODELS[1]


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One instance for all tests that leave it as they found it."""
    with simulator() as url, running(tmp_path_factory.mktemp("instance")) as instance:
        instance.connect_provider(url, _MODELS)
        yield instance


@pytest.fixture(scope="module")
def key(instance: Instance) -> str:
    key = str(instance.make_key("tests")["key"])
    instance.wait_callable(key, "sim-small")
    return key


def _chat(instance: Instance, key: str, model: str = "sim-small", *, stream: bool = False) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=60.0)


class _Caller:
    """Calls without a pause on fresh connections until told to stop, and keeps what was not a success."""

    def __init__(self, instance: Instance, key: str) -> None:
        self._instance = instance
        self._key = key
        self._stop = threading.Event()
        self.succeeded = 0
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                answer = _chat(self._instance, self._key)
            except httpx.HTTPError as error:
                self.failures.append(repr(error))
            else:
                if answer.status_code == 200:
                    self.succeeded += 1
                else:
                    self.failures.append(f"{answer.status_code} {answer.text}")

    def __enter__(self) -> _Caller:
        self._thread.start()
        until(lambda: self.succeeded or self.failures)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_every_child_serves(instance: Instance, key: str) -> None:
    assert _chat(instance, key).status_code == 200
    assert httpx.get(f"{instance.address}/health").text == "OK"
    assert httpx.get(f"{instance.address}/ready").text == "OK"
    assert httpx.get(f"{instance.address}/healthz").text == "OK"
    assert len(instance.pids("gateway")) == len(instance.pids("control")) == len(instance.pids("postgres")) == 1


def test_each_answer_has_each_field_once(instance: Instance) -> None:
    for path in ("/healthz", "/health", "/admin/api/v1/users/current", "/"):
        names = [name for name, _ in httpx.get(instance.address + path).headers.multi_items()]
        assert sorted(set(names)) == sorted(names), path


def test_a_killed_gateway_is_replaced_and_its_port_never_refuses(instance: Instance, key: str) -> None:
    killed = instance.kill("gateway")
    # The socket is the supervisor's: this connection waits for the next worker.
    assert _chat(instance, key).status_code == 200
    assert until(lambda: instance.pids("gateway")) != [killed]


def test_ai_traffic_goes_on_while_the_control_plane_is_started_again(instance: Instance, key: str) -> None:
    with _Caller(instance, key) as caller:
        killed = instance.kill("control")
        until(lambda: instance.pids("control") not in ([], [killed]))
        until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200)
    assert caller.failures == []
    assert instance.api("GET", "/users/current")["is_admin"]


def test_ai_traffic_goes_on_while_postgres_is_started_again(instance: Instance, key: str) -> None:
    with _Caller(instance, key) as caller:
        killed = instance.kill("postgres")
        until(lambda: instance.pids("postgres") not in ([], [killed]))
        until(lambda: instance.admin.get("/admin/api/v1/users/current").status_code == 200)
    assert caller.failures == []


def test_a_management_call_while_the_control_plane_is_away_says_when_to_come_back(instance: Instance) -> None:
    killed = instance.kill("control")
    away = httpx.get(f"{instance.address}/healthz", timeout=30.0)
    if away.status_code != 200:  # it may be back already
        assert away.status_code == 503
        assert away.headers["retry-after"]
    until(lambda: instance.pids("control") not in ([], [killed]))
    until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200)


def test_metrics_add_up(instance: Instance, key: str) -> None:
    def served() -> float:
        page = httpx.get(instance.metrics_address, timeout=30.0).text
        line = [line for line in page.splitlines() if line.startswith("control_layer_requests_total{")]
        return sum(float(entry.rpartition(" ")[2]) for entry in line)

    before = served()
    for _ in range(3):
        _chat(instance, key)
    until(lambda: served() == before + 3)
    page = httpx.get(instance.metrics_address).text
    assert 'control_layer_process_up{process="postgres"} 1.0' in page
    assert httpx.post(instance.metrics_address).status_code == 405
    assert httpx.get(instance.metrics_address.replace("/metrics", "/")).status_code == 404


def test_counters_survive_the_worker_that_counted(instance: Instance, key: str) -> None:
    def served() -> float:
        page = httpx.get(instance.metrics_address, timeout=30.0).text
        line = [line for line in page.splitlines() if line.startswith("control_layer_requests_total{")]
        return sum(float(entry.rpartition(" ")[2]) for entry in line)

    _chat(instance, key)
    before = until(served)
    killed = instance.kill("gateway")
    until(lambda: instance.pids("gateway") not in ([], [killed]))
    assert _chat(instance, key).status_code == 200
    assert served() >= before + 1


def test_no_secret_in_arguments_or_environment(instance: Instance, key: str) -> None:
    del key
    password = (instance.data / "postgres" / "cluster" / "password").read_text().strip()
    for pid in instance.all_pids()[1:]:
        try:
            shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue  # a backend of Postgres that has ended meanwhile
        for secret in (ADMIN_PASSWORD, SECRET_KEY, password, "provider-credential"):
            assert secret.encode() not in shown


def test_a_second_instance_on_the_same_directory_is_refused(instance: Instance) -> None:
    command = [sys.executable, "-m", "control_layer", "serve", "--port", "0", "--data-dir", str(instance.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "another Control Layer is running" in done.stderr
    assert "Traceback" not in done.stderr


def test_new_settings_are_taken_in_without_a_failed_request(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("gateway:\n  report_headers: true\n")
    with simulator() as url, running(tmp_path, "--config", str(config), workers=2) as instance:
        instance.connect_provider(url, _MODELS)
        key = str(instance.make_key("tests")["key"])
        instance.wait_callable(key, "sim-small")
        old = set(instance.pids("gateway"))
        assert "x-control-layer-model" in _chat(instance, key).headers
        with _Caller(instance, key) as caller:
            config.write_text("gateway:\n  report_headers: false\n")
            instance.process.send_signal(signal.SIGHUP)
            until(lambda: "settings_reloaded" in instance.log(), seconds=60)
            until(lambda: not old & set(instance.pids("gateway")), seconds=60)
        assert caller.failures == []
        assert "x-control-layer-model" not in _chat(instance, key).headers
        config.write_text("gateway:\n  report_haeders: true\n")
        instance.process.send_signal(signal.SIGHUP)
        until(lambda: "settings_not_reloaded" in instance.log())
        assert "did you mean 'report_headers'?" in instance.log()
        assert _chat(instance, key).status_code == 200


def test_a_stream_under_way_ends_in_peace_when_told_to_stop(tmp_path: Path) -> None:
    with simulator() as url, running(tmp_path) as instance:
        instance.connect_provider(url, _MODELS)
        key = str(instance.make_key("tests")["key"])
        instance.wait_callable(key, _SLOW)
        pids = instance.all_pids()
        body = {"model": _SLOW, "messages": [{"role": "user", "content": "hello"}], "stream": True}
        headers = {"authorization": f"Bearer {key}"}
        with httpx.stream(
            "POST", f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=60.0
        ) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            instance.process.terminate()
            assert [line for line in lines if line][-1] == "data: [DONE]"
        assert instance.process.wait(60) == 0
        assert [pid for pid in pids if psutil.pid_exists(pid)] == []
        instance.start_again()
        assert [row["outcome"] for row in until(lambda: instance.requests(model=_SLOW))] == ["completed"]


def test_a_killed_supervisor_leaves_no_orphan_but_postgres_which_the_next_start_takes_over(tmp_path: Path) -> None:
    with simulator() as url, running(tmp_path) as instance:
        instance.connect_provider(url, _MODELS)
        key = str(instance.make_key("tests")["key"])
        instance.wait_callable(key, "sim-small")
        ours = instance.pids("gateway") + instance.pids("control")
        postgres = instance.pids("postgres")
        os.kill(instance.process.pid, signal.SIGKILL)
        instance.process.wait(10)
        until(lambda: not any(psutil.pid_exists(pid) for pid in ours), message="orphans are left")
        instance.start_again()
        assert "postgres_taken_over" in instance.log()
        assert psutil.pid_exists(postgres[0])
        assert _chat(instance, key).status_code == 200


def test_a_gateway_starts_without_control_plane_from_what_it_knew(tmp_path: Path) -> None:
    with simulator() as url, running(tmp_path) as instance:
        instance.connect_provider(url, _MODELS)
        key = str(instance.make_key("tests")["key"])
        instance.wait_callable(key, "sim-small")
        instance.process.send_signal(signal.SIGSTOP)  # nobody restarts the others now
        try:
            instance.kill("postgres")
            control = instance.kill("control")
            until(lambda: psutil.Process(control).status() == psutil.STATUS_ZOMBIE)
            assert _chat(instance, key).status_code == 200
        finally:
            instance.process.send_signal(signal.SIGCONT)
        until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200)
