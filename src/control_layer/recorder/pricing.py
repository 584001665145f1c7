"""What a request costs, as SQL: `contract.pricing` in pieces for a statement that has

* `new`, the request with its tokens, outcome and status;
* `tariff`, the tariff in force with the columns `TARIFF_COLUMNS`, of nulls where nothing is charged;
* `cache`, the model's cache pricing with `CACHE_COLUMNS`, of nulls where it has none;
* `part`, which is `PARTS`.

Tokens times prices are never rounded, and what is not known is not charged. A kind without a price of its own costs
what its whole costs; of cached tokens, the multiples of that which the model's cache pricing says. How long a cache
keeps what it took is not always told: the shortest counts.
"""

from __future__ import annotations

__all__ = ["CACHE_COLUMNS", "COST", "PARTS", "PRICES", "TARIFF_COLUMNS"]

TARIFF_COLUMNS = (
    "input_price_per_token, output_price_per_token, cached_input_price_per_token, cache_write_price_per_token, "
    "cache_write_1h_price_per_token, audio_input_price_per_token, image_input_price_per_token, "
    "reasoning_price_per_token, audio_output_price_per_token, image_output_price_per_token, price_per_request"
)
CACHE_COLUMNS = "read_multiplier, write_multiplier_5m, write_multiplier_1h"

_INPUT, _OUTPUT = "tariff.input_price_per_token", "tariff.output_price_per_token"
PRICES = {
    "input": _INPUT,
    "output": _OUTPUT,
    "cached_input": f"coalesce(tariff.cached_input_price_per_token, {_INPUT} * coalesce(cache.read_multiplier, 1))",
    "cache_write": f"coalesce(tariff.cache_write_price_per_token, {_INPUT} * coalesce(cache.write_multiplier_5m, 1))",
    "cache_write_1h": (
        "coalesce(tariff.cache_write_1h_price_per_token, tariff.cache_write_price_per_token, "
        f"{_INPUT} * coalesce(cache.write_multiplier_1h, 1))"
    ),
    "audio_input": f"coalesce(tariff.audio_input_price_per_token, {_INPUT})",
    "image_input": f"coalesce(tariff.image_input_price_per_token, {_INPUT})",
    "reasoning": f"coalesce(tariff.reasoning_price_per_token, {_OUTPUT})",
    "audio_output": f"coalesce(tariff.audio_output_price_per_token, {_OUTPUT})",
    "image_output": f"coalesce(tariff.image_output_price_per_token, {_OUTPUT})",
    "request": "coalesce(tariff.price_per_request, 0)",
}
"""The price of each kind, by the names of `contract.pricing.Prices`."""

PARTS = """
    SELECT coalesce(new.input_tokens, 0) AS given, coalesce(new.output_tokens, 0) AS said,
        least(coalesce(new.cached_input_tokens, 0), coalesce(new.input_tokens, 0)) AS read,
        least(coalesce(new.reasoning_tokens, 0), coalesce(new.output_tokens, 0)) AS thought
"""
"""The wholes, and the part of each that is the first to be cut to it."""

# The other parts, each cut to what those before it have left; the price of each in place of its whole's.
_MORE_GIVEN = f"""
    SELECT ({PRICES["cache_write"]} - {_INPUT}) * written
        + ({PRICES["cache_write_1h"]} - {PRICES["cache_write"]})
            * least(coalesce(new.cache_write_1h_tokens, 0), written)
        + ({PRICES["audio_input"]} - {_INPUT}) * heard
        + ({PRICES["image_input"]} - {_INPUT}) * least(
            coalesce(new.image_input_tokens, 0), part.given - part.read - written - heard
        )
    FROM (SELECT least(coalesce(new.cache_write_tokens, 0), part.given - part.read) AS written) AS writing
    CROSS JOIN LATERAL (
        SELECT least(coalesce(new.audio_input_tokens, 0), part.given - part.read - written) AS heard
    ) AS hearing
"""  # noqa: S608 - made of the names above
_MORE_SAID = f"""
    SELECT ({PRICES["audio_output"]} - {_OUTPUT}) * spoken
        + ({PRICES["image_output"]} - {_OUTPUT}) * least(
            coalesce(new.image_output_tokens, 0), part.said - part.thought - spoken
        )
    FROM (SELECT least(coalesce(new.audio_output_tokens, 0), part.said - part.thought) AS spoken) AS speaking
"""  # noqa: S608 - made of the names above

# Decimals are slow: what a request has none of is not multiplied, and most are text that no cache or one cache gave.
COST = f"""
    {_INPUT} * part.given + {_OUTPUT} * part.said
    + CASE WHEN part.read > 0 THEN ({PRICES["cached_input"]} - {_INPUT}) * part.read ELSE 0 END
    + CASE WHEN greatest(new.cache_write_tokens, new.audio_input_tokens, new.image_input_tokens) > 0
        THEN ({_MORE_GIVEN}) ELSE 0 END
    + CASE WHEN part.thought > 0 AND tariff.reasoning_price_per_token IS NOT NULL
        THEN ({PRICES["reasoning"]} - {_OUTPUT}) * part.thought ELSE 0 END
    + CASE WHEN greatest(new.audio_output_tokens, new.image_output_tokens) > 0 THEN ({_MORE_SAID}) ELSE 0 END
    + CASE WHEN tariff.price_per_request > 0 AND new.status < 400 AND new.outcome IN ('completed', 'cancelled')
        THEN {PRICES["request"]} ELSE 0 END
"""
"""What the request costs; null where there is no tariff."""
