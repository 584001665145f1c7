"""Prices of `genai-prices`, which are per million tokens and may depend on much, as the prices of a tariff. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from control_layer.control.catalogue.schemas import Modalities, SuggestedPrices
from control_layer.control.money import plain

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices

__all__ = ["ReadPrices", "read_prices"]

_DIGITS = 12
"""As a tariff keeps them; what comes behind is the noise of the source's floats."""
_FIELDS: Mapping[str, tuple[str, int]] = {
    "input_mtok": ("input_price_per_token", 6),
    "output_mtok": ("output_price_per_token", 6),
    "cache_read_mtok": ("cached_input_price_per_token", 6),
    "cache_write_mtok": ("cache_write_price_per_token", 6),
    "cache_write_1h_mtok": ("cache_write_1h_price_per_token", 6),
    "input_audio_mtok": ("audio_input_price_per_token", 6),
    "input_image_mtok": ("image_input_price_per_token", 6),
    "output_reasoning_mtok": ("reasoning_price_per_token", 6),
    "output_audio_mtok": ("audio_output_price_per_token", 6),
    "output_image_mtok": ("image_output_price_per_token", 6),
    "requests_kcount": ("price_per_request", 3),
}
"""The tariff's name, and the power of ten of what the source counts by."""
_MEDIA = ("audio", "image", "video")


@dataclass(frozen=True, slots=True)
class ReadPrices:
    """What a tariff can say of a model's prices, and in words what it cannot."""

    prices: SuggestedPrices | None
    remarks: list[str]
    modalities: Modalities


def read_prices(source: ModelPrice) -> ReadPrices:
    """The prices of a model. Of a price that depends on the prompt's length it is the one of the shortest prompts."""
    found: dict[str, Decimal] = {}
    remarks = []
    named = {key: price for key, price in vars(source).items() if price is not None}
    for key, price in named.items():
        base = price if isinstance(price, Decimal) else price.base
        if key not in _FIELDS:
            remarks.append(f"{key}: {plain(base)}, which a tariff cannot charge")
            continue
        name, power = _FIELDS[key]
        found[name] = round(base.scaleb(-power), _DIGITS)
        if not isinstance(price, Decimal):
            remarks.append(f"{name} rises with the prompt: {_tiers(price, power)}")
    return ReadPrices(_prices(found), remarks, _modalities(named))


def _prices(found: Mapping[str, Decimal]) -> SuggestedPrices | None:
    if not found:
        return None
    zero = Decimal(0)
    wholes = {"input_price_per_token": zero, "output_price_per_token": zero}
    every: dict[str, Decimal | None] = dict.fromkeys(SuggestedPrices.model_fields)
    return SuggestedPrices.model_validate(every | wholes | dict(found))


def _tiers(price: TieredPrices, power: int) -> str:
    return ", ".join(
        f"{plain(round(tier.price.scaleb(-power), _DIGITS).normalize())} above {tier.start:,} tokens"
        for tier in price.tiers
    )


def _modalities(named: Mapping[str, object]) -> Modalities:
    read, written = ["text"], ["text"]
    for medium in _MEDIA:
        if any(key.startswith((f"input_{medium}", f"cache_{medium}")) for key in named):
            read.append(medium)
        if any(key.startswith(f"output_{medium}") for key in named):
            written.append(medium)
    return Modalities(input=read, output=written)
