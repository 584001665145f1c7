"""Prompt-cache pricing (§4.5.8)."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal
from typing import Any

import pytest
from tests.control.management import Management, answered, managed, refused, settings_for_tests
from tests.control.models.calls import MODELS, grant, standard

_FIELDS = {
    "enabled", "write_multiplier_5m", "write_multiplier_1h", "write_multiplier_24h", "read_multiplier",
    "min_prefix_tokens", "valid_from", "valid_until",
}  # fmt: skip


async def _url(management: Management) -> str:
    return f"{MODELS}/{(await standard(management))['id']}/cache-pricing"


def _numbers(pricing: dict[str, Any]) -> list[Decimal]:
    multipliers = ("write_multiplier_5m", "write_multiplier_1h", "write_multiplier_24h", "read_multiplier")
    assert all(isinstance(pricing[name], str) for name in multipliers)
    return [Decimal(pricing[name]) for name in (*multipliers, "min_prefix_tokens")]


async def test_it_is_off_until_it_is_set_and_after_it_is_deleted(management: Management) -> None:
    url = await _url(management)
    off = {**dict.fromkeys(_FIELDS), "enabled": False}
    assert await answered(management.admin.get(url), 200) == off
    await answered(management.admin.delete(url), 204)
    made = await answered(management.admin.put(url, json={}), 200)
    assert set(made) == _FIELDS
    assert (made["enabled"], made["valid_until"]) == (True, None)
    assert await answered(management.admin.get(url), 200) == made
    await answered(management.admin.delete(url), 204)
    assert await answered(management.admin.get(url), 200) == off


async def test_what_is_left_out_takes_the_default_whatever_it_was(database_url: str) -> None:
    settings = settings_for_tests(pricing={"cache": {"read_multiplier": "0.25", "min_prefix_tokens": 2048}})
    async with managed(database_url, settings) as management:
        url = await _url(management)
        body = {"write_multiplier_5m": "3.1", "write_multiplier_1h": 4, "read_multiplier": 0, "min_prefix_tokens": 0}
        first = _numbers(await answered(management.admin.put(url, json=body), 200))
        assert first == [Decimal("3.1"), 4, 2, 0, 0]
        second = await answered(management.admin.put(url, json={"write_multiplier_24h": "99.9999"}), 200)
        assert _numbers(second) == [Decimal("1.25"), 2, Decimal("99.9999"), Decimal("0.25"), 2048]
        assert _numbers(await answered(management.admin.put(url), 200))[3] == Decimal("0.25")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"read_multiplier": 100}, 400),
        ({"read_multiplier": "-0.1"}, 400),
        ({"write_multiplier_1h": "1.00001"}, 400),
        ({"write_multiplier_1h": "1e-400"}, 400),
        ({"min_prefix_tokens": -1}, 400),
        ({"read_multiplier": "much"}, 422),
        ({"read_multiplier": "NaN"}, 422),
        ({"min_prefix_tokens": 1.5}, 422),
        ({"write_multiplier_1h": "1.50000"}, 200),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    management: Management, body: dict[str, Any], status: int
) -> None:
    url = await _url(management)
    before = await answered(management.admin.put(url, json={}), 200)
    response = await management.admin.put(url, json=body)
    assert response.status_code == status, response.text
    if status != 200:
        assert await answered(management.admin.get(url), 200) == before


async def test_what_was_in_force_stays_for_the_requests_made_under_it(management: Management) -> None:
    url = await _url(management)
    await asyncio.gather(*(answered(management.admin.put(url, json={}), 200) for _ in range(4)))
    ((rows, active),) = await management.sql(
        "SELECT count(*), count(*) FILTER (WHERE valid_until IS NULL) FROM cache_pricings"
    )
    assert (rows, active) == (4, 1)


async def test_everybody_who_sees_the_model_sees_it_with_the_prices(management: Management) -> None:
    model = await standard(management)
    await grant(management, model["id"])
    set_ = await answered(management.admin.put(f"{MODELS}/{model['id']}/cache-pricing", json={}), 200)
    person = await management.person()
    shown = await answered(person.client.get(f"{MODELS}/{model['id']}?include=pricing"), 200)
    assert shown["cache_pricing"] == set_
    listed = await answered(person.client.get(f"{MODELS}?include=pricing"), 200)
    assert [item["cache_pricing"] for item in listed["data"]] == [set_]


async def test_it_belongs_to_those_who_manage_models_and_to_models_that_exist(management: Management) -> None:
    url, person = await _url(management), await management.person()
    for method in ("GET", "PUT", "DELETE"):
        await refused(person.client.request(method, url), 403)
        await refused(management.admin.request(method, f"{MODELS}/{uuid.uuid4()}/cache-pricing"), 404)
    await answered(management.admin.delete(url.removesuffix("/cache-pricing")), 200)
    await refused(management.admin.put(url, json={}), 404)
