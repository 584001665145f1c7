"""Sections 4.9 and 4.11: transactions, balances and the dummy payment provider."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.contract_client.client import Person, World, fresh
from tests.contract_client.shapes import BOOL, DEC, INT, STR, TS, UUID, array, fits, nullable, omitted, one_of

pytestmark = pytest.mark.server

_UNKNOWN = "5f1d9a52-6f0e-4a1e-9f0b-6a1f5d6c7b8a"
TRANSACTION = {
    "id": UUID,
    "user_id": UUID,
    "transaction_type": one_of("purchase", "admin_grant", "admin_removal", "usage"),
    "batch_id": nullable(UUID),
    "amount": DEC,
    "source_id": STR,
    "description": nullable(STR),
    "created_at": TS,
    "service_tier": omitted(STR),
    "batch_request_count": omitted(INT),
}
_PAGE = {"data": array(TRANSACTION), "has_more": BOOL, "page_start_balance": DEC}


def _give(world: World, user: str, amount: Any, kind: str = "admin_grant", **fields: Any) -> dict[str, Any]:
    body = {"user_id": user, "transaction_type": kind, "amount": amount, "source_id": fresh("source"), **fields}
    made: dict[str, Any] = world.admin.must("POST", "/transactions", body, status=201)
    return made


def _balance(person: Person) -> Decimal:
    return Decimal(str(person.get("/users/current", include="billing")["credit_balance"]))


def test_the_ledger_and_its_balance(world: World, people: dict[str, Person]) -> None:
    person = world.person()
    first = _give(world, person.id, "10.5", description="Welcome")
    fits(first, TRANSACTION)
    assert not {"service_tier", "batch_request_count"} & first.keys()
    last = _give(world, person.id, 12, "admin_removal")
    assert _balance(person) == Decimal("-1.5")
    page = person.get("/transactions")
    fits(page, _PAGE)
    assert "total_count" not in page
    assert [row["id"] for row in page["data"]] == [last["id"], first["id"]]
    assert (Decimal(page["page_start_balance"]), page["has_more"]) == (Decimal("-1.5"), False)
    one = person.get("/transactions", limit=1)
    assert (one["has_more"], len(one["data"])) == (True, 1)
    rest = person.get("/transactions", skip=1)
    assert Decimal(rest["page_start_balance"]) == Decimal("10.5")
    assert [row["id"] for row in person.get("/transactions", search="wELC")["data"]] == [first["id"]]
    kinds = person.get("/transactions", transaction_types="admin_removal,nonsense")["data"]
    assert [row["id"] for row in kinds] == [last["id"]]
    path = f"/transactions/{first['id']}"
    assert person.get(path) == first == people["BillingManager"].get(path)
    assert people["StandardUser"].call("GET", path).status_code == 404


def test_whose_ledger(world: World, people: dict[str, Person]) -> None:
    person = world.person()
    _give(world, person.id, 1)
    for query in ({"user_id": person.id}, {"all": "true"}, {"all": "true", "user_id": people["StandardUser"].id}):
        assert people["StandardUser"].call("GET", "/transactions", params=query).status_code == 403
    assert person.get("/transactions", user_id=person.id)["data"]
    every = people["BillingManager"].get("/transactions", all="true", user_id=person.id, limit=101)
    assert Decimal(every["page_start_balance"]) == 0
    assert len(people["BillingManager"].get("/transactions", user_id=person.id)["data"]) == 1
    assert all(row["user_id"] == world.admin.id for row in world.admin.get("/transactions")["data"])


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"amount": 0}, 400, "Amount must be greater than zero"),
        ({"amount": "-1"}, 400, "Amount must be greater than zero"),
        ({"transaction_type": "purchase"}, 422, None),
        ({"transaction_type": "usage"}, 422, None),
        ({"user_id": _UNKNOWN}, 400, None),
        ({"source_id": None}, 422, None),
        ({"amount": "much"}, 422, None),
    ],
)
def test_refused_transactions(world: World, fields: dict[str, Any], status: int, text: str | None) -> None:
    body = {
        "user_id": world.admin.id,
        "transaction_type": "admin_grant",
        "amount": 1,
        "source_id": fresh("s"),
        **fields,
    }
    answer = world.admin.call("POST", "/transactions", body)
    assert answer.status_code == status, answer.text
    assert text in (None, answer.text)


@pytest.mark.parametrize("for_other", [False, True])
def test_a_dummy_payment_counts_once(world: World, for_other: bool) -> None:
    payer = world.person("BillingManager") if for_other else world.person()
    creditee = world.person() if for_other else payer
    query = {"creditee_id": creditee.id} if for_other else {}
    before = _balance(creditee)
    url = payer.must("POST", "/payments", status=200, params=query)["url"]
    asked = parse_qs(urlsplit(url).query)
    assert urlsplit(url).path == "/cost-management"
    assert asked["payment"] == ["success"]
    assert asked.get("user") == ([creditee.id] if for_other else None)
    (session,) = asked["session_id"]
    assert re.fullmatch(rf"dummy_session_{creditee.id}_{payer.id}_[0-9a-f-]{{36}}", session)
    assert _balance(creditee) == before
    for _ in range(2):
        assert payer.must("PATCH", f"/payments/{session}", status=200) == {"message": "Payment processed successfully"}
        assert _balance(creditee) == before + 50
    (row,) = creditee.get("/transactions", transaction_types="purchase")["data"]
    assert (row["source_id"], Decimal(row["amount"])) == (session, Decimal(50))
    assert row["description"].startswith("Dummy payment")
    assert row["description"] == "Dummy payment (test)" or for_other


def test_the_other_payment_paths(world: World) -> None:
    person = world.person()
    for method, path in (
        ("POST", "/payments"),
        ("POST", "/payments/setup"),
        ("POST", "/billing-portal"),
        ("PATCH", "/payments/x"),
    ):
        assert world.nobody.call(method, path).status_code == 401
    assert person.call("PATCH", "/payments/nonsense").status_code == 400
    assert person.call("POST", "/billing-portal").status_code == 400
    url = person.must("POST", "/payments/setup", status=200)["url"]
    (session,) = parse_qs(urlsplit(url).query)["session_id"]
    assert session.startswith(f"dummy_setup_{person.id}_")
    person.must("PATCH", f"/payments/{session}", status=200)
    user = person.get("/users/current")
    assert (user["verified"], user["has_payment_provider_id"], user["has_auto_topup_payment_method"]) == (
        True,
        True,
        True,
    )
    assert "dummy_billing_portal=true" in person.must("POST", "/billing-portal", status=200)["url"]
    assert world.nobody.send("POST", "/webhooks/payments", content=b"{}").status_code == 501
