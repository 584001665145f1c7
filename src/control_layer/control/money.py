"""Money on the wire: exact decimals, carried as strings of plain digits (§1.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

from control_layer.control.errors import invalid

__all__ = ["Money", "amount_of", "plain"]

_DIGITS = 12
_BOUND = 10**11


def plain(value: Decimal) -> str:
    """Digits only: `0.0000025`, never `2.5E-6`."""
    return format(value, "f")


Money = Annotated[Decimal, PlainSerializer(plain, return_type=str)]
"""A decimal in an answer."""


def amount_of(value: Decimal) -> Decimal:
    """A sum that somebody names, to the 12th decimal, where the noise of a client's floats ends. Raises 400."""
    # Compared before it is rounded: rounding 1E+100000 takes for ever.
    if value >= _BOUND:
        raise invalid(f"Amount must be less than {_BOUND:,}", code="invalid_amount")
    rounded = round(value, _DIGITS) if value > 0 else value
    if rounded <= 0:
        raise invalid("Amount must be greater than zero", code="invalid_amount")
    return rounded
