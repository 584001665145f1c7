"""Automatic top-ups: money is taken once, whoever dies and whatever is lost, and never more than was agreed to."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.control.management import API, Management, Person, answered, managed, settings_for_tests
from tests.control.payments.stripe_server import API_KEY, PRICE, WEBHOOK_SECRET, StripeServer, stripe_server

from control_layer.control.payments.provider import PaymentProvider
from control_layer.control.payments.topup_terms import PAUSE_AFTER_DECLINE, Earlier, Terms, Wait, decide, month_of
from control_layer.control.payments.topups import AutoTopups

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
_NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
_MONEY = st.decimals("0.01", "1000", places=2)


@dataclass(slots=True)
class _Shop:
    management: Management
    stripe: StripeServer
    now: datetime = _NOW

    def host(self) -> AutoTopups:
        """A host that leads, at the time it is."""
        services = replace(self.management.services, now=lambda: self.now)
        provider: PaymentProvider | None = services.payments
        assert provider is not None
        return AutoTopups(services, provider)

    async def customer(self, **terms: float) -> Person:
        """Somebody with a card who agreed to buy 20 below 5."""
        person = await self.management.person()
        customer = self.stripe.new_customer()
        self.stripe.cards[customer] = ["pm_1"]
        statement = "UPDATE users SET payment_provider_id = $1 WHERE id = $2"
        await self.management.sql(statement, customer, uuid.UUID(person.id))
        agreed = {"threshold": 5, "amount": 20} | terms
        await answered(person.client.post(f"{API}/auto-topup/enable", json=agreed), 200)
        return person

    async def balance(self, person: Person) -> float:
        me = await answered(person.client.get(f"{API}/users/current?include=billing"), 200)
        return float(me["credit_balance"])

    async def spend(self, person: Person, amount: str) -> None:
        body = {
            "user_id": person.id,
            "transaction_type": "admin_removal",
            "amount": amount,
            "source_id": str(uuid.uuid4()),
        }
        await answered(self.management.admin.post(f"{API}/transactions", json=body), 201)

    def charged(self) -> list[int]:
        return [intent["amount"] for intent in self.stripe.intents if intent["status"] == "succeeded"]


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[_Shop]:
    async with stripe_server() as stripe:
        payment = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET, "price_id": PRICE, "api_base": stripe.url}
        async with managed(database_url, settings_for_tests(payment={"stripe": payment})) as management:
            yield _Shop(management, stripe)


async def test_it_buys_below_the_threshold_and_up_to_the_monthly_limit(shop: _Shop) -> None:
    person = await shop.customer(monthly_limit=40)
    other = await shop.management.person()
    host = shop.host()
    for _ in range(3):
        await host.step()
    assert (shop.charged(), int(await shop.balance(person)), int(await shop.balance(other))) == ([2000], 20, 0)
    for _ in range(2):
        await shop.spend(person, "18")
        await host.step()
    assert (shop.charged(), int(await shop.balance(person))) == ([2000, 2000], 4)
    shop.now = datetime(2026, 4, 1, tzinfo=UTC)
    await shop.host().step()
    assert (len(shop.charged()), int(await shop.balance(person))) == (3, 24)
    (row,) = await shop.management.sql("SELECT actor FROM audit_log WHERE resource = 'auto_topups' LIMIT 1")
    assert row[0] == "system:auto-topup"


async def test_hosts_that_both_believe_to_lead_buy_once(shop: _Shop) -> None:
    person = await shop.customer()
    await asyncio.gather(*(shop.host().step() for _ in range(4)))
    await shop.host().step()
    assert (shop.charged(), int(await shop.balance(person))) == ([2000], 20)


async def test_an_answer_that_is_lost_is_found_again(shop: _Shop) -> None:
    person = await shop.customer()
    shop.stripe.lose_answers = 1
    await shop.host().step()
    assert (shop.charged(), int(await shop.balance(person))) == ([2000], 0)
    shop.stripe.away = True
    await shop.host().step()
    shop.stripe.away = False
    shop.stripe._answers.clear()  # a day later idempotency keys are forgotten
    await shop.host().step()
    assert (shop.charged(), int(await shop.balance(person))) == ([2000], 20)


async def test_a_declined_card_rests_and_is_given_up_in_the_end(shop: _Shop) -> None:
    person = await shop.customer()
    shop.stripe.decline = "insufficient_funds"
    for attempt in range(1, 4):
        for _ in range(2):
            await shop.host().step()
        assert len(shop.stripe.intents) == attempt
        shop.now += PAUSE_AFTER_DECLINE
    me = await answered(person.client.get(f"{API}/users/current"), 200)
    assert me["auto_topup_threshold"] is None
    shop.stripe.decline = None
    await shop.host().step()
    assert (shop.charged(), int(await shop.balance(person))) == ([], 0)
    assert await shop.management.services.errands.finish(20)
    mails = [file.read_text() for file in sorted(shop.management.mail_directory.iterdir())]
    assert [f"To: {person.username}@example.org" in mail for mail in mails] == [True] * 3
    assert ["switched off" in mail for mail in mails] == [False, False, True]


async def test_an_account_that_is_deleted_meanwhile_is_not_charged(shop: _Shop) -> None:
    person = await shop.customer()
    shop.stripe.away = True
    await shop.host().step()
    shop.stripe.away = False
    await answered(shop.management.admin.delete(f"{API}/users/{person.id}"), 204)
    await shop.host().step()
    (row,) = await shop.management.sql("SELECT state, error FROM auto_topups")
    assert (shop.charged(), tuple(row)) == ([], ("failed", "account_deleted"))


@st.composite
def _earlier(draw: st.DrawFn) -> Earlier:
    created = _NOW - timedelta(hours=draw(st.integers(0, 1500)))
    state = draw(st.sampled_from(["pending", "succeeded", "failed"]))
    ended = None if state == "pending" else created + timedelta(minutes=1)
    return Earlier(amount=draw(_MONEY), state=state, created_at=created, ended_at=ended)


@given(_MONEY, _MONEY, st.none() | _MONEY, st.decimals("-100", "1000", places=2), st.lists(_earlier(), max_size=6))
def test_no_more_is_bought_than_was_agreed_to(
    threshold: Decimal, amount: Decimal, limit: Decimal | None, balance: Decimal, earlier: list[Earlier]
) -> None:
    decision = decide(Terms(threshold=threshold, amount=amount, monthly_limit=limit), balance, earlier, _NOW)
    if isinstance(decision, Wait):
        assert decision is not Wait.ENOUGH or balance >= threshold
        return
    assert decision == amount
    assert balance < threshold
    assert not any(topup.state == "pending" for topup in earlier)
    if limit is not None:
        spent = [topup.amount for topup in earlier if topup.state == "succeeded" and topup.created_at >= month_of(_NOW)]
        assert sum(spent, amount) <= limit
