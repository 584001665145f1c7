"""The commands for operators, typed at a running instance."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.operator.conftest import Operator
from tests.running import API, Instance, running

from control_layer.operator.local_instance import LocalInstance, is_loopback

pytestmark = pytest.mark.server


def _may_manage(instance: Instance, secret: str) -> bool:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.get(f"{instance.address}{API}/users/current", headers=headers, timeout=30.0).status_code == 200


def test_accounts_are_made_listed_and_shown_by_any_of_their_names(operator: Operator) -> None:
    operator.run("group", "create", "readers")
    made = operator.json(
        "user", "create", "ann@example.org", "--username", "ann", "--role", "BillingManager", "--group", "readers"
    )
    assert (made["username"], made["roles"]) == ("ann", ["BillingManager", "StandardUser"])
    listed = operator.json("user", "list", "--search", "ann@example.org")
    assert [person["id"] for person in listed] == [made["id"]]
    for name in ("ann@example.org", "ann", made["id"]):
        shown = operator.json("user", "show", name)
        assert (shown["id"], [group["name"] for group in shown["groups"]]) == (made["id"], ["readers", "Everyone"])
    line = operator.run("user", "list", "--search", "ann@example.org").stdout
    assert line.split("\t")[:4] == ["ann@example.org", "ann", "", "BillingManager,StandardUser"]
    operator.run("user", "delete", "ann", status=2)
    operator.run("user", "delete", "ann", "--yes")
    operator.run("user", "show", "ann", status=1)


def test_a_keys_secret_is_all_that_stands_on_standard_output_and_works_until_revoked(
    instance: Instance, operator: Operator
) -> None:
    operator.run("user", "create", "kay@example.org")
    secret = operator.run("key", "create", "ops", "--purpose", "platform", "--user", "kay@example.org").stdout.strip()
    assert secret.startswith("sk-")
    assert _may_manage(instance, secret)
    listed = operator.run("key", "list", "--user", "kay@example.org").stdout
    assert listed.split("\t")[:2] == ["ops", "platform"]
    assert secret not in listed
    renewed = operator.json("key", "rotate", "ops", "--user", "kay@example.org")["key"]
    assert _may_manage(instance, renewed)
    operator.run("key", "revoke", "ops", "--user", "kay@example.org")
    assert not _may_manage(instance, renewed)
    assert "did you mean" not in operator.run("key", "revoke", "ops", "--user", "kay@example.org", status=1).stderr


def test_a_key_has_the_limits_it_was_made_with(instance: Instance, operator: Operator) -> None:
    instance.connect_provider("http://127.0.0.1:9/v1", ["limited"], name="limits")
    limits = ("--requests-per-second", "2.5", "--burst-size", "4", "--expires-at", "2030-01-01T00:00:00Z")
    made = operator.json("key", "create", "limited", "--model", "limited", *limits)
    assert (made["requests_per_second"], made["burst_size"], made["models"]) == (2.5, 4, ["limited"])
    assert made["expires_at"] == "2030-01-01T00:00:00Z"
    said = operator.run("key", "create", "other", "--model", "limitd", status=1).stderr
    assert "did you mean 'limited'?" in said


def test_models_are_granted_and_revoked_by_name(instance: Instance, operator: Operator) -> None:
    instance.connect_provider("http://127.0.0.1:9/v1", ["granted"], name="grants")
    operator.run("group", "create", "callers", "--description", "They call")
    operator.run("model", "grant", "granted", "callers")
    (model,) = operator.json("model", "list", "--search", "granted")
    assert sorted(group["name"] for group in model["groups"]) == ["Everyone", "callers"]
    operator.run("model", "revoke", "granted", "Everyone")
    line = operator.run("model", "list", "--search", "granted").stdout.rstrip("\n")
    assert line.split("\t") == ["granted", "standard", "CHAT", "grants", "granted", "callers"]
    assert "did you mean 'callers'?" in operator.run("model", "grant", "granted", "caller", status=1).stderr


def test_people_join_and_leave_groups(operator: Operator) -> None:
    operator.run("user", "create", "lea@example.org")
    operator.run("group", "create", "leavers")
    operator.run("group", "add", "leavers", "lea@example.org")
    assert len(operator.json("user", "show", "lea@example.org")["groups"]) == 2
    operator.run("group", "remove", "leavers", "lea@example.org")
    assert len(operator.json("user", "show", "lea@example.org")["groups"]) == 1
    operator.run("group", "remove", "leavers", "lea@example.org", status=1)


def test_an_address_of_several_accounts_is_not_guessed_about(instance: Instance, operator: Operator) -> None:
    operator.run("user", "create", "twin@example.org", "--username", "twin-1")
    instance.sql("UPDATE users SET auth_source = 'oidc' WHERE username = 'twin-1'")
    operator.run("user", "create", "twin@example.org", "--username", "twin-2")
    said = operator.run("user", "show", "twin@example.org", status=2).stderr
    assert "'twin-1'" in said
    assert "'twin-2'" in said
    assert operator.json("user", "show", "twin-2")["username"] == "twin-2"


def test_a_new_password_is_shown_once_and_lets_its_person_in(tmp_path: Path) -> None:
    with running(tmp_path / "instance", environment={"CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true"}) as own:
        person = {"username": "reg", "email": "reg@example.org", "password": "forgotten password"}
        answer = httpx.post(f"{own.address}/authentication/register", json=person, timeout=30.0)
        assert answer.status_code == 201
        key = own.make_key("operator", purpose="platform")["key"]
        operator = Operator(tmp_path, {"CONTROL_LAYER_URL": own.address, "CONTROL_LAYER_API_KEY": key})
        password = operator.run("user", "reset-password", "reg@example.org").stdout.strip()
        login = {"email": "reg@example.org", "password": password}
        assert httpx.post(f"{own.address}/authentication/login", json=login, timeout=30.0).status_code == 200
        assert password not in own.log()


def test_endpoints_are_added_with_a_credential_by_reference(operator: Operator) -> None:
    said = operator.run("endpoint", "add", "absent", "http://127.0.0.1:9/v1", "--credential-env", "ABSENT", status=2)
    assert "set ABSENT" in said.stderr
    said = operator.run("endpoint", "add", "silent", "http://127.0.0.1:9/v1", status=1)
    assert "127.0.0.1:9" in said.stderr
    assert "silent" not in operator.run("endpoint", "list").stdout


# -- who is asked, and in whose name -----------------------------------------------------------------------------------


def test_nobody_there_is_said_with_what_to_do(operator: Operator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = operator.run("user", "list", "--url", f"http://127.0.0.1:{port}", status=3).stderr
    assert "control-layer serve" in said
    operator.run("user", "list", "--url", "127.0.0.1", status=2)
    operator.run("user", "list", "--url", "http://me:secret@127.0.0.1", status=2)


def test_a_key_that_is_not_accepted_is_named_by_its_place_and_never_shown(operator: Operator, tmp_path: Path) -> None:
    wrong = "sk-wrong-and-never-shown"
    said = operator.run("user", "list", status=1, CONTROL_LAYER_API_KEY=wrong).stderr
    assert "CONTROL_LAYER_API_KEY" in said
    (tmp_path / "key").write_text(wrong + "\n")
    from_file = operator.run("user", "list", "--api-key-file", str(tmp_path / "key"), status=1).stderr
    assert str(tmp_path / "key") in from_file
    assert wrong not in said + from_file
    operator.run("user", "list", "--api-key-file", "nowhere", status=2)
    operator.run("user", "list", status=2, CONTROL_LAYER_API_KEY="two words")


def test_a_missing_right_is_named(operator: Operator) -> None:
    operator.run("user", "create", "std@example.org")
    secret = operator.run("key", "create", "k", "--purpose", "platform", "--user", "std@example.org").stdout.strip()
    said = operator.run("user", "create", "x@example.org", status=1, CONTROL_LAYER_API_KEY=secret).stderr
    assert "Insufficient permissions to Create Users" in said
    operator.run("key", "create", "own", status=0, CONTROL_LAYER_API_KEY=secret)


class _Stranger(http.server.BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"hi")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[tuple[str, list[str]]]:
    """Another program's server: its address, and the paths it was asked for."""
    seen: list[str] = []
    handler = type("Handler", (_Stranger,), {"seen": seen})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


def test_another_server_is_recognised_as_such(operator: Operator, stranger: tuple[str, list[str]]) -> None:
    address, _ = stranger
    assert "another server" in operator.run("user", "list", "--url", address, status=3).stderr


def test_the_owner_of_a_local_instance_needs_no_key(tmp_path: Path) -> None:
    with running(tmp_path / "instance", environment={"CONTROL_LAYER_ADMIN_PASSWORD": None}) as own:
        operator = Operator(
            tmp_path,
            {
                "CONTROL_LAYER_URL": own.address,
                "CONTROL_LAYER_DATA_DIR": str(own.data),
                "CONTROL_LAYER_ADMIN_EMAIL": "admin@example.org",
            },
        )
        assert operator.run("user", "list").stdout.startswith("admin@example.org\t")
        said = operator.run("user", "list", status=1, CONTROL_LAYER_ADMIN_EMAIL="somebody@else").stderr
        assert "CONTROL_LAYER_ADMIN_EMAIL" in said
        assert (own.data / "admin_password").read_text().strip() not in said


def test_the_administrators_password_goes_to_nobody_but_the_instance(
    tmp_path: Path, stranger: tuple[str, list[str]]
) -> None:
    address, seen = stranger
    (tmp_path / "admin_password").write_text("the password\n")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "lock").write_text(f"{other.pid}\n")
        operator = Operator(tmp_path, {"CONTROL_LAYER_URL": address, "CONTROL_LAYER_DATA_DIR": str(tmp_path)})
        assert "no credential" in operator.run("user", "list", status=2).stderr
        other.communicate(b"\n")
    assert seen == []


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:3001", True),
        ("http://[::1]:3001", True),
        ("http://localhost", True),
        ("http://localhost.example.org", False),
        ("http://10.0.0.1:3001", False),
        ("http://127.0.0.1.example.org", False),
    ],
)
def test_only_addresses_of_this_machine_are_local(url: str, here: bool) -> None:
    assert is_loopback(url) is here
    assert here or LocalInstance.behind(url, {}) is None


def test_what_would_be_done_with_a_request_is_explained(instance: Instance, operator: Operator, tmp_path: Path) -> None:
    instance.connect_provider("http://127.0.0.1:9/v1", ["explained"], name="explained")
    secret = operator.run("key", "create", "asks").stdout.strip()
    instance.wait_callable(secret, "explained")
    said = operator.run("explain", "asks", "explained").stdout.splitlines()
    assert said[0] == "allowed\tyes"
    assert said[-1] == "deployment\texplained at explained: weight 1, closed, 0 under way: asked as number 1"
    body = tmp_path / "body.json"
    body.write_text('{"input": "Hello"}')
    found = operator.json("explain", "asks", "explained", "--request", str(body), "--path", "/v1/embeddings")
    assert (found["allowed"], found["estimated_tokens"]) == (True, 10)
    body.write_text('{"models": ["explained", "another"]}')
    said = operator.run("explain", "asks", "unheard-of", "--request", str(body)).stdout.splitlines()
    assert said[1:3] == ["passed over\tunheard-of: 404 model_not_found", "answered by\texplained"]
    assert "then asks\tanother" in said
    refused = operator.run("explain", "asks", "unheard-of", status=4).stdout.splitlines()
    assert refused[0] == "allowed\tno: 404 model_not_found"
    operator.run("explain", "asks", "explained", "--request", str(tmp_path / "none"), status=2)
