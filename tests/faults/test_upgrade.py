"""S8: hosts of two releases on one database, and a release whose migration is broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from bench.processes import simulator
from tests.running import Instance, running, until

import control_layer

NEXT = """
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {step}
"""
EXPAND = (
    'op.execute("ALTER TABLE users ADD COLUMN nickname text"); '
    'op.execute("CREATE TABLE nicknames (user_id uuid PRIMARY KEY REFERENCES users (id))")'
)
BROKEN = 'op.execute("ALTER TABLE users ADD COLUMN nickname text"); op.execute("SELECT 1 / 0")'
HEAD = "SELECT version_num FROM alembic_version"
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'"


@pytest.fixture
def release(tmp_path: Path) -> Callable[[str, str], dict[str, str]]:
    """The environment of a later release: this one and a migration more."""

    def make(head: str, step: str) -> dict[str, str]:
        place = tmp_path / "later"
        shutil.copytree(Path(control_layer.__file__).parent, place / "control_layer")
        versions = place / "control_layer" / "store" / "migrations" / "versions"
        (versions / "9999_next.py").write_text(NEXT.format(head=head, step=step))
        return {"PYTHONPATH": str(place)}

    return make


def chat(instance: Instance, key: str) -> int:
    body = {"model": "sim-small", "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"{instance.base_url}/chat/completions", json=body, headers=headers, timeout=30).status_code


def test_the_release_before_goes_on_and_starts_again_on_the_new_schema(
    tmp_path: Path, database_url: str, release: Callable[[str, str], dict[str, str]]
) -> None:
    external = {"DATABASE_URL": database_url, "CONTROL_LAYER_DATABASE__TYPE": "external"}
    with simulator() as url, running(tmp_path / "old", environment=external) as old:
        old.connect_provider(url, ["sim-small"])
        key = old.make_key("before")["key"]
        old.wait_callable(key, "sim-small")
        (head,) = old.sql(HEAD)
        later = release(head["version_num"], EXPAND)
        with running(tmp_path / "new", environment=external | later) as new:
            assert new.sql(HEAD) == [{"version_num": "9999"}]
            for number, instance in enumerate((old, new, old)):
                made = instance.make_key(f"after-{number}")["key"]
                user = {"username": f"user-{number}", "email": f"{number}@example.org", "roles": []}
                instance.api("POST", "/users", user, status=201)
                for host in (old, new):
                    host.wait_callable(made, "sim-small")
                    assert chat(host, made) == 200
                if instance is new:
                    assert old.stop() == 0
                    old.start_again()
                    assert "database_ahead" in old.log()
            until(lambda: len(new.requests(outcome="completed")) == 6)


def test_a_broken_migration_stops_the_start_and_leaves_everything_as_it_was(
    tmp_path: Path, database_url: str, release: Callable[[str, str], dict[str, str]]
) -> None:
    external = {"DATABASE_URL": database_url, "CONTROL_LAYER_DATABASE__TYPE": "external"}
    with simulator() as url, running(tmp_path / "old", environment=external) as old:
        old.connect_provider(url, ["sim-small"])
        key = old.make_key("before")["key"]
        old.wait_callable(key, "sim-small")
        before = old.sql(HEAD), old.sql(COLUMNS)
        later = release(before[0][0]["version_num"], BROKEN)
        with (
            pytest.raises(AssertionError, match="it ended with 3"),
            running(tmp_path / "new", environment=external | later),
        ):
            pass
        assert "division by zero" in (tmp_path / "new" / "stderr").read_text()
        assert (old.sql(HEAD), old.sql(COLUMNS)) == before
        assert chat(old, key) == 200
        assert old.stop() == 0
        old.start_again()
        assert chat(old, key) == 200
