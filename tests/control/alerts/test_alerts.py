"""Alerts from the request log and the ledger to mail, webhook and list: each episode once, and its end."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.control.management import API, Management, answered, managed, refused, settings_for_tests
from tests.control.webhooks.calls import delivered, made
from tests.control.webhooks.receiver import Receiver, receiver

from control_layer.control.alerts.watch import AlertWatch
from control_layer.control.permissions import Role
from control_layer.recorder import Folding

_MODEL = uuid.UUID(int=7)
_START = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)
_A_DAY = timedelta(days=1)
_ALERTS = {
    "minimum_requests": 10,
    "recipients": ["ops@example.org"],
    "unusual_usage": {"minimum_hours": 12, "minimum_tokens": 10_000},
}


@dataclass(slots=True)
class _World:
    management: Management
    now: datetime = _START

    async def look(self, **time: float) -> None:
        """After a while, a host that leads looks once."""
        self.now += timedelta(**time)
        while await Folding(self.management.engine).fold():
            pass
        await self.watch().step()

    def watch(self) -> AlertWatch:
        return AlertWatch(replace(self.management.services, now=lambda: self.now))

    async def requests(self, count: int, *, minutes_ago: float, **columns: Any) -> None:
        """So many at one moment."""
        row: dict[str, Any] = {
            "key_id": uuid.UUID(int=2),
            "user_id": _MODEL,
            "outcome": "completed",
            "status": 200,
            "first_byte_seconds": 0.5,
            "input_tokens": 10,
            "output_tokens": 5,
            "batch_id": None,
            **columns,
        }
        purpose = "batch" if row["batch_id"] else "realtime"
        names = ", ".join(row)
        places = ", ".join(f"${number}" for number in range(3, len(row) + 3))
        await self.management.sql(
            f"""
            WITH new AS (
                INSERT INTO requests (id, at, worker_id, model, model_id, method, path, stream, purpose, {names})
                SELECT gen_random_uuid(), $1, '{_MODEL}', 'gpt', '{_MODEL}', 'POST', '/', false, '{purpose}', {places}
                FROM generate_series(1, $2) RETURNING at, id, outcome
            )
            INSERT INTO unfolded_requests (at, id, lost) SELECT at, id, (outcome = 'lost')::int FROM new
            """,  # noqa: S608 - our own
            self.now - timedelta(minutes=minutes_ago),
            count,
            *row.values(),
        )

    async def spent(self, budget: dict[str, Any], amount: str) -> None:
        """As the recorder counts it."""
        rolling = budget["period"] == "day" and budget["rolling"]
        await self.management.sql(
            "UPDATE budgets SET since = $2, updated_at = $2 WHERE id = $1", uuid.UUID(budget["id"]), _START - _A_DAY
        )
        await self.management.sql(
            "INSERT INTO budget_spending VALUES ($1, date_trunc($2, $3, 'UTC'), $1, $4, 1) "
            "ON CONFLICT (budget_id, window_start, worker_id) DO UPDATE SET spent = budget_spending.spent + $4",
            *(uuid.UUID(budget["id"]), "hour" if rolling else "day", self.now, Decimal(amount)),
        )

    async def alerts(self, **query: Any) -> list[dict[str, Any]]:
        page = await answered(self.management.admin.get(f"{API}/alerts", params=query), 200)
        found: list[dict[str, Any]] = page["data"]
        assert page["total_count"] == len(found)
        return found

    def mails(self) -> list[str]:
        directory = self.management.mail_directory
        return [file.read_text() for file in sorted(directory.iterdir())] if directory.exists() else []


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[_World]:
    async with managed(database_url, settings_for_tests(alerts=_ALERTS)) as management:
        yield _World(management)


@pytest.fixture
async def program() -> AsyncIterator[Receiver]:
    async with receiver() as program:
        yield program


async def test_failures_are_told_once_and_so_is_their_end(world: _World, program: Receiver) -> None:
    admin = world.management.admin
    await made(admin, program.url, scope="platform", event_types=["alert.raised", "alert.resolved"])
    await world.requests(40, minutes_ago=20)
    await world.requests(30, minutes_ago=5)
    await world.requests(7, minutes_ago=5, status=502)  # the provider's own answer, passed on
    await world.requests(3, minutes_ago=5, outcome="failed", status=200)  # broken off
    await world.requests(45, minutes_ago=5, outcome="failed", status=404)  # their own fault
    await world.requests(45, minutes_ago=5, status=400)
    await world.requests(90, minutes_ago=5, outcome="cancelled", status=499)
    await world.look()
    assert await world.alerts() == []
    await world.requests(5, minutes_ago=5, outcome="lost", status=None)
    for _ in range(3):
        await world.look(seconds=1)
    (alert,) = await world.alerts(state="open")
    assert (alert["kind"], alert["subject_id"], alert["state"]) == ("error_rate", str(_MODEL), "open")
    assert alert["summary"] == "11.1 % of 135 requests to gpt failed in the last 15 minutes; it was 0.0 %"
    assert alert["measured"] == {"requests": 135, "errors": 15, "rate": 15 / 135, "baseline_rate": 0.0}
    # It goes on for longer than the window: what was usual is what was usual when it began.
    await world.requests(15, minutes_ago=-16, outcome="failed", status=None)
    await world.look(minutes=20)
    assert len(await world.alerts(state="open")) == 1
    await world.requests(20, minutes_ago=-16)
    await world.look(minutes=20)
    assert await world.alerts(state="open") == []
    (over,) = await world.alerts(state="resolved", kind="error_rate")
    assert over["resolved_at"] > over["raised_at"]
    await world.look(minutes=1)
    await delivered(world.management)
    assert program.types() == ["alert.raised", "alert.resolved"]
    told = program.messages[0].content["data"]
    assert (told["alert_id"], told["summary"], told["resolved_at"]) == (alert["id"], alert["summary"], None)
    raised, resolved = world.mails()
    assert "To: ops@example.org" in raised
    assert "Subject: Error rate: gpt" in raised
    assert "Subject: Over: error rate, gpt" in resolved


async def test_slow_answers_are_told(world: _World) -> None:
    await world.requests(20, minutes_ago=20, first_byte_seconds=0.5)
    await world.requests(9, minutes_ago=5, first_byte_seconds=0.5)
    await world.requests(11, minutes_ago=5, first_byte_seconds=4.0)
    await world.look()
    (alert,) = await world.alerts()
    assert alert["kind"] == "latency"
    assert alert["summary"] == (
        "Half of the answers of gpt began after 4.00 s or later in the last 15 minutes; it was 0.50 s"
    )
    await world.look(minutes=16)
    assert len(await world.alerts(state="open")) == 1  # nobody asks: nobody knows
    await world.look(hours=2)
    assert await world.alerts(state="open") == []


async def test_a_key_that_uses_far_more_than_usual_is_told(world: _World) -> None:
    person = await world.management.person()
    key = await answered(
        world.management.admin.post(f"{API}/users/{person.id}/api-keys", json={"name": "nightly"}), 201
    )
    key_id = uuid.UUID(key["id"])
    whose = {"key_id": key_id, "user_id": uuid.UUID(person.id)}
    for hour in range(1, 25):
        await world.requests(1, minutes_ago=60 * hour + 40, input_tokens=1500 + 40 * hour, **whose)
    await world.requests(1, minutes_ago=60 * 30, input_tokens=900_000, batch_id=uuid.uuid4(), **whose)
    await world.look()
    assert await world.alerts() == []
    await world.requests(1, minutes_ago=10, input_tokens=41_000, **whose)
    await world.requests(1, minutes_ago=10, key_id=uuid.uuid4(), input_tokens=900_000)  # nobody knows its usual
    for _ in range(2):
        await world.look(minutes=1)
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["subject_id"], alert["user_id"]) == ("unusual_usage", str(key_id), person.id)
    assert alert["summary"] == (
        f"Key “nightly” of {person.username} used 41k tokens in the last hour; its usual is 2.0k ± 356"
    )
    await world.look(hours=1)
    assert await world.alerts(state="open") == []
    await answered(world.management.admin.delete(f"{API}/users/{person.id}"), 204)
    assert await world.alerts() == []


async def test_an_account_hears_of_its_low_balance(world: _World, program: Receiver) -> None:
    person = await world.management.person()
    await made(person.client, program.url, event_types=["balance.low"])
    await answered(person.client.patch(f"{API}/users/{person.id}", json={"low_balance_threshold": 0.1}), 200)
    for _ in range(2):
        await world.look(minutes=5)
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["user_id"]) == ("low_balance", person.id)
    assert alert["summary"] == f"The account {person.username} has 0 credits, less than 0.1"
    gift = {"user_id": person.id, "transaction_type": "admin_grant", "amount": "0.1", "source_id": "gift"}
    await answered(world.management.admin.post(f"{API}/transactions", json=gift), 201)
    await world.look(minutes=5)
    assert await world.alerts(state="open") == []
    await delivered(world.management)
    assert program.types() == ["balance.low"]
    assert program.messages[0].content["data"] == {"user_id": person.id, "balance": "0", "threshold": "0.1"}
    mails = world.mails()
    assert [f"To: {person.username}@example.org" in mail for mail in mails] == [True, True]


async def test_a_threshold_of_a_budget_is_told_once_in_a_period(world: _World, program: Receiver) -> None:
    person = await world.management.person()
    await made(person.client, program.url)
    body = {"name": "Jo", "scope": "user", "scope_id": person.id, "amount": "2.50", "period": "day"}
    budget = await answered(world.management.admin.post(f"{API}/budgets", json=body), 201)
    assert budget["alert_thresholds"] == ["0.8", "0.95", "1"]
    await world.spent(budget, "1.999999999999")
    await world.look()
    assert await world.alerts() == []
    await world.spent(budget, "0.000000000001")
    for _ in range(2):
        await world.look(minutes=5)
    (alert,) = await world.alerts()
    assert (alert["kind"], alert["user_id"]) == ("budget_threshold", person.id)
    assert alert["summary"] == "80 % of the budget “Jo” is spent: 2 of 2.5 credits since 2026-03-15 00:00 UTC"
    await world.spent(budget, "1")  # past two thresholds at once
    await world.look(minutes=5)
    await world.look(days=1)
    assert await world.alerts(state="open") == []
    await world.spent(budget, "2.4")
    await world.look(minutes=5)
    await delivered(world.management)
    told = [message.content["data"] for message in program.messages]
    assert program.types() == ["budget.threshold_reached"] * 3
    assert [(each["threshold"], each["spent"]) for each in told] == [("0.8", "2"), ("1", "3"), ("0.95", "2.4")]
    assert told[0] == {
        "user_id": person.id, "budget_id": budget["id"], "threshold": "0.8", "spent": "2", "amount": "2.5"
    }  # fmt: skip
    addresses = [f"{person.username}@example.org", "ops@example.org"]
    mails = world.mails()
    assert sorted(address for mail in mails for address in addresses if f"To: {address}" in mail) == sorted(
        addresses * 3
    )


async def test_a_threshold_is_told_once_of_an_amount_however_often_that_is_changed(
    world: _World, program: Receiver
) -> None:
    person = await world.management.person()
    await made(person.client, program.url)
    body = {"name": "Jo", "scope": "user", "scope_id": person.id, "amount": "10", "period": "day"}
    budget = await answered(world.management.admin.post(f"{API}/budgets", json=body), 201)
    await world.spent(budget, "9")
    await world.look(minutes=5)
    for amount in ("20", "10"):
        await answered(world.management.admin.patch(f"{API}/budgets/{budget['id']}", json={"amount": amount}), 200)
        await world.look(minutes=5)
    await answered(world.management.admin.patch(f"{API}/budgets/{budget['id']}", json={"amount": "11"}), 200)
    await world.look(minutes=5)
    await delivered(world.management)
    told = [message.content["data"] for message in program.messages]
    assert [(each["threshold"], each["amount"]) for each in told] == [("0.8", "10"), ("0.8", "11")]


async def test_what_is_spent_just_before_a_period_ends_is_told_after_it(world: _World, program: Receiver) -> None:
    person = await world.management.person()
    await made(person.client, program.url)
    body = {"name": "Jo", "scope": "user", "scope_id": person.id, "amount": "10", "period": "day"}
    budget = await answered(world.management.admin.post(f"{API}/budgets", json=body), 201)
    await world.look(hours=11, minutes=28)
    await world.spent(budget, "8.5")
    await world.look(minutes=5)
    await world.spent(budget, "1")
    for _ in range(2):
        await world.look(minutes=5)
    (alert,) = await world.alerts(state="open")
    assert alert["summary"] == "80 % of the budget “Jo” is spent: 8.5 of 10 credits since 2026-03-15 00:00 UTC"
    await world.look(hours=2)
    assert await world.alerts(state="open") == []
    await delivered(world.management)
    assert program.types() == ["budget.threshold_reached"]


async def test_a_rolling_budget_of_a_key_tells_again_only_after_it_was_below(world: _World) -> None:
    person = await world.management.person()
    key = {"name": "nightly", "purpose": "realtime"}
    key = await answered(person.client.post(f"{API}/users/{person.id}/api-keys", json=key), 201)
    body = {"name": "Key", "scope": "key", "scope_id": key["id"], "amount": "1", "period": "day", "rolling": True}
    thresholds = {"alert_thresholds": ["0.5"]}
    budget = await answered(world.management.admin.post(f"{API}/budgets", json={**body, **thresholds}), 201)
    await world.spent(budget, "0.6")
    await world.look(minutes=5)
    await world.look(hours=12)
    await world.spent(budget, "0.7")
    await world.look(hours=12)
    assert [alert["state"] for alert in await world.alerts()] == ["open"]
    await world.look(hours=26)
    assert [alert["state"] for alert in await world.alerts()] == ["resolved"]
    await world.spent(budget, "0.5")
    await world.look(minutes=5)
    await answered(world.management.admin.delete(f"{API}/budgets/{budget['id']}"), 204)
    await world.look(minutes=5)
    assert [(alert["state"], alert["user_id"]) for alert in await world.alerts()] == [("resolved", person.id)] * 2


async def test_hosts_that_both_believe_to_lead_tell_once(world: _World, program: Receiver) -> None:
    await made(world.management.admin, program.url, scope="platform", event_types=["alert.raised"])
    await world.requests(20, minutes_ago=5, outcome="failed", status=500)
    await asyncio.gather(*(world.watch().step() for _ in range(4)))
    assert len(await world.alerts()) == 1
    assert await delivered(world.management) == 1


async def test_an_alert_is_acknowledged_and_that_can_be_taken_back(world: _World) -> None:
    await world.requests(20, minutes_ago=5, outcome="failed", status=500)
    await world.look()
    (alert,) = await world.alerts()
    url = f"{API}/alerts/{alert['id']}"
    assert await answered(world.management.admin.get(url), 200) == alert
    manager = await world.management.person(Role.PLATFORM_MANAGER)
    first = await answered(manager.client.post(f"{url}/acknowledge"), 200)
    assert first["acknowledged_by"] == manager.id
    assert await answered(world.management.admin.post(f"{url}/acknowledge"), 200) == first
    again = await answered(world.management.admin.delete(f"{url}/acknowledge"), 200)
    assert (again["acknowledged_at"], again["acknowledged_by"]) == (None, None)
    await refused(world.management.admin.get(f"{API}/alerts/{uuid.uuid4()}"), 404)
    await refused(world.management.admin.get(f"{API}/alerts?state=x"), 400)


async def test_rules_can_be_switched_off(database_url: str) -> None:
    off = {
        name: {"enabled": False}
        for name in ("error_rate", "latency", "unusual_usage", "low_balance", "budget_threshold")
    }
    async with managed(database_url, settings_for_tests(alerts=off)) as management:
        world = _World(management)
        await world.requests(100, minutes_ago=5, outcome="failed", status=500)
        await world.look()
        assert await world.alerts() == []
    async with managed(database_url, settings_for_tests(alerts={"enabled": False})) as management:
        await AlertWatch(management.services).run()  # comes back at once
