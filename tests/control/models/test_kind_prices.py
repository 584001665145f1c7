"""Prices of kinds of tokens, and of requests: given, shown, kept and taken away with the tariffs they stand in."""

from __future__ import annotations

from typing import Any

from tests.control.management import Management, answered
from tests.control.models.calls import MODELS, standard

from control_layer.control.models.pricing import KIND_PRICES

_PRICES = {name: f"0.00000{number}000001" for number, name in enumerate(KIND_PRICES, start=1)}


def _tariff(**kinds: str | None) -> dict[str, Any]:
    base = {"name": "t", "input_price_per_token": "0.01", "output_price_per_token": "0.02"}
    return {**base, "api_key_purpose": "realtime", **kinds}


async def _shown(management: Management, url: str) -> dict[str, Any]:
    (tariff,) = (await answered(management.admin.get(f"{url}?include=pricing"), 200))["tariffs"]
    assert isinstance(tariff, dict)
    return tariff


async def test_every_price_is_kept_to_the_twelfth_decimal_and_left_out_where_there_is_none(
    management: Management,
) -> None:
    model = await standard(management, tariffs=[_tariff(**_PRICES)])
    url = f"{MODELS}/{model['id']}"
    shown = await _shown(management, url)
    assert {name: shown[name] for name in KIND_PRICES} == _PRICES
    await answered(management.admin.patch(url, json={"tariffs": [_tariff(**dict.fromkeys(KIND_PRICES))]}), 200)
    assert not set(KIND_PRICES) & set(await _shown(management, url))


async def test_a_tariff_stays_the_same_for_who_does_not_mention_its_prices_of_kinds(management: Management) -> None:
    model = await standard(management, tariffs=[_tariff(price_per_request="1", reasoning_price_per_token="2")])
    url = f"{MODELS}/{model['id']}"
    before = await _shown(management, url)
    for same in (_tariff(), before, _tariff(price_per_request="1.0"), _tariff(audio_input_price_per_token=None)):
        await answered(management.admin.patch(url, json={"tariffs": [same]}), 200)
        assert await _shown(management, url) == before
    for other in (
        _tariff(price_per_request="1", reasoning_price_per_token="3"),
        _tariff(price_per_request=None),
        _tariff(audio_input_price_per_token="0"),
    ):
        await answered(management.admin.patch(url, json={"tariffs": [other]}), 200)
        after = await _shown(management, url)
        assert after["id"] != before["id"]
        assert {name: float(after[name]) for name in KIND_PRICES if name in after} == {
            name: float(price) for name, price in other.items() if name in KIND_PRICES and price is not None
        }
        before = after


async def test_of_tariffs_that_differ_in_a_kind_alone_each_finds_its_own(management: Management) -> None:
    first, second = _tariff(price_per_request="1"), _tariff(price_per_request="2")
    for tariff in (first, second):
        tariff["api_key_purpose"] = None
    model = await standard(management, tariffs=[first, second])
    url = f"{MODELS}/{model['id']}"
    unspecific = {name: value for name, value in first.items() if name != "price_per_request"}
    await answered(management.admin.patch(url, json={"tariffs": [unspecific, first]}), 200)
    ((opened, open_),) = await management.sql(
        "SELECT count(*), count(*) FILTER (WHERE valid_until IS NULL) FROM tariffs"
    )
    assert (opened, open_) == (2, 2)


async def test_prices_that_cannot_be_are_refused_by_name(management: Management) -> None:
    model = await standard(management)
    for name in KIND_PRICES:
        for price, status in (("-0.1", 400), ("1e12", 400), ("much", 422)):
            body = {"tariffs": [_tariff(**{name: price})]}
            answer = await management.admin.patch(f"{MODELS}/{model['id']}", json=body)
            assert answer.status_code == status
            assert name in answer.text


async def test_a_price_that_rounds_to_the_same_is_the_same(management: Management) -> None:
    model = await standard(management, tariffs=[_tariff(price_per_request="0.1000000000001")])
    url = f"{MODELS}/{model['id']}"
    before = await _shown(management, url)
    assert before["price_per_request"] == "0.100000000000"
    await answered(management.admin.patch(url, json={"tariffs": [{**_tariff(), "price_per_request": 0.1}]}), 200)
    assert await _shown(management, url) == before
