"""`pricing.*`: what is charged where nobody has said otherwise."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from control_layer.settings.section import Section

__all__ = ["CachePricingDefaults", "Pricing"]

_Multiplier = Annotated[Decimal, Field(ge=0, lt=100, max_digits=6, decimal_places=4)]


class CachePricingDefaults(Section):
    """Prompt-cache prices of a model, as multiples of its input price."""

    write_multiplier_5m: _Multiplier = Decimal("1.25")
    """Writing tokens that are kept for five minutes."""
    write_multiplier_1h: _Multiplier = Decimal(2)
    """Writing tokens that are kept for an hour."""
    write_multiplier_24h: _Multiplier = Decimal(2)
    """Writing tokens that are kept for a day."""
    read_multiplier: _Multiplier = Decimal("0.1")
    """Reading them."""
    min_prefix_tokens: int = Field(1024, ge=0, lt=2**31)
    """Shorter prompts are not cached."""


class Pricing(Section):
    """What is charged where nobody has said otherwise."""

    suggest_on_create: bool = False
    """New models of providers that the catalogue knows get its prices in a tariff named `Catalogue`, by which their
    requests are charged. Off: it only suggests."""
    cache: CachePricingDefaults = CachePricingDefaults()
    """For what `PUT /models/{id}/cache-pricing` leaves out."""
