"""The catalogue itself: the data of the package `genai-prices`, as installed. Nothing is asked of the network.

It takes half a second and some 30 MB to load, so it is loaded when somebody first asks, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from control_layer.control.catalogue.families import family_of
from control_layer.control.catalogue.pricing import read_prices
from control_layer.control.catalogue.schemas import CatalogueModel, Modalities

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

__all__ = ["Catalogue", "open_catalogue"]

_PACKAGE = "genai-prices"
_CURRENCY = "USD"
_BY_THE_CLOCK = "the prices are others at other times of the day"


class Catalogue:
    """Models of known providers."""

    def __init__(self, snapshot: DataSnapshot) -> None:
        self._snapshot = snapshot
        self.source = f"{_PACKAGE} {version(_PACKAGE)}"

    def find(self, model_name: str, url: str, now: datetime) -> CatalogueModel | None:
        """The model that a provider at `url` calls so; `None` where either is unknown.

        A name alone is no evidence: who serves an open model sets its price.
        """
        try:
            provider, model = self._snapshot.find_provider_model(model_name, None, None, url)
        except LookupError:
            return None
        return _described(provider, model, now)

    def search(self, text: str, skip: int, limit: int, now: datetime) -> tuple[Sequence[CatalogueModel], int]:
        """A page of the models with `text` in their provider's or their own name, and how many there are."""
        wanted = text.strip().lower()
        found = [
            (provider, model)
            for provider in sorted(self._snapshot.providers, key=lambda provider: provider.id)
            for model in sorted(provider.models, key=lambda model: model.id)
            if wanted in f"{provider.id}/{model.id}\n{provider.name}\n{model.name or ''}".lower()
        ]
        return [_described(*pair, now) for pair in found[skip : skip + limit]], len(found)


def _described(provider: Provider, model: ModelInfo, now: datetime) -> CatalogueModel:
    read, family = read_prices(model.get_prices(now)), family_of(model.id)
    return CatalogueModel(
        provider=provider.id,
        provider_name=provider.name,
        model=model.id,
        name=model.name,
        context_window=model.context_window or (None if family is None else family.context_window),
        max_output_tokens=None if family is None else family.max_output_tokens,
        modalities=read.modalities if family is None else Modalities(input=[*family.input], output=[*family.output]),
        capabilities=None if family is None else [*family.capabilities],
        apis=None if family is None else [*family.apis],
        deprecated=bool(model.deprecated),
        currency=_CURRENCY,
        prices=read.prices,
        remarks=[*read.remarks, _BY_THE_CLOCK] if _changes_with_the_clock(model) else read.remarks,
        comment=model.price_comments,
    )


def _changes_with_the_clock(model: ModelInfo) -> bool:
    prices = model.prices if isinstance(model.prices, list) else []
    return any(hasattr(price.constraint, "start_time") for price in prices)


@lru_cache(maxsize=1)
def _load() -> Catalogue:
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    return Catalogue(DataSnapshot(providers=providers, from_auto_update=False))


async def open_catalogue() -> Catalogue:
    """The catalogue of this process."""
    return await asyncio.to_thread(_load)
