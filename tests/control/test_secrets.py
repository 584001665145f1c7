"""No secret stands in clear in the database, nor in what the process says of itself."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
from tests.control.control_process import control_process, wait_until
from tests.control.management import ADMIN_EMAIL, ADMIN_PASSWORD, API, SECRET_KEY, settings_for_tests

from control_layer.store.engine import connect

_PASSWORD = "a registered password"


def _done(response: httpx.Response, status: int) -> httpx.Response:
    assert response.status_code == status, response.text
    return response


def _live_a_little(client: httpx.Client, mails: Path) -> list[str]:
    """What people do, failures included; returns every secret that came up."""
    secrets = [ADMIN_PASSWORD, SECRET_KEY, _PASSWORD]
    admin = _done(client.post("/authentication/login", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}), 200)
    session = admin.headers["set-cookie"].split(";")[0]
    secrets.append(session.partition("=")[2])
    client.cookies.clear()
    registration = {"username": "jo", "email": "jo@example.org", "password": _PASSWORD}
    jo = _done(client.post("/authentication/register", json=registration), 201).json()["user"]["id"]
    client.cookies.clear()
    as_admin = {"cookie": session}
    keys = f"{API}/users/{jo}/api-keys"
    made = _done(client.post(keys, json={"name": "a", "purpose": "platform"}, headers=as_admin), 201).json()
    rotated = _done(client.post(f"{keys}/{made['id']}/rotate", headers=as_admin), 200).json()
    secrets += [made["key"], rotated["key"]]
    as_jo = {"authorization": f"Bearer {rotated['key']}"}
    own = _done(client.post(f"{API}/users/current/api-keys", json={"name": "b"}, headers=as_jo), 201).json()
    secrets.append(own["key"])
    change = {"current_password": "a wrong password", "new_password": "a new password"}
    _done(client.post("/authentication/password-change", json=change, headers=as_jo), 401)
    _done(client.post("/authentication/login", json={"email": [_PASSWORD], "password": 5}), 422)
    _done(client.post("/authentication/login", content=f'{{"password": "{_PASSWORD}"', headers=as_jo), 415)
    _done(client.get(f"{API}/users/{own['key']}", headers=as_jo), 400)
    secrets.append(_reset(client, mails))
    return [*secrets, "a wrong password", "a new password"]


def _reset(client: httpx.Client, mails: Path) -> str:
    """A forgotten password, as far as its mail; the token of the link."""
    _done(client.post("/authentication/password-resets", json={"email": "jo@example.org"}), 200)
    wait_until(lambda: mails.exists() and any(mails.glob("*.eml")))
    (mail,) = mails.glob("*.eml")
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    plain = message.get_body(("plain",))
    assert plain is not None
    (url,) = [line for line in plain.get_content().split() if line.startswith("http") and "token=" in line]
    query = parse_qs(urlsplit(url).query)
    confirm = f"/authentication/password-resets/{query['id'][0]}/confirm"
    _done(client.post(confirm, json={"token": "a wrong token", "new_password": _PASSWORD}), 400)
    return str(query["token"][0])


async def test_no_secret_in_clear_in_the_database_or_the_log(tmp_path: Path, database_url: str) -> None:
    settings = settings_for_tests(auth={"native": {"allow_registration": True}}, log_level="debug")
    with control_process(tmp_path, database_url, settings) as control:
        control.wait_ready()
        connection = await connect(database_url)
        with control.client() as client:
            secrets = _live_a_little(client, tmp_path / "mail")
            dump = await _dump(connection)
            # a failure inside, with secrets on the way in
            await connection.execute("ALTER TABLE users RENAME COLUMN password_hash TO gone")
            login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
            answer = _done(client.post("/authentication/login", json=login), 500).text
        await connection.close()
        control.process.terminate()
        assert control.end() == 0
        assert "database_failure" in control.log
        for place in (dump, control.log, answer):
            for secret in secrets:
                assert secret not in place
                assert secret.encode().hex() not in place


async def _dump(connection: asyncpg.Connection[Any]) -> str:
    """Every row of every table as text; bytes are in hexadecimal."""
    rows: list[str] = []
    tables = await connection.fetch("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        rows += [row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} t")]  # noqa: S608
    text = "\n".join(rows)
    assert "jo@example.org" in text
    return text
