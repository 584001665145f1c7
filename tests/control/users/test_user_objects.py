"""What is kept of an account for large pages is the account, whatever changed it last."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.control.management import API, Management, answered, managed, settings_for_tests
from tests.control.scim.directory import PATCH, USER, Directory, patch

from control_layer.store.engine import connect
from control_layer.store.migrations import migrate

_PASSWORD = "correct horse"
_NAMES = ("Jo", "", 'a "quoted"\\ name\n', "\u2028 é 🐙 \x7f", "mo")
_AMOUNTS = (None, 0, 0.1, 7, 1e21, 12.5)
_ROLES: tuple[list[str], ...] = ([], ["RequestViewer"], ["PlatformManager", "BillingManager"])
_STALE = (
    "SELECT 1 FROM (SELECT id, username, user_object(users) AS object FROM users WHERE deleted_at IS NULL) u "
    "FULL JOIN user_objects o ON o.user_id = u.id WHERE (u.username, u.object) IS DISTINCT FROM (o.username, o.object)"
)


@pytest.fixture
async def open_house(database_url: str) -> AsyncIterator[Management]:
    """Where people open accounts themselves, so that they have passwords and sessions."""
    auth = {"native": {"allow_registration": True}}
    async with managed(database_url, settings_for_tests(auth=auth)) as management:
        yield management


class _Walk:
    """People of one group, and what may happen to them."""

    def __init__(self, management: Management, directory: Directory, group: str, dice: random.Random) -> None:
        self._management = management
        self._directory = directory
        self._group = group
        self._dice = dice
        self._people: list[str] = []
        self._registered: set[str] = set()
        self._number = 0
        self._steps: list[Callable[[], Awaitable[None]]] = [
            *(self._create, self._provision, self._register, self._patch, self._patch, self._stop, self._import),
            *(self._put, self._rename, self._delete, self._remove),
        ]

    async def step(self) -> None:
        alone = not set(self._people) - self._registered
        await self._dice.choice(self._steps[:3] if alone else self._steps)()

    async def check(self) -> None:
        """The page has everybody who is there, as everybody else is told of them."""
        admin = self._management.admin
        page = await answered(admin.get(f"{API}/groups?include=users&search=walkers"), 200)
        people = page["data"][0].get("users", [])
        assert [person["username"] for person in people] == sorted(person["username"] for person in people)
        assert {person["id"] for person in people} == set(self._people)
        for person in people:
            assert person == await answered(admin.get(f"{API}/users/{person['id']}"), 200)

    async def _join(self, user: str) -> None:
        await answered(self._management.admin.post(f"{API}/groups/{self._group}/users/{user}"), 204)
        self._people.append(user)

    def _name(self) -> str:
        self._number += 1
        return f"{self._dice.choice('äZaz')}-{self._number}"

    def _somebody(self) -> str:
        return self._dice.choice(self._people)

    def _somebody_of_the_directory(self) -> str:
        """Who has opened an account themselves is not the directory's."""
        return self._dice.choice([user for user in self._people if user not in self._registered])

    async def _create(self) -> None:
        name = self._name()
        body = {"username": name, "email": f"{self._number}@example.org", "roles": self._dice.choice(_ROLES)}
        await self._join((await answered(self._management.admin.post(f"{API}/users", json=body), 201))["id"])

    async def _provision(self) -> None:
        await self._join((await self._directory.user(self._name(), externalId=str(self._number)))["id"])

    async def _register(self) -> None:
        """And signs in once more, which is noted."""
        browser = await self._management.client()
        mine = {"email": f"{self._number}@own.org", "password": _PASSWORD}
        body = mine | {"username": self._name()}
        made = await answered(browser.post("/authentication/register", json=body), 201)
        await self._join(made["user"]["id"])
        self._registered.add(made["user"]["id"])
        await answered(browser.post("/authentication/login", json=mine), 200)

    async def _patch(self) -> None:
        dice = self._dice
        body = {
            "display_name": dice.choice(_NAMES),
            "roles": dice.choice(_ROLES),
            "batch_notifications_enabled": dice.random() < 0.5,
            "zero_data_retention": dice.random() < 0.5,
            "low_balance_threshold": dice.choice(_AMOUNTS),
        }
        kept = {name: value for name, value in body.items() if dice.random() < 0.6}
        await answered(self._management.admin.patch(f"{API}/users/{self._somebody()}", json=kept), 200)

    async def _put(self) -> None:
        body = {"schemas": [USER], "userName": self._name(), "displayName": self._dice.choice(_NAMES), "active": True}
        await self._directory.call("PUT", f"/Users/{self._somebody_of_the_directory()}", body)

    async def _rename(self) -> None:
        change = patch({"op": "replace", "path": "userName", "value": self._name()})
        await self._directory.call("PATCH", f"/Users/{self._somebody_of_the_directory()}", change)

    async def _stop(self) -> None:
        body = {"is_active": self._dice.random() < 0.5}
        await answered(self._management.admin.patch(f"{API}/users/{self._somebody()}", json=body), 200)

    async def _import(self) -> None:
        """Somebody with `psql`."""
        await self._management.sql(
            "UPDATE users SET verified = NOT verified, payment_provider_id = $1, auto_topup_threshold = $2, "
            "invoicing_enabled = NOT invoicing_enabled, avatar_url = $1 WHERE id = ANY($3)",
            self._dice.choice((None, "cus_1")),
            self._dice.choice(_AMOUNTS),
            [uuid.UUID(user) for user in self._people[:2]],
        )

    async def _delete(self) -> None:
        user = self._somebody()
        await answered(self._management.admin.delete(f"{API}/users/{user}"), 204)
        self._people.remove(user)

    async def _remove(self) -> None:
        user = self._somebody_of_the_directory()
        await self._directory.call("DELETE", f"/Users/{user}", status=204)
        self._people.remove(user)


@pytest.mark.parametrize("seed", range(2))
async def test_after_every_change_a_page_says_what_the_account_says(open_house: Management, seed: int) -> None:
    group = await open_house.group("walkers")
    walk = _Walk(open_house, await Directory.of(open_house), group, random.Random(seed))
    for _ in range(30):
        await walk.step()
        await walk.check()
    assert await open_house.sql(_STALE) == []


async def test_changes_at_once_are_all_in_it(management: Management) -> None:
    person = await management.person()
    directory = await Directory.of(management)
    bodies: list[dict[str, object]] = [{"low_balance_threshold": amount} for amount in (1, 2, 3)]
    bodies += [{"auto_topup_monthly_limit": 5}, {"display_name": "Jo"}, {"zero_data_retention": True}]
    calls = [management.admin.patch(f"{API}/users/{person.id}", json=body) for body in bodies]
    rename = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "userName", "value": "jo"}]}
    calls.append(directory.client.patch(f"/scim/v2/Users/{person.id}", json=rename))
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
    assert await management.sql(_STALE) == []


async def test_a_change_that_is_taken_back_leaves_it_as_it_was(management: Management, database_url: str) -> None:
    person = await management.person()
    db = await connect(database_url)
    transaction = db.transaction()
    await transaction.start()
    await db.execute("UPDATE users SET display_name = 'other' WHERE id = $1", uuid.UUID(person.id))
    assert "other" in await db.fetchval("SELECT object FROM user_objects WHERE user_id = $1", uuid.UUID(person.id))
    await transaction.rollback()
    await db.close()
    assert await management.sql(_STALE) == []


async def test_it_says_the_same_whatever_the_session_is_set_to(management: Management, database_url: str) -> None:
    db = await connect(database_url)
    await db.execute("SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'; SET extra_float_digits = 0")
    await db.execute("UPDATE users SET low_balance_threshold = 0.1::float8 + 0.2::float8, last_login = now()")
    await db.close()
    assert await management.sql(_STALE) == []
    group = await management.group("all")
    await answered(management.admin.post(f"{API}/groups/{group}/users/{management.admin_id}"), 204)
    page = await answered(management.admin.get(f"{API}/groups?include=users&search=all"), 200)
    account = await answered(management.admin.get(f"{API}/users/{management.admin_id}"), 200)
    assert page["data"][0]["users"] == [account]
    assert account["low_balance_threshold"] == 0.1 + 0.2


async def test_who_was_there_before_it_is_in_it(empty_database_url: str) -> None:
    await migrate(empty_database_url, "0031")
    db = await connect(empty_database_url)
    await db.execute(
        "INSERT INTO users (id, username, email, auth_source, deleted_at) "
        "SELECT gen_random_uuid(), 'u' || n, 'u' || n, 'native', CASE WHEN n > 7 THEN now() END "
        "FROM generate_series(1, 10) n"
    )
    await migrate(empty_database_url)
    kept = {row["username"] for row in await db.fetch("SELECT username FROM user_objects")}
    assert kept == {"system", *(f"u{number}" for number in range(1, 8))}
    assert await db.fetch(_STALE) == []
    await db.execute("DELETE FROM users WHERE username LIKE 'u%'")
    assert await db.fetchval("SELECT count(*) FROM user_objects") == 1
    await db.close()
