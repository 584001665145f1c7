"""No secret in clear: not in logs, not in the database, not in what lies on disk, not in what a client is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bench.processes import simulator
from tests.faults.target import FAILING, RESET_MIDDLE, SMALL, chat
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, SECRET_KEY, Instance, running, until

pytestmark = pytest.mark.server

_CREDENTIAL = "credential-of-the-provider-that-nobody-may-see"
_WRONG_PASSWORD = "a-wrong-password-that-was-typed"


@pytest.fixture
def used(tmp_path: Path) -> Iterator[tuple[Instance, dict[str, str]]]:
    """An instance through which all its secrets have gone, and those by name."""
    with simulator("--api-key", _CREDENTIAL) as provider, running(tmp_path) as instance:
        models = [SMALL, FAILING, RESET_MIDDLE]
        instance.connect_provider(provider, models, api_key=_CREDENTIAL)
        instance.connect_provider(provider, ["sim-large"], name="refused", api_key=_CREDENTIAL + "-no-more")
        user = {"username": "jo", "email": "jo@example.org", "roles": []}
        user_id = instance.api("POST", "/users", user, status=201)["id"]
        keys = {
            "key": str(instance.make_key("mine")["key"]),
            "pending key": str(instance.make_key("theirs", user_id=user_id)["key"]),
            "platform key": str(instance.make_key("platform", purpose="platform")["key"]),
        }
        rotated = instance.make_key("rotated")
        keys["old secret"] = str(rotated["key"])
        path = f"/users/current/api-keys/{rotated['id']}/rotate"
        keys["new secret"] = str(instance.api("POST", path)["key"])
        instance.wait_callable(keys["key"], SMALL)
        _use(instance, keys)
        cookie = instance.admin.headers["cookie"].partition("=")[2]
        yield (
            instance,
            keys
            | {
                "credential": _CREDENTIAL,
                "password": ADMIN_PASSWORD,
                "wrong password": _WRONG_PASSWORD,
                "secret key": SECRET_KEY,
                "session": cookie,
            },
        )


def _use(instance: Instance, keys: dict[str, str]) -> None:
    login = {"email": ADMIN_EMAIL, "password": _WRONG_PASSWORD}
    assert httpx.post(f"{instance.address}/authentication/login", json=login, timeout=30.0).status_code == 401
    for key in keys.values():
        for model in (SMALL, FAILING, RESET_MIDDLE, "sim-large", "unknown"):
            for stream in (True,) if model == RESET_MIDDLE else (False, True):
                answer = httpx.post(
                    f"{instance.base_url}/chat/completions",
                    json=chat(model, stream=stream),
                    headers={"authorization": f"Bearer {key}"},
                    timeout=30.0,
                )
                told = answer.text + repr(answer.headers.multi_items())
                assert _CREDENTIAL not in told
                assert not any(secret in told for secret in keys.values())
        platform = httpx.get(
            f"{instance.address}/admin/api/v1/users/current", headers={"authorization": f"Bearer {key}"}, timeout=30.0
        )
        assert key not in platform.text
    until(lambda: instance.requests(model=RESET_MIDDLE, outcome="failed"))


def test_no_secret_is_left_in_clear(used: tuple[Instance, dict[str, str]]) -> None:
    instance, secrets = used
    places = {"log": instance.log().encode(), "printed": instance.output().encode()}
    for row in instance.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        table = row["tablename"]
        rows = instance.sql(f'SELECT * FROM "{table}"')  # noqa: S608 - a table's own name
        places[f"table {table}"] = b"\n".join(
            value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()
        )
    for path in instance.data.rglob("*"):
        if path.is_file() and "postgres" not in path.parts:
            places[str(path.relative_to(instance.data))] = path.read_bytes()
    assert len(places["table requests"]) > 1000
    found = [
        (secret, place) for place, text in places.items() for secret, value in secrets.items() if value.encode() in text
    ]
    assert found == []
