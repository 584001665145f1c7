"""Filters: the database finds what the library finds in memory, for whatever filter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter
from tests.control.scim.directory import Directory

from control_layer.control.scim.resources import Group, User

_TEXTS = st.sampled_from(["a", "A", "aB", "ab", "b%", "_", "\\", "a@x.org", "@X", "", "x", "work"])
_TEXT_ATTRIBUTES = st.sampled_from(
    [
        "userName", "USERNAME", "externalId", "displayName", "name.givenName", "name.familyName", "emails.value",
        "emails", "emails.type", "urn:ietf:params:scim:schemas:core:2.0:User:userName", "groups.display",
    ]
)  # fmt: skip
_OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "EQ"])
_COMPARISONS = st.builds(
    lambda attribute, operator, text: f"{attribute} {operator} {ScimFilter.quote(text)}",
    _TEXT_ATTRIBUTES,
    _OPERATORS,
    _TEXTS,
)
_OTHERS = st.one_of(
    st.sampled_from(["active eq true", "active ne true", "emails.primary eq true", "displayName eq null", "id pr"]),
    st.sampled_from(['meta.created gt "2000-01-01T00:00:00Z"', 'meta.lastModified le "2000-01-01T00:00:00Z"']),
    _TEXT_ATTRIBUTES.map(lambda attribute: f"{attribute} pr"),
    st.sampled_from(["name pr", "groups pr", "emails pr", 'meta.resourceType eq "User"']),
    st.builds(
        lambda sort, operator, text: f'emails[type eq "{sort}" and value {operator} {ScimFilter.quote(text)}]',
        st.sampled_from(["work", "home"]),
        _OPERATORS,
        _TEXTS,
    ),
)
_FILTERS = st.recursive(
    st.one_of(_COMPARISONS, _OTHERS),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.builds(lambda left, word, right: f"({left}) {word} ({right})", inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=4,
)


async def _directory_full_of_people(directory: Directory) -> list[User]:
    people: list[dict[str, object]] = [
        {"displayName": "aB", "externalId": "a"},
        {"displayName": "", "externalId": "A", "active": False},
        {"name": {"givenName": "ab"}, "emails": [{"value": "A@x.org", "primary": False}]},
        {"name": {"familyName": "b%"}, "displayName": "_"},
        {"emails": [{"value": "\\@y"}], "displayName": "\\"},
    ]
    users = [await directory.user(f"a{number}B", **attributes) for number, attributes in enumerate(people)]
    await directory.group("ab", users[0]["id"], users[1]["id"])
    await directory.group("work", users[1]["id"])
    page = await directory.call("GET", "/Users")
    return [User.model_validate(user) for user in page["Resources"]]


async def test_any_filter_finds_what_the_library_finds(directory: Directory) -> None:
    people = await _directory_full_of_people(directory)
    loop = asyncio.get_running_loop()

    @given(_FILTERS)
    @settings(max_examples=150)
    def check(filter_: str) -> None:
        call = asyncio.run_coroutine_threadsafe(directory.find("/Users", filter_), loop)
        found = {user["id"] for user in call.result(timeout=30)}
        wanted = ScimFilter[User](filter_)
        assert found == {user.id for user in people if wanted.match(user)}, filter_

    run: Callable[[], None] = check
    await asyncio.to_thread(run)


async def test_groups_are_found_by_name_origin_and_members(directory: Directory) -> None:
    user, other = await directory.user("jo"), await directory.user("mo")
    team = await directory.group("Team", user["id"], externalId="x-1")
    crew = await directory.group("Crew", other["id"])
    for filter_, found in (
        ('displayName eq "TEAM"', [team]),
        ('externalId eq "x-1"', [team]),
        ('externalId eq "X-1"', []),
        ("externalId pr", [team]),
        (f'members.value eq "{user["id"]}"', [team]),
        (f'members eq "{user["id"]}"', [team]),
        (f'members[value eq "{other["id"]}"]', [crew]),
        (f'members[value eq "{other["id"]}" and type eq "User"] and displayName sw "c"', [crew]),
        (f'not (members.value eq "{user["id"]}")', [crew]),
        (f'id eq "{crew["id"]}"', [crew]),
        ('id eq "nobody"', []),
        ("members pr", [crew, team]),
    ):
        rows = await directory.find("/Groups", filter_)
        assert [Group.model_validate(row).id for row in rows] == [group["id"] for group in found], filter_


@pytest.mark.parametrize(
    "filter_",
    [
        "userName", "userName eq", 'userName is "x"', 'title eq "x"', 'userName eq "x', "active gt true",
        'active eq "perhaps"', 'id co "x"', 'meta.created gt "yesterday"', 'meta.location eq "x"', 'schemas eq "x"',
        "(" * 21 + "id pr" + ")" * 21, "id pr and " * 1000 + "id pr", 'userName[value eq "x"]', 'emails.display eq "x"',
        'meta.created co "2020"',
    ],
)  # fmt: skip
async def test_what_cannot_be_filtered_by_is_refused(directory: Directory, filter_: str) -> None:
    response = await directory.client.get("/scim/v2/Users", params={"filter": filter_})
    assert (response.status_code, response.json()["scimType"]) == (400, "invalidFilter"), response.text


async def test_a_value_no_text_can_hold_is_refused(directory: Directory) -> None:
    response = await directory.client.get("/scim/v2/Users", params={"filter": 'userName eq "\\u0000"'})
    assert (response.status_code, response.json()["scimType"]) == (400, "invalidValue")


async def test_a_search_in_the_body_finds_the_same(directory: Directory) -> None:
    user = await directory.user("jo")
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'userName eq "JO"',
        "attributes": ["userName"],
        "startIndex": 1,
        "count": 10,
    }
    page = await directory.call("POST", "/Users/.search", body)
    assert [row["id"] for row in page["Resources"]] == [user["id"]]
    assert "emails" not in page["Resources"][0]
    await directory.refused("POST", "/Users/.search", body | {"filter": "x y"}, status=400, scim_type="invalidFilter")
