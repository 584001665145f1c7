"""Prices: what providers take from us, and the price lists callers see (§4.5.3, §4.5.4). Money is decimal."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, overload

from control_layer.control.errors import Conflict, invalid
from control_layer.control.models.schemas import HourlyPricing, KindPrices, NewTariff, PerTokenPricing
from control_layer.control.money import plain
from control_layer.store import tables

__all__ = ["KIND_PRICES", "Price", "TariffPlan", "denied_purposes", "merged_pricing", "planned"]

KIND_PRICES = tuple(KindPrices.model_fields)
"""The prices that a tariff may have beside those of the input and the output."""
_PRICE_DIGITS = 12
"""As the database keeps them, so that what was stored compares equal to what is asked for."""
_PRICE_BOUND = 10**12


@dataclass(frozen=True, slots=True)
class Price:
    """What makes two tariffs the same."""

    name: str
    input_price_per_token: Decimal
    output_price_per_token: Decimal
    api_key_purpose: str | None
    completion_window: str | None
    kinds: Mapping[str, Decimal | None]
    """By the names of `KIND_PRICES`, every one of them."""

    @property
    def place(self) -> tuple[str | None, str]:
        """What there is one tariff for, at most (§4.5.9)."""
        return self.api_key_purpose, self.completion_window or ""

    @classmethod
    def of(cls, source: NewTariff | tables.Tariff) -> Price:
        """A tariff's, in force or asked for. Raises 400 for a price that cannot be."""
        return cls(
            source.name,
            _checked_price("input_price_per_token", source.input_price_per_token),
            _checked_price("output_price_per_token", source.output_price_per_token),
            source.api_key_purpose,
            source.completion_window,
            {name: _checked_price(name, getattr(source, name)) for name in KIND_PRICES},
        )

    def same(self, other: Price, kinds: Collection[str]) -> bool:
        """Whether both are one tariff, as far as `kinds` of prices go."""
        return (
            replace(self, kinds={}) == replace(other, kinds={})
            and all(self.kinds[kind] == other.kinds[kind] for kind in kinds)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TariffPlan:
    """How to get from the tariffs in force to those that are asked for."""

    close: list[tables.Tariff]
    open: list[Price]


def denied_purposes(model: tables.Model) -> frozenset[str]:
    """The purposes whose requests the model's routing rules refuse. Their tariffs are not shown (§4.5.5)."""
    rules = model.traffic_routing_rules or ()
    return frozenset(rule["api_key_purpose"] for rule in rules if rule["action"]["type"] == "deny")


def planned(
    active: Sequence[tables.Tariff], desired: Sequence[NewTariff], hidden: Collection[str] = frozenset()
) -> TariffPlan:
    """Keeps what is in both, closes the rest, opens what is new. Raises 400 and 409.

    Who does not mention the price of a kind has nothing against it: a client that knows only the prices of the input
    and the output keeps a tariff that has others. Tariffs of `hidden` purposes stay unless another takes their place:
    who sends back what they were shown does not mean to close what they were not shown. Nothing at all closes
    everything (§4.5.4).
    """
    prices = [(Price.of(tariff), tariff.model_fields_set.intersection(KIND_PRICES)) for tariff in desired]
    _check([price for price, _ in prices])
    places = {price.place for price, _ in prices}
    left: dict[uuid.UUID, Price] = {tariff.id: Price.of(tariff) for tariff in active}
    opened = []
    for price, said in sorted(prices, key=lambda pair: len(pair[1]), reverse=True):
        kept = next((id_ for id_, present in left.items() if present.same(price, said)), None)
        if kept is None:
            opened.append(price)
        else:
            del left[kept]
    close = [
        tariff
        for tariff in active
        if tariff.id in left
        and (not desired or tariff.api_key_purpose not in hidden or left[tariff.id].place in places)
    ]
    return TariffPlan(close, opened)


def merged_pricing(current: dict[str, Any] | None, change: PerTokenPricing | HourlyPricing) -> dict[str, Any]:
    """What the provider takes, after a change. Of the same mode field by field; another mode replaces. Raises 400."""
    kept = current if current is not None and current["mode"] == change.mode else {"mode": change.mode}
    names = ("input_price_per_token", "output_price_per_token")
    if isinstance(change, HourlyPricing):
        names = ("rate", "input_token_cost_ratio")
    merged = dict(kept)
    for name in names:
        value: Decimal | None = getattr(change, name)
        if value is not None:
            merged[name] = plain(_checked_price(name, value))
        elif isinstance(change, PerTokenPricing) and name in change.model_fields_set:
            merged.pop(name, None)
    if isinstance(change, HourlyPricing) and not all(name in merged for name in names):
        raise invalid("provider_pricing of mode 'hourly' needs rate and input_token_cost_ratio")
    return merged


def _check(prices: Sequence[Price]) -> None:
    charged = Counter(price.place for price in prices if price.api_key_purpose is not None)
    for (purpose, window), count in charged.items():
        if count > 1:
            place = f"purpose '{purpose}'" + (f" and completion window '{window}'" if window else "")
            raise Conflict(f"Only one tariff can be active for {place}")


@overload
def _checked_price(name: str, value: Decimal) -> Decimal: ...
@overload
def _checked_price(name: str, value: Decimal | None) -> Decimal | None: ...
def _checked_price(name: str, value: Decimal | None) -> Decimal | None:
    if value is None:
        return None
    if not 0 <= value < _PRICE_BOUND:
        raise invalid(f"{name} must not be negative, and less than {_PRICE_BOUND:,}")
    rounded = round(value, _PRICE_DIGITS)
    return value if value == rounded else rounded
