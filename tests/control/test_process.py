"""The control plane as a process: how it starts, serves and ends."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.control.control_process import control_process, wait_until
from tests.control.management import ADMIN_EMAIL, ADMIN_PASSWORD, API, SECRET_KEY, settings_for_tests

from control_layer.contract.supervision import Stats
from control_layer.store.engine import connect

_LOGIN = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}


def test_migrates_serves_on_a_private_socket_and_ends_when_told(tmp_path: Path, empty_database_url: str) -> None:
    (tmp_path / "control.sock").touch()  # what a dead process left
    with control_process(tmp_path, empty_database_url, settings_for_tests()) as control:
        control.wait_ready()
        assert stat.S_IMODE(control.socket_path.stat().st_mode) == 0o600
        with control.client() as client:
            assert client.get("/healthz").text == "OK"
            response = client.post("/authentication/login", json=_LOGIN)
            assert response.status_code == 200
            cookie = response.headers["set-cookie"].split(";")[0]
            # the cookie's value works over plain HTTP
            assert client.get(f"{API}/users/current", headers={"cookie": cookie}).json()["email"] == ADMIN_EMAIL
        assert isinstance(control.collect(7), Stats)
        control.process.terminate()
        assert control.end() == 0
        assert not control.socket_path.exists()
        for secret in (ADMIN_PASSWORD, SECRET_KEY, cookie.partition("=")[2]):
            assert secret not in control.log


def test_mails_that_were_asked_for_leave_before_the_end(tmp_path: Path, database_url: str) -> None:
    with control_process(tmp_path, database_url, settings_for_tests()) as control:
        control.wait_ready()
        with control.client() as client:
            asked = client.post("/authentication/password-resets", json={"email": ADMIN_EMAIL})
            assert asked.status_code == 200
        control.process.terminate()
        assert control.end() == 0
        (mail,) = (tmp_path / "mail").glob("*.eml")
        assert f"To: {ADMIN_EMAIL}".encode() in mail.read_bytes()


def test_ends_when_the_supervisor_is_gone(tmp_path: Path, database_url: str) -> None:
    with control_process(tmp_path, database_url, settings_for_tests()) as control:
        control.wait_ready()
        control.channel.close()
        assert control.end() == 0


def test_ends_when_the_supervisor_is_gone_before_the_database_has_come(tmp_path: Path, database_url: str) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    with control_process(tmp_path, away, settings_for_tests()) as control:
        wait_until(lambda: "not_ready" in control.log)
        control.channel.close()
        assert control.end() == 0


def test_second_start_changes_nothing_but_the_administrators_password(tmp_path: Path, database_url: str) -> None:
    for password in (ADMIN_PASSWORD, "another password"):
        with control_process(tmp_path, database_url, settings_for_tests(admin_password=password)) as control:
            control.wait_ready()
            with control.client() as client:
                response = client.post("/authentication/login", json=_LOGIN | {"password": password})
                assert response.status_code == 200
                cookie = response.headers["set-cookie"].split(";")[0]
                users = client.get(f"{API}/users", headers={"cookie": cookie}).json()
                assert users["total_count"] == 1
                if password != ADMIN_PASSWORD:
                    assert client.post("/authentication/login", json=_LOGIN).status_code == 401


async def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path, database_url: str) -> None:
    connection = await connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.execute("DELETE FROM compatible_revisions")
    await connection.close()
    with control_process(tmp_path, database_url, settings_for_tests()) as control:
        assert control.end() == 3
        assert "migration_failed" in control.log
        assert "newer release" in control.log


def test_waits_for_the_database(tmp_path: Path, postgres_url: str, database_url: str) -> None:
    (host,) = parse_qs(urlsplit(postgres_url).query)["host"]
    directory = tmp_path / "pg"
    directory.mkdir()
    (server,) = Path(host).glob(".s.PGSQL.*[0-9]")
    url = database_url.replace(quote(host, safe="/"), quote(str(directory), safe="/"))
    with control_process(tmp_path, url, settings_for_tests()) as control:
        wait_until(lambda: "not_ready" in control.log)
        (directory / server.name).symlink_to(server)
        control.wait_ready()


def test_requests_under_way_are_answered_before_the_end(tmp_path: Path, database_url: str) -> None:
    body = json.dumps(_LOGIN).encode()
    head = (
        b"POST /authentication/login HTTP/1.1\r\nhost: control.test\r\ncontent-type: application/json\r\n"
        b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body)
    )
    with control_process(tmp_path, database_url, settings_for_tests()) as control:
        control.wait_ready()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(str(control.socket_path))
            client.sendall(head)
            assert client.recv(1024).startswith(b"HTTP/1.1 100")  # the handler has begun, and waits for the body
            control.process.terminate()
            wait_until(lambda: "control_plane_stopping" in control.log)
            client.sendall(body)
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        assert control.end() == 0
