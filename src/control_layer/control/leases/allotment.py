"""How large a gateway's slice of a budget may be."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

__all__ = ["allot"]

_NOTHING = Decimal(0)
_AHEAD = 16
"""What is lent ahead is this fraction of what is left: slices get smaller as a budget runs out."""
_GRAIN = Decimal("0.000001")


def allot(*, left: Decimal, granted: Decimal, wanted: Decimal, spent: Decimal) -> Decimal:
    """The new size of a slice of size `granted`, of a budget with `left` in nobody's slice.

    A smaller one is always had, and what is spent is spent. More is lent as far as it is there, and something ahead,
    lest every request had to ask.
    """
    if wanted <= granted:
        return max(wanted, spent)
    spare = max(left, _NOTHING)
    ahead = (spare / _AHEAD).quantize(_GRAIN, ROUND_DOWN)
    return max(granted + min(wanted - granted + ahead, spare), spent)
