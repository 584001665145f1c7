"""Numbers as people say them. Pure."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["about", "minutes", "percent"]


def percent(share: float) -> str:
    """`12.5 %` of 0.125."""
    return f"{share * 100:.1f} %"


def minutes(length: timedelta) -> str:
    """`15 minutes`."""
    count = length.total_seconds() / 60
    return f"{count:g} minute{'' if count == 1 else 's'}"


def about(number: float) -> str:
    """`41k`, `1.2M`, `870`: two digits are enough to see a difference."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size * 0.9995:
            scaled = number / size
            return f"{scaled:.1f}{letter}" if scaled < 9.95 else f"{scaled:.0f}{letter}"
    return f"{number:.0f}"
