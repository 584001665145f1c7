"""Sums as Stripe writes them: whole numbers of a currency's smallest unit. Pure.

https://docs.stripe.com/currencies tells the units apart: most currencies have two decimals, some none, some three.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["from_minor", "to_minor"]

_WITHOUT_DECIMALS = frozenset(
    (
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
    )
)
_THREE_DECIMALS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))


def from_minor(amount: int, currency: str) -> Decimal:
    """The sum in the currency's main unit: 1050 of `usd` is 10.50."""
    return Decimal(amount).scaleb(-_decimals(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """The whole number that is nearest to a sum; halves go up. Of three decimals Stripe takes two."""
    decimals = _decimals(currency)
    in_cents = int(amount.scaleb(min(decimals, 2)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return in_cents * 10 if decimals > 2 else in_cents


def _decimals(currency: str) -> int:
    currency = currency.lower()
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2
