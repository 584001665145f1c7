"""Starts and ends of a whole instance when things are not as they should be."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from bench.processes import simulator
from tests.running import ADMIN_PASSWORD, SECRET_KEY, Instance, running, until

pytestmark = pytest.mark.server

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_SLOW = "sim-slow-chunks-100ms-tokens-100"
_COMMAND = [sys.executable, "-P", "-m", "control_layer", "serve", "--host", "127.0.0.1"]


def _environment(directory: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONTROL_LAYER_")}
    return {
        **inherited,
        "CONTROL_LAYER_PORT": "0",
        "CONTROL_LAYER_METRICS__PORT": "0",
        "CONTROL_LAYER_GATEWAY__WORKERS": "1",
        "CONTROL_LAYER_DATA_DIR": str(directory / "data"),
        **more,
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _processes_in(directory: Path) -> list[psutil.Process]:
    """Whatever still runs with something of this directory open or as its place."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(directory) in process.cwd() or any(str(directory) in file.path for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _chat(instance: Instance, key: str, model: str = "sim-small") -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=60.0).status_code


class _Stream(threading.Thread):
    """A slow stream under way, and how it ended."""

    def __init__(self, instance: Instance, key: str) -> None:
        super().__init__()
        self._instance = instance
        self._key = key
        self.begun = threading.Event()
        self.lines: list[str] = []
        self.error: httpx.HTTPError | None = None

    def run(self) -> None:
        body = {"model": _SLOW, "messages": [{"role": "user", "content": "hello"}], "stream": True}
        headers = {"authorization": f"Bearer {self._key}"}
        url = f"{self._instance.base_url}/chat/completions"
        try:
            with httpx.stream("POST", url, json=body, headers=headers, timeout=60.0) as answer:
                for line in answer.iter_lines():
                    self.lines.append(line)
                    self.begun.set()
        except httpx.HTTPError as error:
            self.error = error


@pytest.fixture
def provider() -> Iterator[str]:
    with simulator() as url:
        yield url


def _connected(instance: Instance, provider: str) -> str:
    instance.connect_provider(provider, ["sim-small", _SLOW])
    key = str(instance.make_key("tests")["key"])
    instance.wait_callable(key, _SLOW)
    return key


def _starting_gateway(directory: Path) -> bool:
    return any("control_layer.gateway" in " ".join(process.cmdline()) for process in _children(directory))


def _children(directory: Path) -> list[psutil.Process]:
    pid = int((directory / "pid").read_text())
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _initialising(directory: Path) -> bool:
    return any(directory.glob("data/postgres/cluster.new-*"))


def _running_postgres(directory: Path) -> bool:
    return (directory / "data/postgres/cluster/data/postmaster.pid").exists()


def _starting_control(directory: Path) -> bool:
    return (directory / "data/run/control.sock").exists()


@pytest.mark.parametrize("moment", [_starting_gateway, _initialising, _running_postgres, _starting_control])
def test_told_to_stop_while_it_starts_it_ends_in_order_and_leaves_nothing(
    tmp_path: Path, moment: Callable[[Path], bool]
) -> None:
    process = subprocess.Popen(_COMMAND, env=_environment(tmp_path), stderr=subprocess.PIPE, text=True)
    (tmp_path / "pid").write_text(str(process.pid))
    until(lambda: moment(tmp_path))
    process.terminate()
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert "Traceback" not in log
    assert _processes_in(tmp_path) == []


def test_told_to_stop_twice_it_ends_at_once(tmp_path: Path, provider: str) -> None:
    with running(tmp_path, environment={"CONTROL_LAYER_GATEWAY__DRAIN": "60s"}) as instance:
        key = _connected(instance, provider)
        stream = _Stream(instance, key)
        stream.start()
        assert stream.begun.wait(30)
        instance.process.terminate()
        until(lambda: "gateway_draining" in instance.log())
        instance.process.terminate()
        assert instance.process.wait(30) == 0
        stream.join(30)
        assert stream.error is not None
        assert _processes_in(tmp_path) == []
        instance.start_again()
        assert [row["outcome"] for row in until(lambda: instance.requests(model=_SLOW))] == ["lost"]


def test_a_killed_instance_starts_again_on_its_port_while_an_old_stream_goes_on(tmp_path: Path, provider: str) -> None:
    environment = {"CONTROL_LAYER_PORT": str(_free_port())}
    with running(tmp_path, environment=environment) as instance:
        key = _connected(instance, provider)
        stream = _Stream(instance, key)
        stream.start()
        assert stream.begun.wait(30)
        os.kill(instance.process.pid, signal.SIGKILL)
        instance.process.wait(10)
        instance.start_again()
        assert _chat(instance, key) == 200
        stream.join(60)
        assert stream.error is None
        assert [line for line in stream.lines if line][-1] == "data: [DONE]"
        assert until(lambda: instance.requests(outcome="completed", model=_SLOW))


def test_the_control_plane_of_a_killed_instance_is_waited_for(tmp_path: Path) -> None:
    with running(tmp_path) as instance:
        (old,) = instance.pids("control")
        os.kill(old, signal.SIGSTOP)  # as one that ends slowly
        os.kill(instance.process.pid, signal.SIGKILL)
        instance.process.wait(10)

        def goes_on() -> None:
            until(lambda: "waiting_for_control_plane_of_killed_instance" in instance.log())
            os.kill(old, signal.SIGCONT)

        other = threading.Thread(target=goes_on)
        other.start()
        instance.start_again()
        other.join()
        until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200)
        until(lambda: not psutil.pid_exists(old))
        assert httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200


def test_modules_that_lie_where_it_was_started_are_not_taken_for_its_own(tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('not this one')\n")
    with running(tmp_path, "--demo") as instance:
        assert httpx.get(f"{instance.address}/ready").text == "OK"


def test_with_a_closed_terminal_it_ends(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, _COMMAND, _environment(tmp_path))  # noqa: S606 - the child of a fork
    shown = b""
    while b"running at" not in shown:
        shown += os.read(terminal, 65536)
    os.close(terminal)  # the kernel sends SIGHUP
    ended = until(lambda: _waited(pid), seconds=60)
    assert ended is not None
    assert os.waitstatus_to_exitcode(ended[1]) == 0
    assert _processes_in(tmp_path) == []


def _waited(pid: int) -> tuple[int, int] | None:
    ended = os.waitpid(pid, os.WNOHANG)
    return ended if ended[0] else None


def test_where_nobody_reads_its_log_it_serves_and_ends_in_order(tmp_path: Path, provider: str) -> None:
    reading, writing = os.pipe()
    environment = _environment(
        tmp_path, CONTROL_LAYER_ADMIN_PASSWORD=ADMIN_PASSWORD, CONTROL_LAYER_ADMIN_EMAIL="admin@example.org",
        SECRET_KEY=SECRET_KEY, CONTROL_LAYER_LOG_LEVEL="debug", CONTROL_LAYER_PORT=str(_free_port()),
    )  # fmt: skip
    with (tmp_path / "stdout").open("wb") as out:
        process = subprocess.Popen(_COMMAND, env=environment, stdout=out, stderr=writing)
    os.close(writing)
    os.close(reading)
    instance = Instance(tmp_path, environment, process)
    until(lambda: "running at" in instance.output(), seconds=60)
    instance.address = f"http://127.0.0.1:{environment['CONTROL_LAYER_PORT']}"
    key = _connected(instance, provider)
    for name in ("gateway", "control"):
        killed = instance.kill(name)
        until(lambda name=name, killed=killed: instance.pids(name) not in ([], [killed]))  # type: ignore[misc]
    until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200)
    assert _chat(instance, key) == 200
    assert instance.stop() == 0
    assert _processes_in(tmp_path) == []


def test_gateways_serve_what_they_know_while_postgres_does_not_start(tmp_path: Path, provider: str) -> None:
    with running(tmp_path) as instance:
        key = _connected(instance, provider)
        instance.stop()
        version = instance.data / "postgres/cluster/data/PG_VERSION"
        content = version.read_text()
        version.write_text("17\n")
        instance.start_again()
        assert "The management API is not there yet: " in instance.output()
        assert "was written by Postgres 17" in instance.output()
        assert _chat(instance, key) == 200
        version.write_text(content)
        until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200, seconds=60)
        assert len(until(lambda: instance.requests(outcome="completed"))) == 1


def test_without_a_snapshot_a_postgres_that_does_not_start_is_told(tmp_path: Path) -> None:
    cluster = tmp_path / "data/postgres/cluster/data"
    cluster.mkdir(parents=True, mode=0o700)
    (cluster / "PG_VERSION").write_text("17\n")
    environment = _environment(tmp_path, SECRET_KEY=SECRET_KEY)
    done = subprocess.run(_COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "was written by Postgres 17" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_secret_key_is_not_replaced_by_another(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    environment = _environment(tmp_path)
    environment.pop("SECRET_KEY", None)
    done = subprocess.run(_COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "restore the file secret_key" in done.stderr
    assert not (tmp_path / "data/secret_key").exists()


def test_the_simulated_provider_outlives_crashes_and_restarts_until_its_endpoint_is_deleted(tmp_path: Path) -> None:
    with running(tmp_path) as instance:
        path, remembered = "/endpoints/simulated", instance.data / "simulated"
        assert instance.pids("simulator") == []
        endpoint = instance.api("PUT", path)
        assert instance.api("PUT", path)["id"] == endpoint["id"]
        assert instance.api("GET", f"/groups/{_EVERYONE}/models") == []
        for model in instance.api("GET", "/models?limit=100")["data"]:
            instance.api("POST", f"/groups/{_EVERYONE}/models/{model['id']}", status=204)
        key = str(instance.make_key("tests")["key"])
        instance.wait_callable(key, "sim-small")
        *_, made = instance.api("GET", f"/audit?resource_id={endpoint['id']}")["data"]
        assert made["actor"] == f"user:{instance.api('GET', '/users/current')['id']}"

        (killed,) = instance.pids("simulator")
        os.kill(killed, signal.SIGKILL)
        assert _chat(instance, key) == 200
        assert instance.pids("simulator") not in ([], [killed])
        instance.kill("control")
        _wait_managed(instance)
        instance.api("PATCH", f"/endpoints/{endpoint['id']}", {"name": "Ours"})

        def address() -> str:
            return str(instance.api("GET", f"/endpoints/{endpoint['id']}")["url"])

        assert instance.stop() == 0
        instance.start_again()
        _wait_managed(instance)
        assert address() == endpoint["url"]
        assert _chat(instance, key) == 200

        assert instance.stop() == 0
        with socket.create_server(("127.0.0.1", int(re.findall(r":(\d+)/", endpoint["url"])[0]))):
            instance.start_again()
            _wait_managed(instance)
            assert address() != endpoint["url"]
            until(lambda: _chat(instance, key) == 200)
            assert instance.api("PUT", path)["name"] == "Ours"

        instance.api("DELETE", f"/endpoints/{endpoint['id']}", status=204)
        until(lambda: instance.pids("simulator") == [])
        until(lambda: not remembered.exists())


def _wait_managed(instance: Instance) -> None:
    """Returns once the control plane serves: with a persisted snapshot, gateways do not wait for it."""
    until(lambda: httpx.get(f"{instance.address}/healthz", timeout=30.0).status_code == 200, seconds=60.0)


def test_connections_that_come_at_once_are_spread_over_the_workers(tmp_path: Path) -> None:
    with running(tmp_path, workers=2) as instance:
        port = int(instance.address.rpartition(":")[2])
        connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]
        try:

            def taken() -> list[int]:
                return [_accepted(pid, port) for pid in instance.pids("gateway")]

            until(lambda: sum(taken()) == 64)
            assert min(taken()) >= 8  # a fair coin does this but once in a billion runs
        finally:
            for connection in connections:
                connection.close()


def _accepted(pid: int, port: int) -> int:
    connections = psutil.Process(pid).net_connections("tcp")
    return sum(1 for each in connections if each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED)


class _Callers:
    """Calls without a pause, on connections that are kept and on fresh ones, and what was not a success."""

    def __init__(self, instance: Instance, key: str) -> None:
        self._url = f"{instance.base_url}/chat/completions"
        self._headers = {"authorization": f"Bearer {key}"}
        self._stop = threading.Event()
        self.succeeded = 0
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._run, args=(kept,)) for kept in (True, True, True, False)]

    def _run(self, kept: bool) -> None:
        body = {"model": "sim-small", "messages": [{"role": "user", "content": "hello"}]}
        limits = httpx.Limits(max_keepalive_connections=1 if kept else 0)
        with httpx.Client(headers=self._headers, timeout=60.0, limits=limits) as client:
            while not self._stop.is_set():
                try:
                    answer = client.post(self._url, json=body)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                else:
                    if answer.status_code == 200:
                        self.succeeded += 1
                    else:
                        self.failures.append(f"{answer.status_code} {answer.text}")
                self._stop.wait(0.002)  # so that a kept connection is idle now and then

    def __enter__(self) -> _Callers:
        for thread in self._threads:
            thread.start()
        until(lambda: self.succeeded or self.failures)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_more_and_fewer_workers_without_a_failed_request_and_counts_that_never_go_down(
    tmp_path: Path, provider: str
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("gateway: {workers: 2}\n")
    environment = {"CONTROL_LAYER_GATEWAY__WORKERS": None}
    with running(tmp_path, "--config", str(config), environment=environment) as instance:
        key = _connected(instance, provider)
        counts: list[float] = []

        def count() -> bool:
            page = httpx.get(instance.metrics_address, timeout=30.0).text
            lines = [line for line in page.splitlines() if line.startswith("control_layer_requests_total{")]
            counts.append(sum(float(line.rpartition(" ")[2]) for line in lines))
            return True

        with _Callers(instance, key) as callers:
            for number, workers in enumerate((1, 3, 2, 2), start=1):
                config.write_text(f"gateway: {{workers: {workers}}}\n")
                instance.process.send_signal(signal.SIGHUP)
                until(
                    lambda number=number: count() and instance.log().count("settings_reloaded") == number,  # type: ignore[misc]
                    seconds=60,
                )
                until(
                    lambda workers=workers: count() and len(instance.pids("gateway")) == workers,  # type: ignore[misc]
                    seconds=60,
                )
        count()
        assert callers.failures == []
        assert counts == sorted(counts)
        assert counts[-1] == callers.succeeded


def test_a_proxys_password_does_not_stand_in_a_gateways_environment(tmp_path: Path) -> None:
    environment = {"https_proxy": "http://somebody:hush@127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
    with running(tmp_path, environment=environment) as instance:
        (gateway,) = instance.pids("gateway")
        assert b"hush" not in Path(f"/proc/{gateway}/environ").read_bytes()


def test_the_page_tells_of_every_process(tmp_path: Path) -> None:
    with running(tmp_path, workers=2) as instance:
        page = httpx.get(instance.metrics_address, timeout=30.0).text
        assert "control_layer_spans" not in page, "nothing is sent anywhere unless it is wanted"
        for name in ("supervisor", "gateway-0", "gateway-1", "control"):
            assert f'control_layer_process_resident_memory_bytes{{process="{name}"}}' in page
            assert f'control_layer_process_start_time_seconds{{process="{name}"}}' in page
        for name in ("gateway-0", "gateway-1", "control", "postgres"):
            assert f'control_layer_process_up{{process="{name}"}} 1.0' in page
            assert f'control_layer_process_restarts_total{{process="{name}"}} 0.0' in page


def test_a_certificate_that_cannot_be_used_leaves_the_old_settings(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("{}")
    with running(tmp_path, "--config", str(config)) as instance:
        gateways = instance.pids("gateway")
        (tmp_path / "not.pem").write_text("nothing")
        config.write_text(f"gateway: {{tls: {{certificate: {tmp_path}/not.pem, key: {tmp_path}/absent.pem}}}}")
        instance.process.send_signal(signal.SIGHUP)
        until(lambda: "settings_not_reloaded" in instance.log())
        assert "gateway.tls.key" in instance.log()
        assert instance.pids("gateway") == gateways


def test_a_stop_does_not_wait_for_the_whole_grace(tmp_path: Path) -> None:
    with running(tmp_path, environment={"CONTROL_LAYER_GATEWAY__DRAIN": "300s"}) as instance:
        with httpx.Client() as client:  # an idle connection
            client.get(f"{instance.address}/health")
            begun = time.monotonic()
            assert instance.stop() == 0
        assert time.monotonic() - begun < 60
