"""A worker's life: it follows the snapshot, drains when told to, and loses no record to a full disk or a kill."""

from __future__ import annotations

import json
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from bench.processes import GatewayProcess, start_gateway
from tests.gateway.company import LIVE, Company
from tests.gateway.conftest import DEADLINE_SECONDS, Journal, chat, until
from tests.gateway.control_plane import ControlPlane

from control_layer.contract.snapshot import Update
from control_layer.contract.usage import Closed, Opened

SLOW = "sim-slow-chunks-50ms-tokens-200"


@contextmanager
def worker(directory: Path, company: Company, **settings: Any) -> Iterator[GatewayProcess]:
    process = start_gateway(directory, company, **settings)
    try:
        yield process
    finally:
        process.stop()


@pytest.fixture
def control(tmp_path: Path) -> Iterator[ControlPlane]:
    control = ControlPlane(tmp_path / "s.sock")
    yield control
    control.close()


def post(gateway: GatewayProcess, model: str = "sim-small") -> int:
    headers = {"x-api-key": gateway.secret}
    answer = httpx.post(
        gateway.base_url + "/chat/completions", json=chat(model), headers=headers, timeout=DEADLINE_SECONDS
    )
    return answer.status_code


# -- the snapshot ----------------------------------------------------------------------------------------------------


def test_a_revoked_key_is_refused_as_soon_as_the_update_is_in_force(
    tmp_path: Path, company: Company, control: ControlPlane
) -> None:
    """S2, and no request that began before may slip through after."""
    with worker(tmp_path, company, snapshot_socket=str(tmp_path / "s.sock")) as gateway:
        assert control.accept().version == 1
        body = json.dumps(chat()).encode()
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE_SECONDS) as connection:
            connection.sendall(
                b"POST /ai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-api-key: %b\r\ncontent-length: %d\r\n\r\n"
                % (gateway.secret.encode(), len(body))
                + body[:5]
            )
            assert post(gateway) == 200
            control.send(Update(version=2, base=1, final=True, gone_keys=(company.key.digest,)))
            until(lambda: post(gateway) == 401, "the key is refused")
            connection.sendall(body[5:])
            assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_a_new_model_and_a_lost_group_are_in_force_at_once(
    tmp_path: Path, company: Company, control: ControlPlane
) -> None:
    with worker(tmp_path, company, snapshot_socket=str(tmp_path / "s.sock")) as gateway:
        control.accept()
        whole = company.update()
        new = msgspec.structs.replace(whole.models[0], alias="brand-new")
        control.send(Update(version=2, base=1, final=True, models=(new,)))
        until(lambda: post(gateway, "brand-new") == 200, "the model is there")
        lonely = msgspec.structs.replace(whole.users[0], groups=())
        control.send(Update(version=3, base=2, final=False, users=(lonely,)))
        assert post(gateway) == 200
        control.send(Update(version=3, base=2, final=True))
        until(lambda: post(gateway) == 403, "the group is gone")


def test_a_worker_reconnects_with_what_it_has_and_asks_for_all_when_it_is_out_of_step(
    tmp_path: Path, company: Company, control: ControlPlane
) -> None:
    with worker(tmp_path, company, snapshot_socket=str(tmp_path / "s.sock")) as gateway:
        control.accept()
        control.send(Update(version=2, base=1, final=True))
        control.send(Update(version=3, base=2, final=False, gone_keys=(company.key.digest,)))
        assert control.accept().version == 2
        assert post(gateway) == 200
        control.send(Update(version=9, base=7, final=True, gone_keys=(company.key.digest,)))
        assert control.accept().version == 0
        assert post(gateway) == 200
        control.send(company.update(version=9))
        control.send(Update(version=10, base=9, final=True, gone_models=("sim-small",)))
        until(lambda: post(gateway) == 404, "the new state is in force")


def test_without_a_snapshot_a_worker_says_that_it_is_not_ready(
    tmp_path: Path, company: Company, control: ControlPlane
) -> None:
    with worker(
        tmp_path, company, snapshot_socket=str(tmp_path / "s.sock"), snapshot_file=str(tmp_path / "none")
    ) as gateway:
        site = f"http://127.0.0.1:{gateway.port}"
        assert control.accept().version == 0
        assert (httpx.get(site + "/health").status_code, httpx.get(site + "/ready").status_code) == (200, 503)
        assert post(gateway) == 503
        control.send(company.update(version=4))
        until(lambda: httpx.get(site + "/ready").status_code == 200, "it is ready")
        assert post(gateway) == 200


def test_a_rotated_credential_costs_no_request_that_is_under_way(
    tmp_path: Path, company: Company, control: ControlPlane
) -> None:
    with worker(tmp_path, company, snapshot_socket=str(tmp_path / "s.sock")) as gateway:
        control.accept()
        headers = {"x-api-key": gateway.secret}
        url = gateway.base_url + "/chat/completions"
        with httpx.stream("POST", url, json=chat("sim-tokens-200", stream=True), headers=headers) as answer:
            pieces = answer.iter_bytes()
            next(pieces)
            endpoint = next(row for row in company.update().endpoints if row.id == LIVE)
            control.send(
                Update(
                    version=2,
                    base=1,
                    final=True,
                    endpoints=(msgspec.structs.replace(endpoint, sealed_credential=None),),
                )
            )
            until(lambda: post(gateway) == 502, "the provider refuses the credential that is none")
            assert b"".join(pieces).endswith(b"data: [DONE]\n\n")


# -- the end ---------------------------------------------------------------------------------------------------------


@contextmanager
def streaming(gateway: GatewayProcess, model: str) -> Iterator[Iterator[bytes]]:
    headers = {"x-api-key": gateway.secret}
    url = gateway.base_url + "/chat/completions"
    with httpx.stream("POST", url, json=chat(model, stream=True), headers=headers, timeout=DEADLINE_SECONDS) as answer:
        pieces = answer.iter_bytes()
        next(pieces)
        yield pieces


def test_sigterm_lets_a_stream_end_and_takes_nothing_new(tmp_path: Path, company: Company) -> None:
    with worker(tmp_path, company, drain_seconds=DEADLINE_SECONDS) as gateway, streaming(gateway, "sim-drip") as pieces:
        gateway.process.send_signal(signal.SIGTERM)
        assert b"".join(pieces).endswith(b"data: [DONE]\n\n")
        assert gateway.process.wait(DEADLINE_SECONDS) == 0
        (end,) = Journal(gateway.journal).settled(0, 1)
        assert (end.outcome, end.tokens.source) == ("completed", "provider")
        with pytest.raises(httpx.ConnectError):
            post(gateway)


def test_a_stream_that_outlasts_the_grace_is_cut_and_accounted_for(tmp_path: Path, company: Company) -> None:
    with worker(tmp_path, company, drain_seconds=0.2) as gateway, streaming(gateway, SLOW) as pieces:
        gateway.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
        assert gateway.process.wait(DEADLINE_SECONDS) == 0
        (end,) = Journal(gateway.journal).settled(0, 1)
        assert (end.outcome, end.tokens.source) == ("cancelled", "estimate")


def test_a_worker_whose_supervisor_is_gone_drains(tmp_path: Path, company: Company) -> None:
    with worker(tmp_path, company) as gateway:
        gateway.channel.shutdown(socket.SHUT_RDWR)
        assert gateway.process.wait(DEADLINE_SECONDS) == 0


def test_after_kill_9_the_journal_says_what_was_let_in_and_what_had_ended(tmp_path: Path, company: Company) -> None:
    with worker(tmp_path, company) as gateway:
        for _ in range(5):
            assert post(gateway) == 200
        with streaming(gateway, SLOW) as pieces:
            gateway.process.kill()
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
        records = Journal(gateway.journal).records()
        assert sum(isinstance(record, Closed) for record in records) == 5
        assert sum(isinstance(record, Opened) for record in records) == 6


# -- a full disk -----------------------------------------------------------------------------------------------------


def _limit_file_size(process: int, size: int) -> None:
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_with_a_full_disk_nothing_new_is_let_in_what_is_under_way_ends_and_nothing_is_lost(
    tmp_path: Path, company: Company
) -> None:
    with worker(tmp_path, company, drain_seconds=DEADLINE_SECONDS) as gateway:
        assert post(gateway) == 200
        ended: list[bytes] = []
        with streaming(gateway, "sim-drip") as pieces:
            # A file may not grow any more: write(2) fails as on a full disk, with EFBIG.
            written = max(path.stat().st_size for path in gateway.journal.glob("*.seg"))
            _limit_file_size(gateway.process.pid, written)
            reading = threading.Thread(target=lambda: ended.append(b"".join(pieces)))
            reading.start()
            until(lambda: post(gateway) == 503, "new requests are refused")
            assert post(gateway) == 503
            site = f"http://127.0.0.1:{gateway.port}"
            assert (httpx.get(site + "/health").status_code, httpx.get(site + "/ready").status_code) == (200, 503)
            reading.join(DEADLINE_SECONDS)
        assert ended[0].endswith(b"data: [DONE]\n\n")
        _limit_file_size(gateway.process.pid, 1_000_000_000)
        until(lambda: post(gateway) == 200, "new requests are let in again")
        records = Journal(gateway.journal).records()
        opened = [record.id for record in records if isinstance(record, Opened)]
        ends = [record for record in records if isinstance(record, Closed)]
        assert sorted(end.id for end in ends) == sorted(opened)
        assert sum(end.outcome == "completed" and end.status == 200 for end in ends) == 3
        assert {end.error for end in ends if end.outcome == "failed"} <= {"cannot_account"}


def test_nothing_secret_stands_in_the_arguments_the_environment_or_the_logs(
    tmp_path: Path, company: Company, capfd: pytest.CaptureFixture[str]
) -> None:
    with worker(tmp_path, company) as gateway:
        assert post(gateway) == 200
        assert post(gateway, "unreadable") == 502
        process = Path(f"/proc/{gateway.process.pid}")
        shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    shown += capfd.readouterr().err.encode()
    shown += b"".join(path.read_bytes() for path in gateway.journal.glob("*.seg"))
    for secret in (gateway.secret, "provider-credential", "a-secret-key-that-is-only-for-tests"):
        assert secret.encode() not in shown
    assert gateway.journal.stat().st_mode & 0o077 == 0
