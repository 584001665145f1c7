"""What a request costs: its tokens times the prices of their kinds, exactly.

A gateway settles budgets by this rule. The recorder's SQL charges by the same one (`recorder.pricing`); a property test
holds the two together.
"""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from control_layer.contract.usage import Outcome, Tokens

__all__ = ["NOTHING", "Prices", "Tariff", "cost_of", "is_answered", "worst_cost_of"]

NOTHING = Decimal(0)
_EXACT = Context(prec=80)
"""Prices have up to 28 digits, tokens and requests up to 19: nothing is rounded."""


class Prices(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a token of each kind costs, and a request. Every kind has a price here, be it that of its whole."""

    input: Decimal
    output: Decimal
    cached_input: Decimal
    cache_write: Decimal
    cache_write_1h: Decimal
    audio_input: Decimal
    image_input: Decimal
    reasoning: Decimal
    audio_output: Decimal
    image_output: Decimal
    request: Decimal


class Tariff(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Prices in force for the keys of one purpose, and, of batches, for one completion window."""

    id: str
    purpose: str
    completion_window: str | None
    prices: Prices


def is_answered(outcome: Outcome, status: int) -> bool:
    """Whether a request costs its price per request: the provider has answered it, or was answering when its client
    left. An answer that broke off, and an error, are none.
    """
    return outcome != "failed" and status < 400


def cost_of(prices: Prices, tokens: Tokens, *, requests: int) -> Decimal:
    """What these tokens cost, and so many answered requests.

    Unknown counts cost nothing. Parts that together exceed their whole are cut to it, in the order of the contract.
    """
    given = tokens.input or 0
    read = min(tokens.cached_input or 0, given)
    written = min(tokens.cache_write or 0, given - read)
    kept = min(tokens.cache_write_1h or 0, written)
    heard = min(tokens.audio_input or 0, given - read - written)
    seen = min(tokens.image_input or 0, given - read - written - heard)
    said = tokens.output or 0
    thought = min(tokens.reasoning or 0, said)
    spoken = min(tokens.audio_output or 0, said - thought)
    drawn = min(tokens.image_output or 0, said - thought - spoken)
    total = Decimal(0)
    for price, count in (
        (prices.input, given - read - written - heard - seen),
        (prices.cached_input, read),
        (prices.cache_write, written - kept),
        (prices.cache_write_1h, kept),
        (prices.audio_input, heard),
        (prices.image_input, seen),
        (prices.output, said - thought - spoken - drawn),
        (prices.reasoning, thought),
        (prices.audio_output, spoken),
        (prices.image_output, drawn),
        (prices.request, requests),
    ):
        if count:
            total = _EXACT.add(total, _EXACT.multiply(price, count))
    return total


def worst_cost_of(prices: Prices, input_tokens: int, output_tokens: int) -> Decimal:
    """The most that an answered request of up to so many tokens can cost, of whatever kinds they turn out to be."""
    given = max(
        prices.input,
        prices.cached_input,
        prices.cache_write,
        prices.cache_write_1h,
        prices.audio_input,
        prices.image_input,
    )
    said = max(prices.output, prices.reasoning, prices.audio_output, prices.image_output)
    tokens = _EXACT.add(_EXACT.multiply(given, input_tokens), _EXACT.multiply(said, output_tokens))
    return _EXACT.add(tokens, prices.request)
