"""What the catalogue has to say about a model of ours: only what nobody has said yet."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.catalogue.catalogue import open_catalogue
from control_layer.control.catalogue.schemas import CatalogueModel, SuggestedChanges, SuggestedTariff
from control_layer.control.money import plain
from control_layer.store import tables

__all__ = ["adopt_for_new_models", "suggested_changes"]

_TARIFF_NAME = "Catalogue"
_PURPOSE = "realtime"
"""All other purposes fall back to it."""


def suggested_changes(model: CatalogueModel, row: tables.Model, *, has_tariffs: bool) -> SuggestedChanges:
    """What `row` lacks and the catalogue has."""
    tariffs = provider_pricing = metadata = None
    if model.prices is not None:
        prices = model.prices
        if not has_tariffs:
            tariffs = [SuggestedTariff(name=_TARIFF_NAME, api_key_purpose=_PURPOSE, **dict(prices))]
        if row.provider_pricing is None:
            provider_pricing = {
                "mode": "per_token",
                "input_price_per_token": plain(prices.input_price_per_token),
                "output_price_per_token": plain(prices.output_price_per_token),
            }
    known = row.model_metadata or {}
    if model.context_window is not None and "context_window" not in known:
        metadata = {**known, "context_window": model.context_window}
    return SuggestedChanges(tariffs=tariffs, provider_pricing=provider_pricing, metadata=metadata)


async def adopt_for_new_models(session: AsyncSession, endpoint: tables.Endpoint, now: datetime) -> None:
    """Gives the endpoint's models that this transaction has made what the catalogue suggests, tariffs included."""
    # The default of `created_at` is the transaction's beginning.
    statement = select(tables.Model).where(
        tables.Model.hosted_on == endpoint.id,
        tables.Model.created_at == func.now(),
        ~select(tables.Tariff.id).where(tables.Tariff.model_id == tables.Model.id).exists(),
    )
    rows = (await session.scalars(statement)).all()
    if not rows:
        return
    catalogue = await open_catalogue()
    for row in rows:
        model = catalogue.find(row.model_name, endpoint.url, now)
        if model is None:
            continue
        changes = suggested_changes(model, row, has_tariffs=False)
        row.provider_pricing = changes.provider_pricing or row.provider_pricing
        row.model_metadata = changes.metadata or row.model_metadata
        session.add_all(
            tables.Tariff(id=uuid.uuid4(), model_id=row.id, **dict(tariff)) for tariff in changes.tariffs or ()
        )
    await session.flush()
