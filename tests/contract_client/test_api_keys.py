"""Section 4.2: API keys."""

from __future__ import annotations

import re

import pytest
from tests.contract_client.client import Person, World, fresh
from tests.contract_client.shapes import DEC, INT, NUM, STR, TS, UUID, array, fits, nullable, omitted, one_of

pytestmark = pytest.mark.server

KEY = {
    "id": UUID,
    "name": STR,
    "description": nullable(STR),
    "purpose": one_of("realtime", "platform", "batch", "playground"),
    "user_id": UUID,
    "created_by": UUID,
    "created_at": TS,
    "last_used": nullable(TS),
    "model_access": array(UUID),
    "requests_per_second": nullable(NUM),
    "burst_size": nullable(INT),
    "secret_revealed_at": nullable(TS),
    "spend_limit": nullable(DEC),
    "spend_limit_interval": nullable(STR),
    "spend": nullable(DEC),
    "total_spend": nullable(DEC),
    "resets_at": nullable(TS),
    "key": omitted(STR),
}
_MINE = "/users/current/api-keys"


def test_the_secret_is_shown_once(world: World) -> None:
    person = world.person()
    made = person.must("POST", _MINE, {"name": fresh("k")}, status=201)
    fits(made, KEY)
    assert re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", made["key"])
    assert (made["purpose"], made["user_id"], made["created_by"]) == ("realtime", person.id, person.id)
    page = person.get(_MINE)
    assert page["total_count"] == 1  # the hidden batch and playground keys are neither listed nor counted
    fits(page["data"], array(KEY))
    assert "key" not in page["data"][0]
    again = person.get(f"{_MINE}/{made['id']}")
    assert again.keys() == made.keys() - {"key"}
    assert person.call("POST", f"{_MINE}/{made['id']}/reveal").status_code == 409


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "  "}, 400),
        ({"name": ""}, 400),
        ({}, 422),
        ({"name": 7}, 422),
        ({"name": "k", "purpose": "other"}, 422),
        ({"name": "k", "purpose": "batch"}, 400),
        ({"name": "k", "purpose": "playground"}, 400),
        ({"name": "k", "spend_limit": "0"}, 400),
        ({"name": "k", "spend_limit_interval": "daily"}, 400),
        ({"name": "k", "spend_limit": "1", "spend_limit_interval": "hourly"}, 422),
    ],
)
def test_refused_keys(world: World, people: dict[str, Person], fields: dict[str, object], status: int) -> None:
    answer = people["StandardUser"].call("POST", _MINE, fields)
    assert answer.status_code == status, answer.text
    if not str(fields.get("name", "x")).strip():
        assert answer.text == "API key name cannot be empty"
    if fields.get("purpose") in ("batch", "playground"):
        assert answer.text.startswith("Cannot manually create API keys with 'batch' or 'playground' purpose.")


def test_names_are_unique_among_live_keys(world: World) -> None:
    person = world.person()
    made = person.must("POST", _MINE, {"name": "one"}, status=201)
    assert person.call("POST", _MINE, {"name": "one"}).status_code == 409
    person.must("DELETE", f"{_MINE}/{made['id']}", status=204)
    assert person.call("DELETE", f"{_MINE}/{made['id']}").status_code == 404
    assert person.call("GET", f"{_MINE}/{made['id']}").status_code == 404
    person.must("POST", _MINE, {"name": "one"}, status=201)


def test_patch_of_a_key(world: World) -> None:
    person = world.person()
    body = {"name": "k", "description": "d", "requests_per_second": 2.5, "burst_size": 5}
    made = person.must("POST", _MINE, body, status=201)
    fits(made, KEY)
    path = f"{_MINE}/{made['id']}"
    kept = person.must("PATCH", path, dict.fromkeys(body), status=200)
    assert {name: kept[name] for name in body} == body
    assert "key" not in kept
    spending = ("spend_limit", "spend_limit_interval", "spend", "total_spend", "resets_at")
    cleared = person.must("PATCH", path, {"spend_limit": None, "spend_limit_interval": None}, status=200)
    assert [cleared[name] for name in spending] == [None] * 5
    assert person.call("PATCH", path, {"reset_window": True}).status_code == 400
    assert person.call("PATCH", path, {"name": " "}).status_code == 400


def test_whose_key_it_is(world: World, people: dict[str, Person]) -> None:
    person, stranger = world.person(), world.person()
    made = person.must("POST", _MINE, {"name": "k"}, status=201)
    theirs = f"/users/{person.id}/api-keys"
    for method, path, body in (
        ("GET", theirs, None),
        ("POST", theirs, {"name": "x"}),
        ("GET", f"{theirs}/{made['id']}", None),
        ("PATCH", f"{theirs}/{made['id']}", {}),
        ("DELETE", f"{theirs}/{made['id']}", None),
        ("POST", f"{theirs}/{made['id']}/rotate", None),
    ):
        assert stranger.call(method, path, body).status_code == 403, path
    assert stranger.call("GET", f"{_MINE}/{made['id']}").status_code == 404
    assert world.admin.call("GET", f"/users/{stranger.id}/api-keys/{made['id']}").status_code == 404
    assert person.call("GET", f"{_MINE}?created_by={stranger.id}").status_code == 403
    assert people["PlatformManager"].get(theirs)["total_count"] == 1


def test_a_key_made_for_somebody_waits_for_their_look(world: World) -> None:
    person = world.person()
    made = world.admin.must("POST", f"/users/{person.id}/api-keys", {"name": "gift"}, status=201)
    assert (made["user_id"], made["created_by"], made["secret_revealed_at"]) == (person.id, person.id, None)
    path = f"/users/{person.id}/api-keys/{made['id']}"
    assert world.admin.call("POST", f"{path}/reveal").status_code == 404
    assert person.must("POST", f"{path}/reveal", status=200) == {"key": made["key"]}
    assert person.call("POST", f"{path}/reveal").status_code == 409
    assert person.get(path)["secret_revealed_at"] is not None
    rotated = person.must("POST", f"{path}/rotate", status=200)
    assert rotated.keys() == {"key"}
    assert rotated["key"] != made["key"]


def test_keys_are_listed_newest_first(world: World) -> None:
    person = world.person()
    made = [person.must("POST", _MINE, {"name": name}, status=201)["id"] for name in "abc"]
    assert [key["id"] for key in person.get(_MINE)["data"]] == made[::-1]
    assert [key["id"] for key in person.get(_MINE, skip=1, limit=1)["data"]] == [made[1]]
