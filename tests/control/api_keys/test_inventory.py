"""Everybody's keys in one list: whose they are, what finds them, and that it costs no more for a hundred owners."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.control.management import API, NIL, Management, Person, answered, managed, refused, settings_for_tests
from tests.control.plans import statements

from control_layer.control.permissions import Role

_URL = f"{API}/api-keys"


async def _made(management: Management, person: Person, **body: Any) -> dict[str, Any]:
    url = f"{API}/users/{person.id}/api-keys"
    made: dict[str, Any] = await answered(management.admin.post(url, json={"name": "ci"} | body), 201)
    return made


async def _names(management: Management, query: str = "") -> list[str]:
    page = await answered(management.admin.get(f"{_URL}?{query}"), 200)
    assert page["total_count"] == len(page["data"])
    return [key["name"] for key in page["data"]]


async def test_each_key_is_as_its_owner_sees_it_with_the_owner(management: Management) -> None:
    ada, grace = await management.person(), await management.person()  # each with the key "test"
    await _made(management, ada, name="of Ada", spend_limit="5")
    await _made(management, grace, name="of Grace", purpose="platform")
    await answered(management.admin.patch(f"{API}/users/{ada.id}", json={"display_name": "Ada"}), 200)
    await answered(management.admin.patch(f"{API}/users/{grace.id}", json={"is_active": False}), 200)
    page = await answered(management.admin.get(_URL), 200)
    assert {name: page[name] for name in ("total_count", "skip", "limit")} == {
        "total_count": 4,
        "skip": 0,
        "limit": 10,
    }
    assert [key["name"] for key in page["data"]] == ["of Grace", "of Ada", "test", "test"]  # newest first
    owners = [
        {
            "id": person.id,
            "username": person.username,
            "display_name": name,
            "email": f"{person.username}@example.org",
            "is_active": active,
            "is_admin": False,
        }
        for person, name, active in ((grace, None, False), (ada, "Ada", True))
    ]
    assert [key.pop("owner") for key in page["data"]][:2] == owners
    for person in (ada, grace):
        own = await answered(management.admin.get(f"{API}/users/{person.id}/api-keys"), 200)
        assert own["data"] == [key for key in page["data"] if key["user_id"] == person.id]
    rest = await answered(management.admin.get(f"{_URL}?skip=3&limit=2"), 200)
    assert (len(rest["data"]), rest["total_count"], rest["skip"], rest["limit"]) == (1, 4, 3, 2)


async def test_deleted_and_hidden_keys_are_not_among_them(management: Management) -> None:
    person, gone = await management.person(), await management.person()
    key = await _made(management, person)
    await answered(management.admin.delete(f"{API}/users/{person.id}/api-keys/{key['id']}"), 204)
    await answered(management.admin.delete(f"{API}/users/{gone.id}"), 204)
    assert await _names(management) == ["test"]
    hidden = await management.sql("SELECT count(*) FROM api_keys WHERE hidden")
    assert hidden[0][0] >= 4  # two of each person's
    assert await _names(management, "search=internal") == []


async def test_only_those_who_may_read_all_keys_see_them(management: Management) -> None:
    person, manager = await management.person(), await management.person(Role.PLATFORM_MANAGER)
    await refused(person.client.get(_URL), 403, "Insufficient permissions to Read ApiKeys")
    await refused(person.client.get(f"{_URL}?user_id={person.id}"), 403, "Insufficient permissions to Read ApiKeys")
    await refused((await management.client()).get(_URL), 401, "Authentication required")
    page = await answered(manager.client.get(_URL), 200)
    assert [key["owner"]["id"] for key in page["data"]] == [manager.id, person.id]


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "sort=owner",
        "sort_direction=up",
        "user_id=current",
        "purpose=none",
        "expiry=soon",
        "used=perhaps",
        "unused_days=0",
        "unused_days=9999999",
        "unused_days=x",
        "search=%00",
    ],
)
async def test_what_cannot_be_asked_for_is_400(management: Management, query: str) -> None:
    await refused(management.admin.get(f"{_URL}?{query}"), 400)


async def test_they_are_found_by_name_description_and_the_secrets_beginning(management: Management) -> None:
    ada, grace = await management.person(), await management.person()
    laptop = await _made(management, ada, name="Laptop 100%", description="at home")
    server = await _made(management, grace, name="server", description="of the laptop's owner")
    for search in (laptop["prefix"], laptop["prefix"].swapcase(), laptop["key"], f" {laptop['key'][:20]} "):
        assert "Laptop 100%" in await _names(management, f"search={search}")
    assert await _names(management, f"search={server['key']}") == ["server"]
    assert await _names(management, "search=LAPTOP") == ["server", "Laptop 100%"]
    assert await _names(management, "search=at+HOME") == ["Laptop 100%"]
    assert await _names(management, "search=0%25") == ["Laptop 100%"]
    assert await _names(management, "search=_%25") == []
    assert await _names(management, "search=s") == await _names(management)  # "sk-" begins every secret
    assert await _names(management, f"search=laptop&user_id={ada.id}") == ["Laptop 100%"]


async def test_they_are_sorted_as_an_owners_own_are(management: Management) -> None:
    person = await management.person()
    for name, expires in (("b", "2098-01-01T00:00:00Z"), ("A", None), ("c", "2097-01-01T00:00:00Z")):
        await _made(management, person, name=name, expires_at=expires)
    used = "UPDATE api_keys SET last_used = now() - $2::int * interval '1 hour' WHERE name = $1"
    for hours, name in enumerate(("c", "b", "A")):
        await management.sql(used, name, hours)
    await management.sql("UPDATE api_keys SET last_used = NULL WHERE name = 'test'")
    for query, names in {
        "": "c A b test",
        "sort=created_at&sort_direction=asc": "test b A c",
        "sort=name": "A b c test",
        "sort=name&sort_direction=desc": "test c b A",
        "sort=last_used": "c b A test",
        "sort=last_used&sort_direction=asc": "A b c test",
        "sort=expires_at": "c b A test",
        "sort=expires_at&sort_direction=desc": "b c A test",
    }.items():
        assert await _names(management, query) == names.split(), query


async def test_they_are_filtered_by_what_an_administrator_looks_after(management: Management) -> None:
    person, other = await management.person(), await management.person()
    await management.sql("UPDATE api_keys SET last_used = now()")
    soon = (datetime.now(UTC) + timedelta(days=29)).isoformat()
    later = (datetime.now(UTC) + timedelta(days=31)).isoformat()
    for name, owner, fields in (
        ("expiring", person, {"expires_at": soon}),
        ("later", person, {"expires_at": later}),
        ("expired", other, {"expires_at": later}),
        ("idle", other, {}),
    ):
        await _made(management, owner, name=name, **fields)
    await management.sql("UPDATE api_keys SET expires_at = now() WHERE name = 'expired'")
    await management.sql("UPDATE api_keys SET last_used = now() - interval '40 days' WHERE name = 'idle'")
    await management.sql("UPDATE api_keys SET created_at = now() - interval '50 days' WHERE name = 'later'")
    for query, names in {
        f"user_id={other.id}": ["idle", "expired", "test"],
        f"user_id={uuid.uuid4()}": [],
        "purpose=platform": ["test", "test"],
        "purpose=batch": [],
        "expiry=never": ["idle", "test", "test"],
        "expiry=expiring": ["expiring"],
        "expiry=expired": ["expired"],
        "used=false": ["expired", "expiring", "later"],
        "used=true": ["idle", "test", "test"],
        "unused_days=30": ["idle", "later"],
        "unused_days=45": ["later"],
        f"unused_days=30&expiry=never&purpose=realtime&user_id={other.id}&search=id": ["idle"],
    }.items():
        assert await _names(management, query) == names, query


async def _grant(management: Management, group: str, alias: str) -> str:
    model = uuid.uuid4()
    await management.sql(
        "INSERT INTO models (id, model_name, alias, is_composite, created_by) VALUES ($1, $2, $2, true, $1)",
        model,
        alias,
    )
    await management.sql("INSERT INTO group_models (group_id, model_id) VALUES ($1, $2)", uuid.UUID(group), model)
    return str(model)


async def test_access_rate_and_spending_are_each_owners_and_each_keys(database_url: str) -> None:
    rates = {
        "verified": {"requests_per_second": 50},
        "unverified": {"requests_per_second": 5, "burst_size": 7},
    }
    async with managed(database_url, settings_for_tests(auth={"rate_limits": rates})) as management:
        ada, grace = await management.person(), await management.person()
        group = await management.group()
        await answered(management.admin.post(f"{API}/groups/{group}/users/{ada.id}"), 204)
        everyones, groups = await _grant(management, NIL, "b"), await _grant(management, group, "a")
        await management.sql("UPDATE users SET verified = true WHERE id = $1", uuid.UUID(ada.id))
        keys = [
            await _made(management, ada, name="wide"),
            await _made(management, ada, name="narrow", models=["a"], requests_per_second=1, spend_limit="9"),
            await _made(management, grace, name="strange", models=["a", "b"], spend_limit="8"),
        ]
        for key, spent in zip(keys[1:], ("1.5", "2.5"), strict=True):
            since = (await management.sql("SELECT since FROM spending_limits WHERE id = $1", uuid.UUID(key["id"])))[0][
                0
            ]
            place = (uuid.UUID(key["id"]), since, uuid.uuid4())
            await management.sql("INSERT INTO budget_spending VALUES ($1, $2, $3, $4, 1)", *place, Decimal(spent))
        page = await answered(management.admin.get(f"{_URL}?purpose=realtime"), 200)
    found = {key["name"]: key for key in page["data"]}
    assert {name: key["model_access"] for name, key in found.items()} == {
        "wide": [groups, everyones],
        "narrow": [groups],
        "strange": [everyones],
    }
    assert {name: key["inherited_rate_limit"] for name, key in found.items()} == {
        "wide": {"tier": "verified", "requests_per_second": 50.0, "burst_size": 50},
        "narrow": None,
        "strange": {"tier": "unverified", "requests_per_second": 5.0, "burst_size": 7},
    }
    assert {name: key["spend"] and Decimal(key["spend"]) for name, key in found.items()} == {
        "wide": None,
        "narrow": Decimal("1.5"),
        "strange": Decimal("2.5"),
    }


async def test_a_page_takes_as_many_queries_for_many_owners_as_for_one(database_url: str) -> None:
    rates = {"unverified": {"requests_per_second": 5}}
    async with managed(database_url, settings_for_tests(auth={"rate_limits": rates})) as management:

        async def sent() -> Sequence[str]:
            with statements(management) as asked:
                await answered(management.admin.get(_URL), 200)
            return [statement.text.split("WHERE")[0] for statement in asked]

        await _made(management, await management.person(), spend_limit="5")
        one = await sent()
        for _ in range(4):
            await _made(management, await management.person(), spend_limit="5")
        assert await sent() == one
