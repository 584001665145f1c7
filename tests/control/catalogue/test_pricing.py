"""The source's prices as a tariff's: exact, and nothing that a tariff cannot say goes unsaid."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices.data import providers
from genai_prices.types import ModelPrice, Tier, TieredPrices

from control_layer.control.catalogue.catalogue import open_catalogue
from control_layer.control.catalogue.pricing import read_prices
from control_layer.control.models.pricing import Price
from control_layer.control.models.schemas import NewTariff

_NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _read(**prices: Decimal) -> dict[str, Decimal]:
    read = read_prices(ModelPrice(**prices))
    assert read.prices is not None
    return {name: price for name, price in iter(read.prices) if price is not None}


def test_prices_by_the_million_become_prices_of_one() -> None:
    assert _read(
        input_mtok=Decimal("2.5"),
        output_mtok=Decimal(10),
        cache_read_mtok=Decimal("0.25"),
        cache_write_mtok=Decimal("3.125"),
        cache_write_1h_mtok=Decimal(5),
        input_audio_mtok=Decimal(40),
        input_image_mtok=Decimal(10),
        output_reasoning_mtok=Decimal(3),
        output_audio_mtok=Decimal(80),
        output_image_mtok=Decimal(30),
        requests_kcount=Decimal(12),
    ) == {
        "input_price_per_token": Decimal("0.0000025"),
        "output_price_per_token": Decimal("0.000010"),
        "cached_input_price_per_token": Decimal("0.00000025"),
        "cache_write_price_per_token": Decimal("0.000003125"),
        "cache_write_1h_price_per_token": Decimal("0.000005"),
        "audio_input_price_per_token": Decimal("0.000040"),
        "image_input_price_per_token": Decimal("0.000010"),
        "reasoning_price_per_token": Decimal("0.000003"),
        "audio_output_price_per_token": Decimal("0.000080"),
        "image_output_price_per_token": Decimal("0.000030"),
        "price_per_request": Decimal("0.012"),
    }


def test_the_noise_of_the_sources_floats_is_rounded_away() -> None:
    prices = _read(input_mtok=Decimal("0.18000000000000002"), output_mtok=Decimal("0.0833333333333333"))
    assert prices == {
        "input_price_per_token": Decimal("0.00000018"),
        "output_price_per_token": Decimal("0.000000083333"),
    }


def test_what_a_tariff_cannot_say_is_said_in_words() -> None:
    tiers = TieredPrices(base=Decimal(3), tiers=[Tier(start=200_000, price=Decimal(6))])
    read = read_prices(ModelPrice(input_mtok=tiers, web_searches_kcount=Decimal(10), input_video_mtok=Decimal(1)))
    assert read.prices is not None
    assert read.prices.input_price_per_token == Decimal("0.000003")
    assert read.prices.output_price_per_token == 0
    assert read.remarks == [
        "input_price_per_token rises with the prompt: 0.000006 above 200,000 tokens",
        "web_searches_kcount: 10, which a tariff cannot charge",
        "input_video_mtok: 1, which a tariff cannot charge",
    ]
    assert read.modalities.model_dump() == {"input": ["text", "video"], "output": ["text"]}
    by_the_hour = read_prices(ModelPrice(input_audio_hours=Decimal("0.111")))
    assert by_the_hour.prices is None
    assert by_the_hour.modalities.input == ["text", "audio"]


async def test_every_model_of_the_source_can_be_suggested() -> None:
    catalogue = await open_catalogue()
    found, total = catalogue.search("", 0, 10**6, _NOW)
    assert len(found) == total == sum(len(provider.models) for provider in providers)
    for model in found:
        if model.prices is not None:
            tariff = NewTariff.model_validate({"name": "t", **model.prices.model_dump()})
            assert Price.of(tariff).input_price_per_token == model.prices.input_price_per_token


def test_nobody_loads_the_source_who_does_not_ask() -> None:
    program = "import sys, control_layer.control.app; sys.exit('genai_prices' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
