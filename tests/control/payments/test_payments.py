"""Payments through the dummy provider (§4.11)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.control.management import API, NIL, Management, Person, answered, managed, settings_for_tests

from control_layer.control.config import decode_settings, encode_settings

DASHBOARD = "https://people.test/"
DONE = {"message": "Payment processed successfully"}
STRIPE = {"api_key": "sk_live_secret", "webhook_secret": "whsec_secret", "price_id": "price_1"}
_GIFTS = {"first_payment_match_up_to": "30", "verification_credits": "7"}


@pytest.fixture
async def paid(database_url: str) -> AsyncIterator[Management]:
    """The management API with the dummy provider."""
    settings = settings_for_tests(dashboard_url=DASHBOARD, payment={"dummy": {"amount": "100.00"}})
    async with managed(database_url, settings) as management:
        yield management


@pytest.fixture
async def generous(database_url: str) -> AsyncIterator[Management]:
    """The same, with gifts."""
    settings = settings_for_tests(dashboard_url=DASHBOARD, payment={"dummy": {}}, credits=_GIFTS)
    async with managed(database_url, settings) as management:
        yield management


def _session_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["session_id"][0]


async def _begin(client: httpx.AsyncClient, path: str = "/payments", **query: str) -> str:
    return str((await answered(client.post(API + path, params=query), 200))["url"])


async def _finish(client: httpx.AsyncClient, session_id: str) -> None:
    assert await answered(client.patch(f"{API}/payments/{session_id}"), 200) == DONE


async def _ledger(person: Person) -> list[dict[str, Any]]:
    page = await answered(person.client.get(f"{API}/transactions?limit=100"), 200)
    return list(page["data"])


async def test_paying_grants_nothing_before_the_session_is_finished_and_then_once(paid: Management) -> None:
    person = await paid.person()
    url = await _begin(person.client)
    session = _session_of(url)
    assert url == f"https://people.test/cost-management?payment=success&session_id={session}"
    prefix, nonce = session.rsplit("_", 1)
    assert (prefix, str(uuid.UUID(nonce))) == (f"dummy_session_{person.id}_{person.id}", nonce)
    assert await _ledger(person) == []
    for _ in range(3):
        await _finish(person.client, session)
    (purchase,) = await _ledger(person)
    assert (purchase["transaction_type"], purchase["source_id"]) == ("purchase", session)
    assert (Decimal(purchase["amount"]), purchase["description"]) == (Decimal(100), "Dummy payment (test)")


async def test_finishing_at_once_books_once(generous: Management) -> None:
    person = await generous.person()
    session = _session_of(await _begin(person.client))
    await asyncio.gather(*(_finish(person.client, session) for _ in range(8)))
    assert sorted(item["source_id"] for item in await _ledger(person)) == [session, f"{session}:first-payment-match"]


async def test_somebody_else_can_pay(paid: Management) -> None:
    payer, creditee = await paid.person(), await paid.person()
    url = await _begin(payer.client, creditee_id=creditee.id)
    session = _session_of(url)
    assert url == f"https://people.test/cost-management?user={creditee.id}&payment=success&session_id={session}"
    assert session.startswith(f"dummy_session_{creditee.id}_{payer.id}_")
    await _finish(payer.client, session)
    assert await _ledger(payer) == []
    (purchase,) = await _ledger(creditee)
    assert purchase["description"] == f"Dummy payment (test) from {payer.username}"


async def test_an_account_that_does_not_exist_cannot_be_paid_for(paid: Management) -> None:
    person = await paid.person()
    for unknown in (str(uuid.uuid4()), NIL):
        refusal = await answered(person.client.post(f"{API}/payments", params={"creditee_id": unknown}), 400)
        assert set(refusal) == {"message"}
        session = f"dummy_session_{unknown}_{person.id}_{uuid.uuid4()}"
        response = await person.client.patch(f"{API}/payments/{session}")
        assert (response.status_code, response.content) == (404, b"")
    response = await person.client.post(f"{API}/payments?creditee_id=nobody")
    assert response.status_code == 400
    assert await paid.sql("SELECT * FROM transactions") == []


@pytest.mark.parametrize(
    "session",
    ["x", "dummy_session_", f"dummy_session_{NIL}", f"dummy_setup_{NIL}", f"dummy_setup_{NIL}_{NIL}x", "cs_1"],
)
async def test_ids_that_no_provider_gave_are_malformed(paid: Management, session: str) -> None:
    refusal = await answered(paid.admin.patch(f"{API}/payments/{session}"), 400)
    assert set(refusal) == {"message"}


async def test_accounts_that_pay_by_invoice_do_not_pay_here(paid: Management) -> None:
    person = await paid.person()
    await paid.sql("UPDATE users SET invoicing_enabled = true WHERE id = $1", uuid.UUID(person.id))
    assert set(await answered(person.client.post(f"{API}/payments"), 409)) == {"message"}


async def test_the_first_purchase_is_matched_up_to_the_limit(generous: Management) -> None:
    person = await generous.person()
    for _ in range(2):
        await _finish(person.client, _session_of(await _begin(person.client)))
    by_type: dict[str, list[Decimal]] = {}
    for item in await _ledger(person):
        by_type.setdefault(item["transaction_type"], []).append(Decimal(item["amount"]))
    assert by_type == {"purchase": [Decimal(50), Decimal(50)], "admin_grant": [Decimal(30)]}


async def test_a_setup_proves_a_payment_method_and_gives_its_credits_once(generous: Management) -> None:
    person, other = await generous.person(), await generous.person()
    portal = await person.client.post(f"{API}/billing-portal")
    assert (portal.status_code, portal.content) == (400, b"")
    for _ in range(2):
        session = _session_of(await _begin(person.client, "/payments/setup"))
        assert session.startswith(f"dummy_setup_{person.id}_")
        assert (await other.client.patch(f"{API}/payments/{session}")).status_code == 404
        await _finish(person.client, session)
        await _finish(person.client, session)
    user = await answered(person.client.get(f"{API}/users/current"), 200)
    assert (user["verified"], user["has_payment_provider_id"], user["has_auto_topup_payment_method"]) == (True,) * 3
    (gift,) = await _ledger(person)
    assert (gift["transaction_type"], Decimal(gift["amount"])) == ("admin_grant", Decimal(7))
    url = urlsplit(await _begin(person.client, "/billing-portal"))
    assert (url.path, parse_qs(url.query)["dummy_billing_portal"]) == ("/cost-management", ["true"])
    assert parse_qs(url.query)["customer_id"] == [f"dummy_customer_{person.id}"]


async def test_auto_topup_is_turned_on_and_off(paid: Management) -> None:
    person = await paid.person()
    url = f"{API}/auto-topup/enable"
    terms = {"threshold": 5, "amount": 20.5, "monthly_limit": 100}
    assert await answered(person.client.post(url, json=terms), 200) == {"has_payment_method": True, **terms}
    user = await answered(person.client.get(f"{API}/users/current"), 200)
    names = ("auto_topup_threshold", "auto_topup_amount", "auto_topup_monthly_limit")
    assert [user[name] for name in names] == [5, 20.5, 100]
    unlimited = await answered(person.client.post(url, json={"threshold": 0, "amount": 1}), 200)
    assert unlimited == {"has_payment_method": True, "threshold": 0, "amount": 1, "monthly_limit": None}
    off = await answered(person.client.post(f"{API}/auto-topup/disable"), 200)
    assert off == {"message": "Auto top-up disabled"}
    user = await answered(person.client.get(f"{API}/users/current"), 200)
    assert [user[name] for name in names] == [None] * 3


@pytest.mark.parametrize(
    ("change", "status"),
    [({"threshold": -1}, 400), ({"amount": 0}, 400), ({"monthly_limit": 0}, 400), ({"amount": "1"}, 422)],
)
async def test_auto_topup_refuses_what_makes_no_sense(paid: Management, change: dict[str, Any], status: int) -> None:
    response = await paid.admin.post(f"{API}/auto-topup/enable", json={"threshold": 1, "amount": 1} | change)
    assert response.status_code == status
    if status == 400:
        assert set(response.json()) == {"message"}


async def test_without_a_provider_nothing_can_be_paid(management: Management) -> None:
    terms = {"threshold": 1, "amount": 1}
    calls = [
        management.admin.post(f"{API}/payments"),
        management.admin.post(f"{API}/payments/setup"),
        management.admin.patch(f"{API}/payments/dummy_session_{NIL}_{NIL}_{NIL}"),
        management.admin.post(f"{API}/billing-portal"),
        management.admin.post(f"{API}/auto-topup/enable", json=terms),
    ]
    for call in calls:
        assert set(await answered(call, 503)) == {"message"}
    assert (await answered(management.admin.get(f"{API}/config"), 200))["payment_enabled"] is False


async def test_the_dummy_provider_sends_no_webhooks(paid: Management) -> None:
    anonymous = await paid.client()
    response = await anonymous.post("/webhooks/payments", content=b'{"type":"checkout.session.completed"}')
    assert response.status_code == 501
    assert (await answered(paid.admin.get(f"{API}/config"), 200))["payment_enabled"] is True


def test_the_control_plane_is_told_of_the_provider_without_a_loss() -> None:
    for payment in ({"dummy": {"amount": "0.000000001"}}, {"stripe": STRIPE}):
        settings = settings_for_tests(payment=payment, credits=_GIFTS)
        assert decode_settings(encode_settings(settings)) == settings
