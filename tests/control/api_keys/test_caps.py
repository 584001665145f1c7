"""Spending caps of keys (§4.2). That they are kept is shown with gateways, in `tests/budgets`."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.control.management import API, Management, answered, refused

URL = f"{API}/users/current/api-keys"


async def _spent(management: Management, key: dict[str, Any], amount: str, at: datetime | None = None) -> None:
    """Spending that the recorder counted in the window that is open, or at a moment."""
    start = at or (await management.sql("SELECT since FROM spending_limits WHERE id = $1", uuid.UUID(key["id"])))[0][0]
    place = (uuid.UUID(key["id"]), start, uuid.uuid4())
    await management.sql("INSERT INTO budget_spending VALUES ($1, $2, $3, $4, 1)", *place, Decimal(amount))


def _spending(key: dict[str, Any]) -> list[Decimal]:
    return [Decimal(key["spend"]), Decimal(key["total_spend"])]


async def test_capped_key_shows_what_it_has_spent(management: Management) -> None:
    made = await answered(management.admin.post(URL, json={"name": "k", "spend_limit": "12.5"}), 201)
    assert Decimal(made["spend_limit"]) == Decimal("12.5")
    assert (made["spend_limit_interval"], made["resets_at"]) == (None, None)
    assert _spending(made) == [0, 0]
    await _spent(management, made, "1.25")
    for answer in (
        await answered(management.admin.get(f"{URL}/{made['id']}"), 200),
        (await answered(management.admin.get(URL), 200))["data"][0],
    ):
        assert _spending(answer) == [Decimal("1.25"), Decimal("1.25")]


async def test_new_interval_and_reset_count_anew_and_the_total_stays(management: Management) -> None:
    made = await answered(management.admin.post(URL, json={"name": "k", "spend_limit": 5}), 201)
    address = f"{URL}/{made['id']}"
    await _spent(management, made, "2")
    raised = await answered(management.admin.patch(address, json={"spend_limit": "6"}), 200)
    assert _spending(raised) == [2, 2]
    assert Decimal(raised["spend_limit"]) == 6
    daily = await answered(management.admin.patch(address, json={"spend_limit_interval": "daily"}), 200)
    assert _spending(daily) == [0, 2]
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert datetime.fromisoformat(daily["resets_at"]) == midnight
    await _spent(management, made, "1")
    anew = await answered(management.admin.patch(address, json={"reset_window": True}), 200)
    assert _spending(anew) == [0, 3]
    once = await answered(management.admin.patch(address, json={"spend_limit_interval": None}), 200)
    assert (once["spend_limit_interval"], once["resets_at"]) == (None, None)


async def test_cap_is_cleared_with_null(management: Management) -> None:
    body = {"name": "k", "spend_limit": 5, "spend_limit_interval": "weekly"}
    made = await answered(management.admin.post(URL, json=body), 201)
    address = f"{URL}/{made['id']}"
    assert (await answered(management.admin.patch(address, json={}), 200))["spend_limit_interval"] == "weekly"
    cleared = await answered(management.admin.patch(address, json={"spend_limit": None}), 200)
    for name in ("spend_limit", "spend_limit_interval", "spend", "total_spend", "resets_at"):
        assert cleared[name] is None, name
    await refused(management.admin.patch(address, json={"reset_window": True}), 400)
    await refused(management.admin.patch(address, json={"spend_limit_interval": "daily"}), 400)
