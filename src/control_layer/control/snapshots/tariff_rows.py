"""Prices in force, as gateways are told them: of every kind of token, what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from control_layer.contract.pricing import Prices, Tariff
from control_layer.recorder.pricing import PRICES

__all__ = ["TARIFFS", "TARIFFS_FOUND", "tariffs_by_model"]

_IN_FORCE = "{0}.valid_from <= now() AND coalesce({0}.valid_until > now(), true)"


def _tariffs(condition: str) -> TextClause:
    """Those that are charged; where two overlap, the later one last."""
    prices = ", ".join(PRICES[kind] for kind in Prices.__struct_fields__)
    return text(f"""
        SELECT tariff.model_id::text, tariff.id::text, tariff.api_key_purpose, tariff.completion_window, {prices}
        FROM tariffs AS tariff
        LEFT JOIN cache_pricings AS cache ON cache.model_id = tariff.model_id AND {_IN_FORCE.format("cache")}
        WHERE {_IN_FORCE.format("tariff")} AND tariff.api_key_purpose IS NOT NULL AND {condition}
        ORDER BY tariff.model_id, tariff.valid_from, tariff.id
    """)  # noqa: S608 - made of the names above


TARIFFS = _tariffs("true")
TARIFFS_FOUND = _tariffs("tariff.model_id = ANY (CAST(:ids AS uuid[]))")


def tariffs_by_model(rows: Iterable[Sequence[Any]]) -> Mapping[str, tuple[Tariff, ...]]:
    """The tariffs of each model, one for each purpose and completion window."""
    gathered: dict[str, dict[tuple[str, str | None], Tariff]] = {}
    for model_id, tariff_id, purpose, window, *prices in rows:
        gathered.setdefault(model_id, {})[purpose, window] = Tariff(tariff_id, purpose, window, Prices(*prices))
    return {model_id: tuple(tariffs.values()) for model_id, tariffs in gathered.items()}
