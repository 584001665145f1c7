"""Prices in force, as gateways are told them: of tokens that a cache gave or took, what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Text, and_, cast, func, or_, select

from control_layer.contract.pricing import Tariff
from control_layer.store import tables

__all__ = ["TARIFFS", "tariffs_by_model"]


def _in_force(row: type[tables.Tariff] | type[tables.CachePricing]) -> Any:
    return and_(row.valid_from <= func.now(), or_(row.valid_until.is_(None), row.valid_until > func.now()))


# How long a cache keeps what it took is not known: the shortest counts.
TARIFFS = (
    select(
        cast(tables.Tariff.model_id, Text),
        cast(tables.Tariff.id, Text),
        tables.Tariff.api_key_purpose,
        tables.Tariff.completion_window,
        tables.Tariff.input_price_per_token,
        tables.Tariff.output_price_per_token,
        tables.Tariff.input_price_per_token * func.coalesce(tables.CachePricing.read_multiplier, 1),
        tables.Tariff.input_price_per_token * func.coalesce(tables.CachePricing.write_multiplier_5m, 1),
    )
    .outerjoin(
        tables.CachePricing,
        and_(tables.CachePricing.model_id == tables.Tariff.model_id, _in_force(tables.CachePricing)),
    )
    .where(_in_force(tables.Tariff), tables.Tariff.api_key_purpose.is_not(None))
    .order_by(tables.Tariff.model_id, tables.Tariff.valid_from, tables.Tariff.id)
)
"""Those that are charged; where two overlap, the later one last."""


def tariffs_by_model(rows: Iterable[Sequence[Any]]) -> Mapping[str, tuple[Tariff, ...]]:
    """The tariffs of each model, one for each purpose and completion window."""
    gathered: dict[str, dict[tuple[str, str | None], Tariff]] = {}
    for model_id, tariff_id, purpose, window, *prices in rows:
        gathered.setdefault(model_id, {})[purpose, window] = Tariff(tariff_id, purpose, window, *prices)
    return {model_id: tuple(tariffs.values()) for model_id, tariffs in gathered.items()}
