"""`/transactions` and balances (§4.9, §3.3, §3.4)."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from tests.control.management import ADMIN_EMAIL, API, NIL, Management, answered, managed, refused, settings_for_tests

from control_layer.control.errors import ControlError
from control_layer.control.money import amount_of, plain
from control_layer.control.permissions import Role

URL = f"{API}/transactions"
_FIELDS = {"id", "user_id", "transaction_type", "batch_id", "amount", "source_id", "description", "created_at"}


def _body(user_id: str, amount: Any = "10", kind: str = "admin_grant", **more: Any) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "transaction_type": kind,
        "amount": amount,
        "source_id": str(uuid.uuid4()),
        **more,
    }


async def _post(
    client: httpx.AsyncClient, user_id: str, amount: Any = "10", kind: str = "admin_grant", **more: Any
) -> Any:
    return await answered(client.post(URL, json=_body(user_id, amount, kind, **more)), 201)


async def _page(client: httpx.AsyncClient, **query: Any) -> Any:
    return await answered(client.get(URL, params=query), 200)


async def _balance(management: Management, user_id: str) -> Decimal:
    page = await _page(management.admin, user_id=user_id, limit=1)
    return Decimal(page["page_start_balance"])


async def _use(management: Management, user_id: str, amount: str, *, batch: uuid.UUID | None = None) -> str:
    """Usage, as the recorder books it; returns its source."""
    source = str(uuid.uuid4())
    await management.sql(
        "INSERT INTO transactions (id, user_id, transaction_type, amount, source_id, batch_id, service_tier) "
        "VALUES (gen_random_uuid(), $1, 'usage', $2, $3, $4, $5)",
        *(uuid.UUID(user_id), Decimal(amount), source, batch, "batch" if batch else "realtime"),
    )
    return source


async def test_a_grant_has_exactly_the_contracts_fields_and_can_be_read_again(management: Management) -> None:
    person = await management.person()
    made = await _post(management.admin, person.id, "12.5", source_id="first", description="Welcome")
    assert set(made) == _FIELDS
    assert (made["user_id"], made["transaction_type"], made["source_id"]) == (person.id, "admin_grant", "first")
    assert (made["batch_id"], made["description"], Decimal(made["amount"])) == (None, "Welcome", Decimal("12.5"))
    assert isinstance(made["amount"], str)
    for client in (person.client, management.admin):
        assert await answered(client.get(f"{URL}/{made['id']}"), 200) == made


async def test_types_carry_the_sign_and_balances_may_go_below_zero(management: Management) -> None:
    person = await management.person()
    assert await _balance(management, person.id) == 0
    await _post(management.admin, person.id, "10")
    await _post(management.admin, person.id, "2.5", "admin_removal")
    assert await _balance(management, person.id) == Decimal("7.5")
    await _post(management.admin, person.id, 100, "admin_removal")
    assert await _balance(management, person.id) == Decimal("-92.5")


@pytest.mark.parametrize("amount", [0, "0", -1, "-0.5", "0.0000000000001", "100000000000", "1e999999"])
async def test_amounts_are_more_than_zero_and_bounded(management: Management, amount: Any) -> None:
    response = await management.admin.post(URL, json=_body(management.admin_id, amount))
    assert response.status_code == 400, response.text
    if amount in (0, "0", -1, "-0.5"):
        assert response.text == "Amount must be greater than zero"


@pytest.mark.parametrize(
    "change",
    [
        {"transaction_type": "usage"},
        {"transaction_type": "purchase"},
        {"transaction_type": None},
        {"amount": None},
        {"amount": "NaN"},
        {"amount": "Infinity"},
        {"amount": "much"},
        {"source_id": None},
        {"source_id": 5},
        {"user_id": "nobody"},
    ],
)
async def test_bodies_of_the_wrong_shape_are_refused(management: Management, change: dict[str, Any]) -> None:
    await refused(management.admin.post(URL, json=_body(management.admin_id) | change), 422)


@pytest.mark.parametrize("missing", ["user_id", "transaction_type", "amount", "source_id"])
async def test_required_fields_are_required(management: Management, missing: str) -> None:
    body = _body(management.admin_id)
    del body[missing]
    await refused(management.admin.post(URL, json=body), 422)


async def test_accounts_that_do_not_exist_get_nothing(management: Management) -> None:
    gone = await management.person()
    await answered(management.admin.delete(f"{API}/users/{gone.id}"), 204)
    for user_id in (str(uuid.uuid4()), NIL, gone.id):
        await refused(management.admin.post(URL, json=_body(user_id)), 400, "Invalid reference to related resource")
    assert await management.sql("SELECT * FROM transactions") == []


async def test_a_source_counts_once_for_all_accounts_also_at_once(management: Management) -> None:
    people = [await management.person() for _ in range(2)]
    bodies = [_body(people[number % 2].id, source_id="the one") for number in range(12)]
    answers = await asyncio.gather(*(management.admin.post(URL, json=body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    refusal = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refusal == {"message": "Resource already exists", "resource": "unknown"}
    assert sum([await _balance(management, person.id) for person in people]) == 10


async def test_parallel_movements_all_count(management: Management) -> None:
    person = await management.person()
    movements = [_body(person.id, "0.000000001", kind) for kind in ["admin_grant"] * 30 + ["admin_removal"] * 10]
    answers = await asyncio.gather(*(management.admin.post(URL, json=body) for body in movements))
    assert {answer.status_code for answer in answers} == {201}
    assert await _balance(management, person.id) == Decimal("0.000000020")


@pytest.mark.parametrize("role", Role)
async def test_who_may_give_and_read_credits(management: Management, role: Role) -> None:
    me, other = await management.person(role), await management.person()
    theirs = await _post(management.admin, other.id)
    await _post(management.admin, me.id)
    manages = role in {Role.PLATFORM_MANAGER, Role.BILLING_MANAGER}
    refusal = "Insufficient permissions to Read Credits"
    if manages:
        await _post(me.client, other.id)
        assert len((await _page(me.client, user_id=other.id))["data"]) == 2
        assert len((await _page(me.client, all="true"))["data"]) == 3
        assert await answered(me.client.get(f"{URL}/{theirs['id']}"), 200) == theirs
    else:
        text = "Insufficient permissions to Create Credits"
        await refused(me.client.post(URL, content=b"garbage"), 403, text)
        await refused(me.client.get(URL, params={"user_id": other.id}), 403, refusal)
        await refused(me.client.get(URL, params={"all": "true"}), 403, refusal)
        await refused(me.client.get(URL, params={"all": "true", "user_id": me.id}), 403, refusal)
        await refused(me.client.get(f"{URL}/{theirs['id']}"), 404, f"Transaction with ID {theirs['id']} not found")
    assert len((await _page(me.client, user_id=me.id))["data"]) == 1


async def test_the_list_is_the_callers_own_also_for_administrators(management: Management) -> None:
    person = await management.person()
    await _post(management.admin, person.id)
    assert (await _page(management.admin))["data"] == []
    page = await _page(management.admin, all="true", user_id=management.admin_id)
    assert [item["user_id"] for item in page["data"]] == [person.id]
    assert page["page_start_balance"] == "0"
    unknown = uuid.uuid4()
    await refused(management.admin.get(f"{URL}/{unknown}"), 404, f"Transaction with ID {unknown} not found")


async def test_pages_are_newest_first_and_begin_with_the_balance_after_their_first_row(management: Management) -> None:
    person = await management.person()
    for amount in range(1, 8):
        await _post(management.admin, person.id, amount, "admin_removal" if amount == 7 else "admin_grant")
    seen, skip = [], 0
    while True:
        page = await _page(person.client, skip=skip, limit=3)
        balance = Decimal(page["page_start_balance"])
        for item in page["data"]:
            seen.append((int(Decimal(item["amount"])), int(balance)))
            balance += Decimal(item["amount"]) * (1 if item["transaction_type"] == "admin_removal" else -1)
        skip += 3
        if not page["has_more"]:
            break
    assert seen == [(7, 14), (6, 21), (5, 15), (4, 10), (3, 6), (2, 3), (1, 1)]
    assert await _page(person.client, skip=7) == {"data": [], "has_more": False, "page_start_balance": "0"}


async def test_filters_narrow_the_list(management: Management) -> None:
    person = await management.person()
    await _post(management.admin, person.id, 1, description="100% Bonus")
    await _post(management.admin, person.id, 2, "admin_removal", description="correction")
    await _use(management, person.id, "3")

    async def amounts(**query: Any) -> list[int]:
        return [int(Decimal(item["amount"])) for item in (await _page(person.client, **query))["data"]]

    assert await amounts() == [3, 2, 1]
    assert await amounts(search=" BONUS ") == [1]
    assert await amounts(search="%") == [1]
    assert await amounts(search=" ") == [3, 2, 1]
    assert await amounts(transaction_types="usage, admin_grant,nonsense") == [3, 1]
    assert await amounts(transaction_types="nonsense") == [3, 2, 1]
    assert await amounts(start_date="2100-01-01T00:00:00Z") == []
    assert await amounts(end_date="2000-01-01T00:00:00") == []
    for query in (
        {"start_date": "soon"},
        {"user_id": "me"},
        {"all": "perhaps"},
        {"end_date": "0001-01-01T00:00:00+05:00"},
    ):
        await refused(person.client.get(URL, params=query), 400)


async def test_the_balance_is_that_of_the_end_date(management: Management) -> None:
    person = await management.person()
    first = await _post(management.admin, person.id, 5)
    await _post(management.admin, person.id, 7)
    page = await _page(person.client, end_date=first["created_at"])
    assert [item["id"] for item in page["data"]] == [first["id"]]
    assert Decimal(page["page_start_balance"]) == 5


async def test_a_batchs_usage_folds_into_one_row(management: Management) -> None:
    person, other = await management.person(), await management.person()
    batch, single = uuid.uuid4(), uuid.uuid4()
    await _post(management.admin, person.id, 100)
    await _use(management, person.id, "1", batch=batch)
    plain_usage = await _use(management, person.id, "2")
    await _use(management, person.id, "4", batch=batch)
    await _use(management, person.id, "8", batch=single)
    await _use(management, other.id, "16", batch=batch)
    page = await _page(person.client, group_batches="true")
    rows = [(item["source_id"], int(Decimal(item["amount"]))) for item in page["data"][:3]]
    assert rows == [(str(single), 8), (str(batch), 5), (plain_usage, 2)]
    folded = page["data"][1]
    assert (folded["id"], folded["batch_id"], folded["description"]) == (str(batch), str(batch), "Batch")
    assert (folded["service_tier"], folded["batch_request_count"]) == ("batch", 2)
    assert "batch_request_count" not in page["data"][0]
    assert Decimal(page["page_start_balance"]) == 85
    balances = [
        (await _page(person.client, group_batches="true", skip=skip, limit=1))["page_start_balance"]
        for skip in range(4)
    ]
    assert [int(Decimal(balance)) for balance in balances] == [85, 93, 98, 100]
    assert [row["source_id"] for row in (await _page(person.client, group_batches="true", search="batch"))["data"]] == [
        str(single),
        str(batch),
    ]
    everybody = await _page(management.admin, all="true", group_batches="true")
    assert len(everybody["data"]) == 6, "single accounts only"
    usage = await _page(person.client, transaction_types="usage")
    assert {item["service_tier"] for item in usage["data"]} == {"batch", "realtime"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transactions SET amount = 1",
        "UPDATE transactions SET description = description",
        "DELETE FROM transactions",
        "TRUNCATE transactions",
        "TRUNCATE users CASCADE",
    ],
)
async def test_the_ledger_cannot_be_rewritten(management: Management, statement: str) -> None:
    await _post(management.admin, management.admin_id)
    with pytest.raises(IntegrityError, match="append-only"):
        await management.sql(statement)
    assert await _balance(management, management.admin_id) == 10


async def test_deleted_accounts_keep_their_movements(management: Management) -> None:
    person = await management.person()
    made = await _post(management.admin, person.id)
    await answered(management.admin.delete(f"{API}/users/{person.id}"), 204)
    assert await answered(management.admin.get(f"{URL}/{made['id']}"), 200) == made
    assert (await _page(management.admin, user_id=person.id))["data"] == [made]


async def test_users_show_balances_as_numbers_to_those_who_may_see_them(management: Management) -> None:
    rich, poor = await management.person(), await management.person(Role.REQUEST_VIEWER)
    await _post(management.admin, rich.id, "12.5")
    users = await answered(management.admin.get(f"{API}/users?include=billing"), 200)
    balances = {user["id"]: user["credit_balance"] for user in users["data"]}
    assert balances == {rich.id: 12.5, poor.id: 0, management.admin_id: 0}
    assert '"credit_balance":12.5' in (await management.admin.get(f"{API}/users?include=billing")).text
    assert all(
        "credit_balance" not in user for user in (await answered(management.admin.get(f"{API}/users"), 200))["data"]
    )
    own = await answered(rich.client.get(f"{API}/users/current?include=billing"), 200)
    assert own["credit_balance"] == 12.5
    assert "credit_balance" not in await answered(rich.client.get(f"{API}/users/current"), 200)
    manager = await management.person(Role.BILLING_MANAGER)
    seen = await answered(manager.client.get(f"{API}/users/{rich.id}?include=billing"), 200)
    assert seen["credit_balance"] == 12.5


async def test_registration_gives_initial_credits_and_nothing_else_does(database_url: str) -> None:
    settings = settings_for_tests(
        credits={"initial_credits_for_standard_users": "5.25"}, auth={"native": {"allow_registration": True}}
    )
    async with managed(database_url, settings) as management:
        await management.person()
        assert await management.sql("SELECT * FROM transactions") == []
        body = {"username": "jo", "email": "jo@example.org", "password": "long enough"}
        anonymous = await management.client()
        made = await answered(anonymous.post("/authentication/register", json=body), 201)
        (grant,) = (await _page(management.admin, user_id=made["user"]["id"]))["data"]
        assert (grant["transaction_type"], Decimal(grant["amount"])) == ("admin_grant", Decimal("5.25"))
        assert grant["description"] == "Initial credits on account creation"
        prefix, _, nonce = grant["source_id"].partition("_")
        assert (prefix, str(uuid.UUID(nonce))) == (NIL, nonce)
    assert ADMIN_EMAIL not in grant["source_id"]


async def test_people_whom_a_proxy_signs_in_get_initial_credits_once(database_url: str) -> None:
    proxy = {"enabled": True, "trusted_peers": ["10.0.0.0/8"]}
    settings = settings_for_tests(credits={"initial_credits_for_standard_users": "5.25"}, auth={"proxy_header": proxy})
    async with managed(database_url, settings) as management:
        fields = {"x-control-layer-peer": "10.1.2.3", "x-control-layer-user": "jo@example.org"}
        visitor = await management.client(**fields)
        for _ in range(2):
            user = await answered(visitor.get(f"{API}/users/current?include=billing"), 200)
            assert user["credit_balance"] == 5.25


async def test_sums_are_exact_to_the_last_digit(management: Management) -> None:
    person = await management.person()
    given = ["0.1", "0.2", 0.3, "0.000000001", "99999999999.999999999", 1e-9]
    for amount in given:
        await _post(management.admin, person.id, amount)
    exact = sum((Decimal(str(amount)) for amount in given), Decimal(0))
    assert await _balance(management, person.id) == exact
    page = await _page(person.client, limit=101)
    assert sum(Decimal(item["amount"]) for item in page["data"]) == exact
    assert all("E" not in item["amount"].upper() for item in page["data"])


_AMOUNTS = st.decimals("0.000000001", "99999999999", places=9)


@given(_AMOUNTS)
def test_what_is_written_of_money_reads_back_the_same(amount: Decimal) -> None:
    assert Decimal(plain(amount_of(amount))) == amount
    assert set(plain(amount)) <= set("0123456789.")


@given(st.floats(1e-9, 1e9))
def test_the_noise_of_floats_ends_at_the_twelfth_decimal(amount: float) -> None:
    exact = amount_of(Decimal(str(amount)))
    assert abs(exact - Decimal(str(amount))) <= Decimal("5e-13")
    assert exact == round(exact, 12)


@given(st.one_of(st.decimals(max_value=0, allow_nan=False), st.decimals(min_value=10**11, allow_nan=False)))
def test_amounts_that_cannot_be_are_refused(amount: Decimal) -> None:
    with pytest.raises(ControlError):
        amount_of(amount)


async def test_the_list_of_everybody_s_says_whose_each_is(management: Management) -> None:
    one = await management.person()
    await _post(management.admin, one.id)
    (entry,) = (await _page(management.admin, all=True))["data"]
    assert entry["user_email"] == f"{one.username}@example.org"
    (entry,) = (await _page(management.admin, user_id=one.id))["data"]
    assert set(entry) == _FIELDS
