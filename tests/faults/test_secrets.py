"""No secret stands in clear where a whole instance leaves something behind: logs, tables, files, errors.

People sign in, make keys and connect providers, with mistakes and crashes on the way; then everything is searched. What
a client said in a request's body is logged as it was said, where the request log is on: that is what it is for.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.processes import simulator
from tests.faults.target import chat, form, ours_only
from tests.running import ADMIN_EMAIL, ADMIN_PASSWORD, SECRET_KEY, Instance, running, until

pytestmark = [pytest.mark.server, ours_only]

_CREDENTIAL = f"provider-credential-{secrets.token_urlsafe(16)}"
_WRONG_CREDENTIAL = f"wrong-credential-{secrets.token_urlsafe(16)}"
_MODELS = ["sim-small", "sim-error-500", "sim-cut", "sim-reset-middle", "sim-slow-chunks-50ms-tokens-600"]
_API = "/admin/api/v1"


@dataclass(slots=True)
class Story:
    """What happened on an instance: every secret that came up, and everything that anybody was told."""

    instance: Instance
    provider: str
    secrets: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def ask(
        self, method: str, path: str, *statuses: int, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """A call by anybody; its answer is noted, unless it is one that gives a secret away once."""
        answer = httpx.request(method, self.instance.address + path, headers=headers, timeout=60.0, **more)
        assert answer.status_code in statuses, f"{method} {path}: {answer.status_code} {answer.text}"
        if answer.status_code >= 400:
            self.told.append(f"{answer.headers} {answer.text}")
        return answer

    def keep(self, what: str, secret: str) -> str:
        """Notes a secret."""
        assert len(secret) > 15
        self.secrets[what] = secret
        return secret


def _people_sign_in(story: Story) -> None:
    wrong = story.keep("a mistyped password", "a wrong horse battery")
    for password, status in ((wrong, 401), (ADMIN_PASSWORD, 200)):
        story.ask("POST", "/authentication/login", status, json={"email": ADMIN_EMAIL, "password": password})
    story.ask("POST", "/authentication/login", 422, json={"email": [ADMIN_PASSWORD], "password": 5})
    story.ask("POST", "/authentication/login", 400, 415, 422, content=f'{{"password": "{ADMIN_PASSWORD}"')
    story.keep("a session", str(story.instance.admin.headers["cookie"]).partition("=")[2])
    cookie = {"cookie": str(story.instance.admin.headers["cookie"])}
    fresh = story.keep("a new password", "an even more correct horse")
    change = {"current_password": wrong, "new_password": fresh}
    story.ask("POST", "/authentication/password-change", 401, headers=cookie, json=change)


def _keys_are_made(story: Story) -> str:
    instance = story.instance
    about = {"username": "jo", "email": "jo@example.org", "roles": ["StandardUser"]}
    jo = instance.api("POST", "/users", about, status=201)["id"]
    story.keep("a key that its holder has not seen", instance.make_key("waiting", user_id=jo)["key"])
    rotated = instance.make_key("rotated")
    story.keep("a key before its rotation", rotated["key"])
    path = f"/users/current/api-keys/{rotated['id']}"
    story.keep("a key after its rotation", instance.api("POST", f"{path}/rotate")["key"])
    deleted = instance.make_key("deleted")
    story.keep("a deleted key", deleted["key"])
    instance.api("DELETE", f"/users/current/api-keys/{deleted['id']}", status=204)
    platform = story.keep("a platform key", instance.make_key("platform", purpose="platform")["key"])
    as_platform = {"authorization": f"Bearer {platform}"}
    story.ask("GET", f"{_API}/users/current", 200, headers=as_platform)
    story.ask("GET", f"{_API}/users/{platform}", 400, 404, 422, headers=as_platform)
    return story.keep("a key", instance.make_key("used")["key"])


def _providers_are_connected(story: Story) -> None:
    instance = story.instance
    instance.connect_provider(story.provider, _MODELS, api_key=story.keep("a credential", _CREDENTIAL))
    wrong = story.keep("a credential that the provider refuses", _WRONG_CREDENTIAL)
    instance.connect_provider(
        story.provider, ["sim-refused"], name="refused", api_key=wrong, alias_mapping={"sim-refused": "refused"}
    )
    cookie = {"cookie": str(instance.admin.headers["cookie"])}
    for url in (story.provider, "http://127.0.0.1:1/v1", "not a url"):
        body = {"type": "new", "url": url, "api_key": wrong}
        story.ask("POST", f"{_API}/endpoints/validate", 400, 422, 500, headers=cookie, json=body)
    nameless: dict[str, object] = {"name": 5, "url": story.provider, "api_key": wrong}
    story.ask("POST", f"{_API}/endpoints", 422, headers=cookie, json=nameless)
    taken = {**nameless, "name": "provider", "skip_fetch": True, "model_filter": ["x"]}
    story.ask("POST", f"{_API}/endpoints", 409, headers=cookie, json=taken)


def _models_are_called(story: Story, key: str) -> None:
    instance = story.instance
    instance.wait_callable(key, "refused")
    instance.wait_callable(key, "sim-small")
    places: list[dict[str, str]] = [{"authorization": f"Bearer {key}"}, {"x-api-key": key}, {"api-key": key}]
    for headers in places:
        for model in (*_MODELS[:-1], "refused", "unknown"):
            for stream in (False, True):
                _call(story, headers, chat(model, stream=stream))
        story.ask("POST", "/ai/v1/chat/completions", 400, headers=headers, content=b"{")
        story.ask("POST", f"/ai/v1/chat/completions?key={key}", 200, headers=headers, json=chat("sim-small"))
    said = {
        "authorization": f"Bearer {key}",
        "cookie": f"session={story.keep('a cookie of a client', secrets.token_urlsafe(24))}",
        "x-internal-token": story.keep("a token of a client's own", secrets.token_urlsafe(24)),
        "x-note": f"made with {key}",
    }
    story.ask("POST", "/ai/v1/chat/completions", 200, headers=said, json=chat("sim-small"))
    body, content_type = form("sim-small", 1000)
    headers = {"authorization": f"Bearer {key}", "content-type": content_type}
    story.ask("POST", "/ai/v1/audio/transcriptions", 200, headers=headers, content=body)
    for what in ("a deleted key", "a key before its rotation", "a platform key"):
        headers = {"authorization": f"Bearer {story.secrets[what]}"}
        until(
            lambda headers=headers: (  # type: ignore[misc]
                story.ask(
                    "POST", "/ai/v1/chat/completions", 200, 401, 403, headers=headers, json=chat("sim-small")
                ).status_code
                != 200
            )
        )
    typed = story.keep("a mistyped key", "sk-" + secrets.token_urlsafe(32))
    story.ask("POST", "/ai/v1/messages", 401, headers={"x-api-key": typed}, json=chat("sim-small", max_tokens=1))
    story.ask("GET", f"/ai/v1/{typed}", 401, 404, headers={"authorization": f"Bearer {key}"})


def _call(story: Story, headers: dict[str, str], body: dict[str, object]) -> None:
    url = f"{story.instance.address}/ai/v1/chat/completions"
    try:
        answer = httpx.post(url, json=body, headers=headers, timeout=60.0)
    except httpx.RemoteProtocolError:
        return  # that is how a message that broke off looks
    story.told.append(f"{answer.headers} {answer.text}")


def _processes_die(story: Story, key: str) -> None:
    """With a stream under way, so that it is cut in all of them."""
    instance = story.instance
    headers = {"authorization": f"Bearer {key}"}
    body = chat(_MODELS[-1], stream=True)
    url = f"{instance.base_url}/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60.0) as answer:
        lines = answer.iter_lines()
        assert next(lines)
        for name in ("control", "postgres", "gateway"):
            before = instance.pids(name)
            instance.kill(name)
            until(lambda name=name, before=before: instance.pids(name) not in ([], before), seconds=60)  # type: ignore[misc]
    until(lambda: httpx.get(f"{instance.address}/healthz", timeout=60.0).status_code == 200, seconds=60)
    story.ask("POST", "/ai/v1/chat/completions", 200, headers=headers, json=chat("sim-small"))
    until(lambda: instance.requests(outcome="lost"), seconds=60)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """An instance that has seen a lot, and is still running."""
    environment = {"CONTROL_LAYER_LOG_LEVEL": "debug", "CONTROL_LAYER_LOG_FORMAT": "json"}
    with (
        simulator("--api-key", _CREDENTIAL) as provider,
        running(tmp_path_factory.mktemp("secrets"), environment=environment) as instance,
    ):
        story = Story(instance, provider)
        story.keep("the administrator's password", ADMIN_PASSWORD)
        story.keep("the secret key", SECRET_KEY)
        database = instance.data / "postgres" / "cluster" / "password"
        story.keep("the database's password", database.read_text().strip())
        _people_sign_in(story)
        _providers_are_connected(story)
        key = _keys_are_made(story)
        _models_are_called(story, key)
        _processes_die(story, key)
        yield story


def _disguises(secret: str) -> list[bytes]:
    """As it is, and in the encodings in which it would still be in clear."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)]
    return [plain, plain.hex().encode(), json.dumps(secret).encode()[1:-1], *shifted]


def _found(story: Story, text: bytes) -> list[str]:
    return [what for what, secret in story.secrets.items() if any(form in text for form in _disguises(secret))]


def test_in_the_log(story: Story) -> None:
    log = story.instance.log()
    assert "child_died" in log
    assert _found(story, log.encode()) == []
    assert _found(story, story.instance.output().encode()) == []


def test_in_what_anybody_was_told(story: Story) -> None:
    assert len(story.told) > 40
    assert any("upstream_authentication" in told for told in story.told)
    assert _found(story, "\n".join(story.told).encode()) == []


def test_in_any_table(story: Story) -> None:
    instance = story.instance
    tables = instance.sql("SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
    rows = 0
    for table in tables:
        # Bytes are shown in hexadecimal.
        dump = instance.sql(f"SELECT t::text AS row FROM {table['name']} t")  # noqa: S608 - our own tables
        rows += len(dump)
        assert _found(story, "\n".join(row["row"] for row in dump).encode()) == [], table["name"]
    assert rows > 50


def test_in_what_is_read_through_the_api(story: Story) -> None:
    for path in ("/users", "/groups", "/endpoints", "/models?limit=100", "/users/current/api-keys", "/config"):
        answer = story.instance.admin.get(_API + path)
        assert answer.status_code == 200, path
        assert _found(story, answer.content) == [], path


def test_in_any_file(story: Story) -> None:
    """The persisted snapshot, the journal, and all of Postgres' own files, its write-ahead log among them."""
    searched: list[str] = []
    for path in _files(story.instance.data):
        try:
            found = _found(story, path.read_bytes())
        except FileNotFoundError:  # journals and write-ahead logs come and go
            continue
        if path == story.instance.data / "postgres" / "cluster" / "password":
            assert found == ["the database's password"]
            assert path.stat().st_mode & 0o077 == 0
        else:
            assert found == [], path
        searched.append(str(path.relative_to(story.instance.data)))
    for part in ("snapshot", "journal/", "postgres/postgres.log", "pg_wal/"):
        assert any(part in name for name in searched), part


def _files(directory: Path) -> list[Path]:
    """What there is at this moment."""
    return [path for path in sorted(directory.rglob("*")) if path.is_file() and not path.is_symlink()]
