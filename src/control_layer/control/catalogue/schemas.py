"""Answers of the catalogue. Prices are those of tariffs, in US dollars."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from control_layer.control.money import Money
from control_layer.control.schema import OmitNull, Output

__all__ = ["CatalogueModel", "Modalities", "SuggestedChanges", "SuggestedPrices", "SuggestedTariff", "Suggestion"]


class SuggestedPrices(Output):
    """Prices by the names of a tariff's."""

    input_price_per_token: Money
    output_price_per_token: Money
    cached_input_price_per_token: OmitNull[Money]
    cache_write_price_per_token: OmitNull[Money]
    cache_write_1h_price_per_token: OmitNull[Money]
    audio_input_price_per_token: OmitNull[Money]
    image_input_price_per_token: OmitNull[Money]
    reasoning_price_per_token: OmitNull[Money]
    audio_output_price_per_token: OmitNull[Money]
    image_output_price_per_token: OmitNull[Money]
    price_per_request: OmitNull[Money]


class SuggestedTariff(SuggestedPrices):
    """A tariff as `POST /models` and `PATCH /models/{id}` take it."""

    name: str
    api_key_purpose: str


class Modalities(Output):
    """What a model is known to read and to write: of a model that is known by price only, text and what has its own."""

    input: list[str]
    output: list[str]


class CatalogueModel(Output):
    """A provider's model."""

    provider: str = Field(examples=["openai"])
    provider_name: str = Field(examples=["OpenAI"])
    model: str = Field(examples=["gpt-4o"])
    name: OmitNull[str]
    context_window: OmitNull[int]
    """Tokens."""
    max_output_tokens: OmitNull[int]
    modalities: Modalities
    capabilities: OmitNull[list[str]] = Field(examples=[["tools", "structured_output", "vision"]])
    """Left out where they are not known."""
    apis: OmitNull[list[str]] = Field(examples=[["chat", "responses"]])
    """By what APIs it is asked."""
    deprecated: bool
    currency: str = Field(examples=["USD"])
    prices: SuggestedPrices | None
    """Those of this moment; null where it charges for nothing that a tariff can charge for."""
    remarks: list[str] = Field(examples=[["web_searches_kcount: 10, which a tariff cannot charge"]])
    """What the prices leave out."""
    comment: OmitNull[str]
    """The source's own, on the prices."""


class SuggestedChanges(Output):
    """A body for `PATCH /models/{id}`. Only what the model has nothing of yet: what is set always wins."""

    tariffs: OmitNull[list[SuggestedTariff]]
    provider_pricing: OmitNull[dict[str, Any]]
    metadata: OmitNull[dict[str, Any]]
    """All that it has, and the context window."""


class Suggestion(Output):
    """What the catalogue knows of a model, and what could be made of it."""

    source: str = Field(examples=["genai-prices 0.2.3"])
    model: CatalogueModel
    changes: SuggestedChanges
