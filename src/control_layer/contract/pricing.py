"""What a request costs: its tokens times a tariff's prices, exactly.

Both planes count with this: a gateway settles its budgets by it, and the recorder's SQL charges by the same rule (a
property test holds them together).
"""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from control_layer.contract.usage import Tokens

__all__ = ["Tariff", "cost_of", "worst_cost_of"]

_NOTHING = Decimal(0)
_EXACT = Context(prec=60)
"""Prices have up to 16 decimals and tokens up to 19 digits: nothing is rounded."""


class Tariff(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Prices per token by kind. Parts of the input and the output have prices of their own, or their whole's."""

    id: str
    purpose: str
    completion_window: str | None
    input: Decimal
    output: Decimal
    cached_input: Decimal
    cache_write: Decimal


def cost_of(tariff: Tariff | None, tokens: Tokens) -> Decimal:
    """What these tokens cost. Unknown counts cost nothing; parts that exceed their whole are cut to it."""
    if tariff is None:
        return _NOTHING
    whole = tokens.input or 0
    read = min(tokens.cached_input or 0, whole)
    written = min(tokens.cache_write or 0, whole - read)
    add, multiply = _EXACT.add, _EXACT.multiply
    total = multiply(tariff.input, whole - read - written)
    if read:
        total = add(total, multiply(tariff.cached_input, read))
    if written:
        total = add(total, multiply(tariff.cache_write, written))
    return add(total, multiply(tariff.output, tokens.output or 0))


def worst_cost_of(tariff: Tariff, input_tokens: int, output_tokens: int) -> Decimal:
    """The most that up to so many tokens can cost, of whatever kind they turn out to be."""
    dearest = max(tariff.input, tariff.cached_input, tariff.cache_write)
    return _EXACT.add(_EXACT.multiply(dearest, input_tokens), _EXACT.multiply(tariff.output, output_tokens))
