"""Long lists: every page a few queries, whoever is on it, and each thing directories look for has its index."""

from __future__ import annotations

import pytest
from tests.control.management import Management
from tests.control.plans import Statement, scanned, statements
from tests.control.scim.directory import Directory, patch

_PEOPLE = 1500
_QUERIES = 5
"""Whose key it is, how many there are, who is on the page, their groups or members, versions."""


@pytest.fixture
async def crowd(management: Management) -> None:
    """People, each in one of ten groups and in a large one."""
    await management.sql(
        "INSERT INTO users (id, username, email, auth_source, external_user_id, created_at)"
        " SELECT gen_random_uuid(), 'u' || n, 'u' || n || '@example.org', 'scim', 'x' || n,"
        " now() - n / 2 * interval '1 minute'"
        " FROM generate_series(1, $1::int) n",
        _PEOPLE,
    )
    await management.sql(
        "INSERT INTO groups (id, name, source, created_by, external_id)"
        " SELECT gen_random_uuid(), 'g' || n, 'scim', gen_random_uuid(), 'g' || n FROM generate_series(0, 10) n"
    )
    await management.sql(
        "INSERT INTO group_members (group_id, user_id) SELECT g.id, u.id FROM users u JOIN groups g"
        " ON g.name IN ('g' || (substr(u.username, 2)::int % 10), 'g10') WHERE u.auth_source = 'scim'"
    )


async def test_pages_go_through_everybody_once(crowd: None, directory: Directory, management: Management) -> None:
    seen: list[str] = []
    await directory.call("GET", "/ServiceProviderConfig")  # the key's first use is noted
    while True:
        with statements(management) as sent:
            page = await directory.call("GET", f"/Users?startIndex={len(seen) + 1}&count=1000")
        assert len(sent) <= _QUERIES
        assert (page["startIndex"], page["totalResults"]) == (len(seen) + 1, _PEOPLE + 1)
        assert page["itemsPerPage"] == len(page["Resources"]) <= 200
        if not page["Resources"]:
            break
        seen += [user["id"] for user in page["Resources"]]
        assert all(len(user["groups"]) == 2 for user in page["Resources"] if user["userName"].startswith("u"))
    assert len(seen) == len(set(seen)) == _PEOPLE + 1


async def test_groups_come_with_all_their_members_in_a_few_queries(
    crowd: None, directory: Directory, management: Management
) -> None:
    await directory.call("GET", "/ServiceProviderConfig")
    with statements(management) as sent:
        page = await directory.call("GET", "/Groups")
    assert len(sent) <= _QUERIES
    sizes = {group["displayName"]: len(group["members"]) for group in page["Resources"]}
    assert sizes == {"g10": _PEOPLE} | {f"g{number}": _PEOPLE // 10 for number in range(10)}


@pytest.mark.parametrize(
    ("query", "count", "items"),
    [
        ("", 100, 100),
        ("?count=0", 0, 0),
        ("?count=-5", 0, 0),
        ("?startIndex=-5&count=2", 2, 2),
        ("?startIndex=1500", 2, 2),
        ("?startIndex=99999999999999999999", 0, 0),
    ],
)
async def test_limits_of_a_page(crowd: None, directory: Directory, query: str, count: int, items: int) -> None:
    page = await directory.call("GET", f"/Users{query}")
    assert (page["itemsPerPage"], len(page["Resources"])) == (count, items)
    assert page["totalResults"] == _PEOPLE + 1


async def test_a_member_of_a_large_group_comes_without_the_others_being_read(
    crowd: None, directory: Directory, management: Management
) -> None:
    (group,) = await directory.find("/Groups", 'displayName eq "g10"', excludedAttributes="members")
    user = await directory.user("newcomer")
    change = patch({"op": "add", "path": "members", "value": [{"value": user["id"]}]})
    with statements(management) as sent:
        await directory.call("PATCH", f"/Groups/{group['id']}", change, status=204)
    assert not [statement for statement in sent if "ORDER BY group_members.created_at" in statement.text]
    ((count,),) = await management.sql("SELECT count(*) FROM group_members WHERE group_id = $1", group["id"])
    assert count == _PEOPLE + 1


async def test_more_members_than_a_statement_has_parameters(directory: Directory, management: Management) -> None:
    many = 33_000
    await management.sql(
        "INSERT INTO users (id, username, email, auth_source)"
        " SELECT gen_random_uuid(), 'u' || n, 'u' || n, 'scim' FROM generate_series(1, $1::int) n",
        many,
    )
    rows = await management.sql("SELECT id::text FROM users WHERE auth_source = 'scim'")
    group = await directory.group("Everybody at the company")
    change = patch({"op": "add", "path": "members", "value": [{"value": user_id} for (user_id,) in rows]})
    await directory.call("PATCH", f"/Groups/{group['id']}", change, status=204)
    ((count,),) = await management.sql("SELECT count(*) FROM group_members WHERE group_id = $1", group["id"])
    assert count == many


async def test_what_directories_look_for_has_its_index(directory: Directory, management: Management) -> None:
    await management.sql(
        "INSERT INTO users (id, username, email, auth_source, external_user_id)"
        " SELECT gen_random_uuid(), 'u' || n, 'u' || n || '@x.org', 'scim', 'x' || n FROM generate_series(1, 20000) n"
    )
    await management.sql(
        "INSERT INTO groups (id, name, created_by, external_id)"
        " SELECT gen_random_uuid(), 'g' || n, gen_random_uuid(), 'g' || n FROM generate_series(1, 20000) n"
    )
    await management.sql(
        "INSERT INTO group_members (group_id, user_id) SELECT g.id, u.id FROM users u"
        " JOIN groups g ON substr(g.name, 2) = substr(u.username, 2) WHERE u.auth_source = 'scim'"
    )
    async with management.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).exec_driver_sql("ANALYZE")
    (user,) = await directory.find("/Users", 'userName eq "u7"')
    for path, filter_ in (
        ("/Users", 'userName eq "U77"'),
        ("/Users", 'externalId eq "x77"'),
        ("/Users", 'emails.value eq "U77@x.org"'),
        ("/Users", 'emails[type eq "work"].value eq "U77@x.org"'),
        ("/Users", 'userName eq "u77" and active eq true'),
        ("/Groups", 'displayName eq "G7"'),
        ("/Groups", 'externalId eq "g7"'),
        ("/Users", f'groups.value eq "{user["groups"][0]["value"]}"'),
        ("/Groups", f'members.value eq "{user["id"]}"'),
        ("/Groups", f'id eq "{user["groups"][0]["value"]}" and members.value eq "{user["id"]}"'),
    ):
        with statements(management) as sent:
            (found,) = await directory.find(path, filter_)
        assert found["id"]
        assert await _scanned(management, sent) == set(), filter_
    with statements(management) as sent:
        await directory.call("GET", "/Users?startIndex=100")
    listing = [statement for statement in sent if "ORDER BY users.created_at" in statement.text]
    assert await _scanned(management, listing) == set()


async def _scanned(management: Management, sent: list[Statement]) -> set[str]:
    """The tables that the statements go through from end to end."""
    asked = [statement for statement in sent if statement.text.startswith("SELECT")]
    assert asked
    found = [await scanned(management, statement) for statement in asked]
    return set().union(*found) & {"users", "groups", "group_members"}
