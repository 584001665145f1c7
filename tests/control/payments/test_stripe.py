"""Payments through Stripe (§4.11), with its own library and a server that answers as its reference says."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.control.management import API, Management, Person, answered, managed, settings_for_tests
from tests.control.payments.stripe_server import (
    API_KEY,
    PRICE,
    WEBHOOK_SECRET,
    StripeServer,
    event,
    signature,
    stripe_server,
)

from control_layer.control.payments.currency import from_minor, to_minor
from control_layer.settings.billing import StripePayment

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
"""Stripe's library calls httpx in a way that httpx has come to dislike."""
_GIFTS = {"first_payment_match_up_to": "10", "verification_credits": "3"}
_COMPLETED = "checkout.session.completed"
_LATER = "checkout.session.async_payment_succeeded"


@pytest.fixture
async def stripe() -> AsyncIterator[StripeServer]:
    async with stripe_server() as server:
        yield server


@pytest.fixture
async def shop(database_url: str, stripe: StripeServer) -> AsyncIterator[Management]:
    """The management API with Stripe behind it."""
    payment = {
        "api_key": API_KEY,
        "webhook_secret": WEBHOOK_SECRET,
        "price_id": PRICE,
        "api_base": stripe.url,
        "enable_invoice_creation": True,
    }
    settings = settings_for_tests(dashboard_url="https://people.test/", payment={"stripe": payment}, credits=_GIFTS)
    async with managed(database_url, settings) as management:
        yield management


async def _begin(client: httpx.AsyncClient, path: str = "/payments", **query: str) -> str:
    """A new session's id."""
    url = str((await answered(client.post(API + path, params=query), 200))["url"])
    assert url.startswith("https://checkout.stripe.test/")
    return url.rpartition("/")[2]


async def _report(management: Management, body: bytes, signed: str | None = None) -> int:
    anonymous = await management.client()
    headers = {"stripe-signature": signature(body) if signed is None else signed}
    response = await anonymous.post("/webhooks/payments", content=body, headers=headers)
    return response.status_code


async def _ledger(person: Person) -> dict[str, Decimal]:
    page = await answered(person.client.get(f"{API}/transactions?limit=100"), 200)
    return {item["source_id"]: Decimal(item["amount"]) for item in page["data"]}


async def _me(person: Person) -> dict[str, Any]:
    user: dict[str, Any] = await answered(person.client.get(f"{API}/users/current"), 200)
    return user


async def test_a_checkout_is_booked_once_when_it_is_paid(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    session_id = await _begin(person.client)
    begun = stripe.sessions[session_id]
    assert (begun["client_reference_id"], begun["customer_email"]) == (person.id, f"{person.username}@example.org")
    back = "https://people.test/cost-management?payment={}&session_id={{CHECKOUT_SESSION_ID}}"
    assert (begun["success_url"], begun["cancel_url"]) == (back.format("success"), back.format("cancelled"))
    refusal = await answered(person.client.patch(f"{API}/payments/{session_id}"), 402)
    assert set(refusal) == {"message"}
    assert await _ledger(person) == {}
    paid = stripe.complete(session_id)
    for _ in range(2):
        done = await answered(person.client.patch(f"{API}/payments/{session_id}"), 200)
        assert done == {"message": "Payment processed successfully"}
        assert await _report(shop, event(_COMPLETED, paid)) == 200
    assert await _ledger(person) == {session_id: 25, f"{session_id}:first-payment-match": 10}
    me = await _me(person)
    assert (me["verified"], me["has_payment_provider_id"]) == (True, True)
    second = await _begin(person.client)
    assert stripe.sessions[second]["customer"] == paid["customer"]
    stripe.complete(second, discount=500)
    await answered(person.client.patch(f"{API}/payments/{second}"), 200)
    assert (await _ledger(person))[second] == 20
    portal = await answered(person.client.post(f"{API}/billing-portal"), 200)
    assert portal == {"url": f"https://billing.stripe.test/p/{paid['customer']}"}


async def test_webhook_and_browser_at_once_book_once(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    session_id = await _begin(person.client)
    body = event(_COMPLETED, stripe.complete(session_id))
    finishes = [person.client.patch(f"{API}/payments/{session_id}") for _ in range(3)]
    reports = [_report(shop, body) for _ in range(3)]
    finished, reported = await asyncio.gather(asyncio.gather(*finishes), asyncio.gather(*reports))
    assert [answer.status_code for answer in finished] + list(reported) == [200] * 6
    assert await _ledger(person) == {session_id: 25, f"{session_id}:first-payment-match": 10}


async def test_what_is_paid_later_is_booked_later(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    session_id = await _begin(person.client)
    waiting = stripe.complete(session_id, payment_status="unpaid")
    assert await _report(shop, event(_COMPLETED, waiting)) == 200
    assert await _ledger(person) == {}
    assert await _report(shop, event("checkout.session.async_payment_failed", waiting)) == 200
    assert await _ledger(person) == {}
    assert await _report(shop, event(_LATER, stripe.complete(session_id))) == 200
    assert session_id in await _ledger(person)


async def test_who_pays_for_somebody_else_is_verified_and_the_other_gets_the_credits(
    shop: Management, stripe: StripeServer
) -> None:
    payer, creditee = await shop.person(), await shop.person()
    session_id = await _begin(payer.client, creditee_id=creditee.id)
    assert f"user={creditee.id}&payment=success" in stripe.sessions[session_id]["success_url"]
    assert await _report(shop, event(_COMPLETED, stripe.complete(session_id))) == 200
    assert await _ledger(payer) == {}
    assert (await _ledger(creditee))[session_id] == 25
    assert ((await _me(payer))["verified"], (await _me(creditee))["verified"]) == (True, False)
    (text,) = await shop.sql("SELECT description FROM transactions WHERE source_id = $1", session_id)
    assert text[0] == f"Payment through Stripe from {payer.username}"


async def test_a_setup_proves_a_card_and_gives_its_credits_once(shop: Management, stripe: StripeServer) -> None:
    person, other = await shop.person(), await shop.person()
    session_id = await _begin(person.client, "/payments/setup")
    await answered(person.client.patch(f"{API}/payments/{session_id}"), 402)
    body = event(_COMPLETED, stripe.complete(session_id))
    assert (await other.client.patch(f"{API}/payments/{session_id}")).status_code == 404
    assert [await _report(shop, body) for _ in range(2)] == [200, 200]
    await answered(person.client.patch(f"{API}/payments/{session_id}"), 200)
    assert await _ledger(person) == {f"{person.id}:verification-credits": 3}
    assert (await _me(person))["verified"] is True


async def test_a_forged_webhook_books_nothing(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    body = event(_COMPLETED, stripe.complete(await _begin(person.client)))
    forged = [
        "",
        signature(body, secret="whsec_guessed"),
        signature(body, secret=""),
        signature(body, age_seconds=301),
        signature(body.replace(b"2500", b"9999")),
        "t=,v1",
    ]
    assert [await _report(shop, body, signed) for signed in forged] == [400] * len(forged)
    assert await _report(shop, b"\xff\xfe", signature(b"\xff\xfe")) == 400
    assert await _report(shop, b"{", signature(b"{")) == 400
    anonymous = await shop.client()
    assert (await anonymous.post("/webhooks/payments", content=body)).status_code == 400
    assert await _ledger(person) == {}


async def test_events_that_are_not_ours_are_taken_and_change_nothing(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    session = stripe.complete(await _begin(person.client))
    others = [
        event(_COMPLETED, session | {"client_reference_id": str(uuid.uuid4())}),
        event(_COMPLETED, session | {"client_reference_id": "cart-7"}),
        event(_COMPLETED, session | {"client_reference_id": None}),
        event(_COMPLETED, session | {"mode": "subscription"}),
        event(_COMPLETED, session | {"amount_subtotal": None}),
        event("charge.refunded", session),
        b"[]",
        b'{"type":"checkout.session.completed","data":[]}',
    ]
    assert [await _report(shop, body) for body in others] == [200] * len(others)
    assert await _ledger(person) == {}


async def test_a_webhook_that_cannot_be_stored_is_asked_for_again(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    body = event(_COMPLETED, stripe.complete(await _begin(person.client)))
    await shop.sql("ALTER TABLE transactions RENAME TO away")
    assert await _report(shop, body) == 500
    await shop.sql("ALTER TABLE away RENAME TO transactions")
    assert await _report(shop, body) == 200
    assert len(await _ledger(person)) == 2


async def test_what_stripe_does_not_know_or_cannot_do_is_said(
    shop: Management, stripe: StripeServer, capsys: Any
) -> None:
    person = await shop.person()
    for malformed in ("x", "dummy_session_1", "cs_", "cs_test_%2e%2e"):
        assert set(await answered(person.client.patch(f"{API}/payments/{malformed}"), 400)) == {"message"}
    assert (await person.client.patch(f"{API}/payments/cs_test_unknown")).status_code == 404
    stripe.sessions["cs_test_other"] = {"id": "cs_test_other", "object": "checkout.session", "mode": "payment"}
    assert (await person.client.patch(f"{API}/payments/cs_test_other")).status_code == 404
    stripe.away = True
    for call in ("/payments", "/payments/setup"):
        assert set(await answered(person.client.post(API + call), 500)) == {"message"}
    assert API_KEY not in capsys.readouterr().out


async def test_a_customer_that_stripe_has_forgotten_is_replaced(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    await shop.sql("UPDATE users SET payment_provider_id = 'cus_gone' WHERE id = $1", uuid.UUID(person.id))
    session = stripe.complete(await _begin(person.client))
    assert await _report(shop, event(_COMPLETED, session)) == 200
    assert stripe.sessions[await _begin(person.client)]["customer"] == session["customer"] != "cus_gone"


async def test_auto_topup_needs_a_card_and_says_where_to_store_one(shop: Management, stripe: StripeServer) -> None:
    person = await shop.person()
    terms = {"threshold": 5, "amount": 20, "monthly_limit": 100}
    for _ in range(2):
        answer = await answered(person.client.post(f"{API}/auto-topup/enable", json=terms), 200)
        assert (answer["needs_billing_portal"], set(answer)) == (True, {"needs_billing_portal", "reason"})
    (customer,) = stripe.customers
    assert (await _me(person))["auto_topup_threshold"] is None
    assert (await answered(person.client.post(f"{API}/billing-portal"), 200))["url"].endswith(customer)
    stripe.cards[customer] = ["pm_1"]
    answer = await answered(person.client.post(f"{API}/auto-topup/enable", json=terms), 200)
    assert answer == {"has_payment_method": True, **terms}


def test_no_secret_may_be_empty_and_the_key_goes_nowhere_in_clear() -> None:
    whole = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET, "price_id": PRICE}
    assert API_KEY not in repr(StripePayment.model_validate(whole))
    for change in ({"api_key": ""}, {"webhook_secret": " "}, {"price_id": ""}, {"api_base": "http://stripe.test"}):
        with pytest.raises(ValidationError):
            StripePayment.model_validate(whole | change)
    for missing in whole:
        with pytest.raises(ValidationError):
            StripePayment.model_validate({name: value for name, value in whole.items() if name != missing})


@pytest.mark.parametrize(
    ("minor", "currency", "amount"), [(1050, "usd", "10.50"), (500, "JPY", "500"), (12340, "kwd", "12.340")]
)
def test_sums_are_read_in_the_unit_of_their_currency(minor: int, currency: str, amount: str) -> None:
    assert from_minor(minor, currency) == Decimal(amount)
    assert to_minor(Decimal(amount), currency) == minor


@given(st.integers(0, 10**12), st.sampled_from(["usd", "eur", "jpy", "xof"]))
def test_what_was_read_is_written_again(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor
