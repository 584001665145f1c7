"""People, groups and what hangs on them, changed and deleted at once: no failure, and nothing left of who is gone."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from tests.control.endpoints.calls import create_endpoint
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.models.calls import standard

from control_layer.control.permissions import Role

_USERS, _GROUPS, _SCIM = f"{API}/users", f"{API}/groups", "/scim/v2"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_PASSWORD = "correct horse"
_ROUNDS = 6
_GONE = "SELECT 1 FROM users u JOIN {} ON u.id = t.user_id WHERE u.deleted_at IS NOT NULL"
_HERE = "SELECT 1 FROM users u {} AND u.deleted_at IS NULL AND u.username <> 'system' {}"
_NOTHING_HANGS = {
    "keys of the deleted": _GONE.format("api_keys t"),
    "memberships of the deleted": _GONE.format("group_members t"),
    "sessions of the deleted": _GONE.format("sessions t"),
    "links of the deleted": _GONE.format("password_resets t"),
    "identities of the deleted": _GONE.format("identities t"),
    "passwords of the deleted": "SELECT 1 FROM users WHERE deleted_at IS NOT NULL AND password_hash IS NOT NULL",
    "people without hidden keys": _HERE.format(
        "LEFT JOIN api_keys k ON k.user_id = u.id AND k.hidden WHERE true", "GROUP BY u.id HAVING count(k.id) <> 2"
    ),
    "people who are no StandardUser": _HERE.format("WHERE NOT 'StandardUser' = ANY(roles)", ""),
    "administrators": "SELECT 1 FROM users WHERE is_admin OFFSET 1",
    "objects of another account than there is": (
        "SELECT 1 FROM (SELECT id, user_object(users) AS object FROM users WHERE deleted_at IS NULL) u "
        "FULL JOIN user_objects o ON o.user_id = u.id WHERE u.object IS DISTINCT FROM o.object"
    ),
    "names twice": _HERE.format("WHERE true", "GROUP BY username HAVING count(*) > 1"),
}
_Call = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
async def open_house(database_url: str) -> AsyncIterator[Management]:
    """Where people open accounts themselves, so that they have passwords and sessions."""
    auth = {"native": {"allow_registration": True}}
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        yield management


async def _at_once(calls: list[_Call], order: random.Random) -> Counter[int]:
    order.shuffle(calls)
    answers = await asyncio.gather(*(call() for call in calls))
    for answer in answers:
        assert answer.status_code < 500, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return Counter(answer.status_code for answer in answers)


async def _nothing_hangs(management: Management) -> None:
    for what, statement in _NOTHING_HANGS.items():
        assert await management.sql(statement) == [], what


def _joining(user: str) -> dict[str, object]:
    return {"schemas": [_PATCH], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}]}


@pytest.mark.parametrize("seed", range(_ROUNDS))
async def test_somebody_is_deleted_while_everything_is_done_for_them(open_house: Management, seed: int) -> None:
    admin, order = open_house.admin, random.Random(seed)
    directory = (await open_house.person(Role.PLATFORM_MANAGER)).client
    group = await open_house.group()
    browser = await open_house.client()
    registration = {"username": "jo", "email": "jo@example.org", "password": _PASSWORD}
    user = (await answered(browser.post("/authentication/register", json=registration), 201))["user"]["id"]
    key = await answered(admin.post(f"{_USERS}/{user}/api-keys", json={"name": "k"}), 201)
    account, login = f"{_USERS}/{user}", {"email": "jo@example.org", "password": _PASSWORD}
    gift = {"user_id": user, "transaction_type": "admin_grant", "amount": "1", "source_id": "s"}
    changed = {"current_password": _PASSWORD, "new_password": "another horse"}
    calls: list[_Call] = [
        lambda: admin.post(f"{account}/api-keys", json={"name": "new"}),
        lambda: browser.post(f"{_USERS}/current/api-keys", json={"name": "own"}),
        lambda: admin.post(f"{account}/api-keys/{key['id']}/rotate"),
        lambda: browser.post(f"{account}/api-keys/{key['id']}/reveal"),
        lambda: admin.post(f"{account}/groups/{group}"),
        lambda: admin.post(f"{_GROUPS}/{group}/users/{user}"),
        lambda: directory.patch(f"{_SCIM}/Groups/{group}", json=_joining(user)),
        lambda: admin.patch(account, json={"roles": ["RequestViewer"]}),
        lambda: directory.patch(account, json={"is_active": False}),
        lambda: admin.post(f"{account}/password"),
        lambda: browser.post("/authentication/password-change", json=changed),
        lambda: browser.post("/authentication/login", json=login),
        lambda: browser.post("/authentication/password-resets", json={"email": "jo@example.org"}),
        lambda: admin.post(f"{API}/transactions", json=gift),
        lambda: admin.delete(account),
        lambda: directory.delete(f"{_SCIM}/Users/{user}"),
    ]
    await _at_once(calls, order)
    assert (await admin.get(account)).status_code == 404
    await _nothing_hangs(open_house)


@pytest.mark.parametrize("seed", range(_ROUNDS))
async def test_a_group_is_deleted_while_people_and_models_come_into_it(management: Management, seed: int) -> None:
    admin, order = management.admin, random.Random(seed)
    directory = (await management.person(Role.PLATFORM_MANAGER)).client
    people = [(await management.person()).id for _ in range(2)]
    endpoint = (await create_endpoint(management))["id"]
    model = (await standard(management, hosted_on=endpoint))["id"]
    group = await management.group()
    calls: list[_Call] = [
        lambda: admin.post(f"{_GROUPS}/{group}/models/{model}"),
        lambda: admin.post(f"{_GROUPS}/{group}/users/{people[0]}"),
        lambda: admin.post(f"{_USERS}/{people[1]}/groups/{group}"),
        lambda: directory.patch(f"{_SCIM}/Groups/{group}", json=_joining(people[0])),
        lambda: admin.patch(f"{_GROUPS}/{group}", json={"name": "renamed"}),
        lambda: admin.delete(f"{API}/models/{model}"),
        lambda: admin.delete(f"{_USERS}/{people[0]}"),
        lambda: admin.delete(f"{_GROUPS}/{group}"),
        lambda: directory.delete(f"{_SCIM}/Groups/{group}"),
    ]
    await _at_once(calls, order)
    for table in ("group_members", "group_models"):
        assert await management.sql(f"SELECT 1 FROM {table} WHERE group_id = $1", group) == []  # noqa: S608
    await _nothing_hangs(management)


async def test_one_name_goes_to_one_of_many_whatever_way_they_come(open_house: Management) -> None:
    admin = open_house.admin
    directory = (await open_house.person(Role.PLATFORM_MANAGER)).client
    taken = {"username": "jo", "email": "jo@example.org"}
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    strangers = [await open_house.client() for _ in range(3)]
    calls: list[_Call] = [
        *(lambda: admin.post(_USERS, json=taken | {"roles": []}) for _ in range(3)),
        *(lambda: directory.post(f"{_SCIM}/Users", json={"schemas": schemas, "userName": "jo"}) for _ in range(3)),
        *(
            lambda stranger=stranger: stranger.post("/authentication/register", json=taken | {"password": _PASSWORD})
            for stranger in strangers
        ),
    ]
    done = await _at_once(calls, random.Random(0))
    assert (done[201], done[409] + done[400]) == (1, 8)
    await _nothing_hangs(open_house)


async def test_edits_at_once_all_count_or_say_so(management: Management) -> None:
    person, group = await management.person(), await management.group()
    calls: list[_Call] = [
        lambda: management.admin.patch(f"{_USERS}/{person.id}", json={"display_name": "n"}),
        lambda: management.admin.patch(f"{_USERS}/{person.id}", json={"avatar_url": "a"}),
        lambda: person.client.patch(f"{_USERS}/{person.id}", json={"low_balance_threshold": 5}),
        lambda: management.admin.patch(f"{_USERS}/{person.id}", json={"roles": ["RequestViewer"]}),
        lambda: management.admin.patch(f"{_USERS}/{person.id}", json={"zero_data_retention": True}),
        lambda: management.admin.patch(f"{_GROUPS}/{group}", json={"name": "n"}),
        lambda: management.admin.patch(f"{_GROUPS}/{group}", json={"description": "d"}),
    ]
    assert await _at_once(calls, random.Random(0)) == {200: 7}
    user = await answered(management.admin.get(f"{_USERS}/{person.id}"), 200)
    seen = (user["display_name"], user["avatar_url"], user["low_balance_threshold"], user["zero_data_retention"])
    assert (*seen, "RequestViewer" in user["roles"]) == ("n", "a", 5, True, True)
    found = await answered(management.admin.get(f"{_GROUPS}/{group}"), 200)
    assert (found["name"], found["description"]) == ("n", "d")
