"""`/budgets`: who may make them, who sees them, and what they show."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from tests.control.management import API, NIL, Management, answered, refused

from control_layer.control.permissions import Role

URL = f"{API}/budgets"
_FIELDS = {
    *(
        "id",
        "name",
        "scope",
        "scope_id",
        "scope_name",
        "amount",
        "period",
        "rolling",
        "enforcement",
        "alert_thresholds",
        "spent",
    ),
    *("set_aside", "requests", "period_start", "resets_at", "created_by", "created_at", "updated_at"),
}


def _body(scope: str = "group", scope_id: str = NIL, **more: Any) -> dict[str, Any]:
    return {"name": "Everything", "scope": scope, "scope_id": scope_id, "amount": "100", "period": "month", **more}


async def test_budget_is_made_read_changed_and_deleted(management: Management) -> None:
    made = await answered(management.admin.post(URL, json=_body(alert_thresholds=[1, "0.8", 1])), 201)
    assert set(made) == _FIELDS
    assert Decimal(made["amount"]) == 100
    assert (made["enforcement"], made["spent"], made["requests"]) == ("hard", "0", 0)
    assert made["alert_thresholds"] == ["0.8", "1"]
    address = f"{URL}/{made['id']}"
    assert await answered(management.admin.get(address), 200) == made
    changes = {"amount": 12.5, "name": "Less", "enforcement": "alert", "alert_thresholds": []}
    changed = await answered(management.admin.patch(address, json=changes), 200)
    assert (changed["name"], Decimal(changed["amount"]), changed["enforcement"]) == ("Less", Decimal("12.5"), "alert")
    assert (await answered(management.admin.patch(address, json={}), 200)) | {"updated_at": 0} == changed | {
        "updated_at": 0
    }
    await answered(management.admin.delete(address), 204)
    await refused(management.admin.get(address), 404, f"Budget with ID {made['id']} not found")


async def test_a_name_tells_budgets_of_one_subject_apart(management: Management) -> None:
    person = await management.person()
    await answered(management.admin.post(URL, json=_body()), 201)
    await refused(management.admin.post(URL, json=_body(amount="5")), 409)
    await answered(management.admin.post(URL, json=_body("user", person.id)), 201)
    other = await answered(management.admin.post(URL, json=_body(name="Other")), 201)
    await refused(management.admin.patch(f"{URL}/{other['id']}", json={"name": "Everything"}), 409)


async def test_spending_of_the_present_window_is_shown_and_a_reset_begins_anew(management: Management) -> None:
    made = await answered(management.admin.post(URL, json=_body(period="total")), 201)
    start = (await management.sql("SELECT since FROM budgets"))[0][0]
    for worker, spent, lent in ((uuid.uuid4(), "1.25", "2"), (uuid.uuid4(), "0.5", "0.5")):
        await management.sql(
            "INSERT INTO budget_spending VALUES ($1, $2, $3, $4, 2)",
            uuid.UUID(made["id"]),
            start,
            worker,
            Decimal(spent),
        )
        await management.sql(
            "INSERT INTO budget_leases VALUES ($1, $2, $3, $4)", uuid.UUID(made["id"]), start, worker, Decimal(lent)
        )
    shown = await answered(management.admin.get(f"{URL}/{made['id']}"), 200)
    assert (shown["spent"], shown["set_aside"], shown["requests"], shown["resets_at"]) == ("1.75", "0.75", 4, None)
    anew = await answered(management.admin.patch(f"{URL}/{made['id']}", json={"reset_window": True}), 200)
    assert (anew["spent"], anew["requests"]) == ("0", 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": "0"}, 400),
        ({"amount": "-1"}, 400),
        ({"name": "  "}, 400),
        ({"name": ""}, 422),
        ({"period": "total", "rolling": True}, 400),
        ({"scope": "model"}, 400),
        ({"scope": "key", "scope_id": str(uuid.uuid4())}, 400),
        ({"scope": "user"}, 400),
        ({"scope": "planet"}, 422),
        ({"period": "year"}, 422),
        ({"enforcement": "please"}, 422),
        ({"alert_thresholds": [0]}, 422),
        ({"alert_thresholds": ["NaN"]}, 422),
    ],
)
async def test_budgets_that_make_no_sense_are_refused(
    management: Management, change: dict[str, Any], status: int
) -> None:
    await refused(management.admin.post(URL, json=_body() | change), status)


async def test_people_see_the_budgets_that_concern_them_and_change_none(management: Management) -> None:
    person, other = await management.person(), await management.person()
    group = await management.group()
    await answered(management.admin.post(f"{API}/groups/{group}/users/{person.id}"), 204)
    keys = await answered(management.admin.get(f"{API}/users/{person.id}/api-keys"), 200)
    mine = [
        (await answered(management.admin.post(URL, json=_body(scope, scope_id)), 201))["id"]
        for scope, scope_id in (("user", person.id), ("group", group), ("group", NIL), ("key", keys["data"][0]["id"]))
    ]
    theirs = (await answered(management.admin.post(URL, json=_body("user", other.id)), 201))["id"]
    page = await answered(person.client.get(URL), 200)
    assert ({row["id"] for row in page["data"]}, page["total_count"]) == (set(mine), 4)
    assert (await answered(person.client.get(URL, params={"scope": "group", "scope_id": group}), 200))[
        "total_count"
    ] == 1
    await answered(person.client.get(f"{URL}/{mine[0]}"), 200)
    await refused(person.client.get(f"{URL}/{theirs}"), 404)
    await refused(person.client.post(URL, json=_body()), 403)
    await refused(person.client.patch(f"{URL}/{mine[0]}", json={"amount": 1}), 403)
    await refused(person.client.delete(f"{URL}/{mine[0]}"), 403)
    billing = await management.person(Role.BILLING_MANAGER)
    assert (await answered(billing.client.get(URL), 200))["total_count"] == 5
    await answered(billing.client.patch(f"{URL}/{theirs}", json={"amount": 1}), 200)


@pytest.mark.parametrize("scope", ["key", "user", "group"])
async def test_budget_goes_with_what_it_is_for(management: Management, scope: str) -> None:
    person, group = await management.person(), await management.group()
    keys = await answered(management.admin.get(f"{API}/users/{person.id}/api-keys"), 200)
    scope_id = {"key": keys["data"][0]["id"], "user": person.id, "group": group}[scope]
    made = await answered(management.admin.post(URL, json=_body(scope, scope_id)), 201)
    gone = {
        "key": f"{API}/users/{person.id}/api-keys/{scope_id}",
        "user": f"{API}/users/{person.id}",
        "group": f"{API}/groups/{group}",
    }[scope]
    await answered(management.admin.delete(gone), 204)
    await refused(management.admin.get(f"{URL}/{made['id']}"), 404)


async def test_a_budget_says_whose_it_is_in_words(management: Management) -> None:
    person, group = await management.person(), await management.group("Research")
    key = await answered(management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "nightly"}), 201)
    names = {}
    for scope, scope_id in (("user", person.id), ("group", group), ("key", key["id"])):
        made = await answered(management.admin.post(URL, json=_body(scope, scope_id)), 201)
        names[scope] = made["scope_name"]
    assert names == {"user": f"{person.username}@example.org", "group": "Research", "key": "nightly"}
    listed = await answered(management.admin.get(URL), 200)
    assert {each["scope"]: each["scope_name"] for each in listed["data"]} == names


async def test_budgets_that_concern_one_person_and_those_of_a_name_are_found(management: Management) -> None:
    one, two = await management.person(), await management.person()
    for person in (one, two):
        await answered(management.admin.post(URL, json=_body("user", person.id, name=f"Of {person.username}")), 201)

    async def found(**query: str) -> list[str]:
        answer = await answered(management.admin.get(URL, params=query), 200)
        assert answer["total_count"] == len(answer["data"])
        return [each["name"] for each in answer["data"]]

    assert await found(user_id=one.id) == [f"Of {one.username}"]
    assert await found(search=two.username.upper()) == [f"Of {two.username}"]
    assert await found(search="%") == []
    assert (await answered(one.client.get(URL, params={"user_id": one.id}), 200))["total_count"] == 1
    await refused(one.client.get(URL, params={"user_id": two.id}), 403)
