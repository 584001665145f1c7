"""What a model has cost: every tariff, in force or closed."""

from __future__ import annotations

import uuid
from typing import Any

from tests.control.management import Management, answered, refused
from tests.control.models.calls import MODELS, standard


def _tariff(name: str, price: str) -> dict[str, Any]:
    return {
        "name": name,
        "input_price_per_token": price,
        "output_price_per_token": price,
        "api_key_purpose": "realtime",
    }


async def test_closed_tariffs_stay_those_in_force_first_then_the_last_closed(management: Management) -> None:
    model = await standard(management, tariffs=[_tariff("first", "1")])
    url = f"{MODELS}/{model['id']}"
    for name, price in (("second", "2"), ("third", "3")):
        await answered(management.admin.patch(url, json={"tariffs": [_tariff(name, price)]}), 200)
    page = await answered(management.admin.get(f"{url}/tariffs"), 200)
    assert page["total_count"] == 3
    assert [(each["name"], each["is_active"]) for each in page["data"]] == [
        ("third", True),
        ("second", False),
        ("first", False),
    ]
    assert page["data"][1]["valid_until"] == page["data"][0]["valid_from"]
    page = await answered(management.admin.get(f"{url}/tariffs", params={"skip": 1, "limit": 1}), 200)
    assert ([each["name"] for each in page["data"]], page["total_count"]) == (["second"], 3)


async def test_there_is_none_of_a_model_that_is_not_there(management: Management) -> None:
    await refused(management.admin.get(f"{MODELS}/{uuid.uuid4()}/tariffs"), 404)
