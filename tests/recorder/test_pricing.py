"""The two ways to count what a request costs agree to the last digit: the recorder's SQL, and Python."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, get_args

import asyncpg
import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_layer.contract.pricing import Prices, cost_of, is_answered
from control_layer.contract.usage import Outcome, Tokens
from control_layer.recorder.pricing import CACHE_COLUMNS, COST, PARTS, PRICES, TARIFF_COLUMNS
from control_layer.recorder.rows import RequestRow

_EXACT = Context(prec=60)
_KINDS = [name for name in Tokens.__struct_fields__ if name != "source"]
_COLUMNS = [f"{kind}_tokens" for kind in _KINDS]
_COUNTED = [name for name in RequestRow._fields if name.endswith("_tokens") and not name.startswith("saved_")]
_TARIFF = TARIFF_COLUMNS.split(", ")
_CACHE = CACHE_COLUMNS.split(", ")


def _typed(names: list[str], kind: str) -> str:
    return ", ".join(f"{name} {kind}" for name in names)


# Each case is a JSON object of decimals as texts, so that one statement asks about many.
_ASKED = f"""
    SELECT {COST} AS cost, {", ".join(f"{price} AS {name}" for name, price in PRICES.items())}
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS asked (case_, number)
    CROSS JOIN LATERAL jsonb_to_record(case_ -> 'new')
        AS new (outcome text, status integer, {_typed(_COLUMNS, "bigint")})
    CROSS JOIN LATERAL jsonb_to_record(case_ -> 'tariff') AS tariff ({_typed(_TARIFF, "numeric(24, 12)")})
    CROSS JOIN LATERAL jsonb_to_record(case_ -> 'cache') AS cache ({_typed(_CACHE, "numeric(6, 4)")})
    CROSS JOIN LATERAL ({PARTS}) AS part
    ORDER BY number
"""  # noqa: S608 - made of names

_PRICE = st.decimals("0", "999999999999", places=12) | st.sampled_from([Decimal(0), Decimal("1E-12"), Decimal(1)])
_COUNT = st.none() | st.integers(0, 100) | st.integers(0, 10**12) | st.just(2**63 - 1)
_CASES = st.fixed_dictionaries(
    {
        "new": st.fixed_dictionaries(
            {"outcome": st.sampled_from(get_args(Outcome)), "status": st.sampled_from([101, 200, 399, 400, 499, 502])}
            | dict.fromkeys(_COLUMNS, _COUNT)
        ),
        "tariff": st.fixed_dictionaries(
            {name: _PRICE if name in _TARIFF[:2] else st.none() | _PRICE for name in _TARIFF}
        ),
        "cache": st.fixed_dictionaries({name: st.decimals("0", "99.9999", places=4) for name in _CACHE})
        | st.just(dict.fromkeys(_CACHE)),
    }
)


def test_every_kind_of_token_has_a_column_and_a_price() -> None:
    assert sorted(_COUNTED) == sorted(_COLUMNS)
    assert list(PRICES) == list(Prices.__struct_fields__)
    assert set(Prices.__struct_fields__) == {*_KINDS, "request"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(_CASES, min_size=1, max_size=20))
async def test_sql_and_python_say_the_same(db: asyncpg.Connection, cases: list[dict[str, Any]]) -> None:
    rows = await db.fetch(_ASKED, msgspec.json.encode(cases).decode())
    for case, row in zip(cases, rows, strict=True):
        new, tariff, cache = case["new"], case["tariff"], case["cache"]
        prices = Prices(**{name: row[name] for name in PRICES})
        tokens = Tokens(**{kind: new[f"{kind}_tokens"] for kind in _KINDS}, source="provider")
        answered = is_answered(new["outcome"], new["status"])
        assert row["cost"] == cost_of(prices, tokens, requests=int(answered)), case
        _check(prices, tariff, cache)


def _check(prices: Prices, tariff: dict[str, Decimal | None], cache: dict[str, Decimal | None]) -> None:
    """A kind's own price wins; else a multiple of its whole's, where the model has cache pricing; else its whole's."""
    given, said = tariff["input_price_per_token"], tariff["output_price_per_token"]
    assert given is not None
    times = {name: _EXACT.multiply(given, 1 if factor is None else factor) for name, factor in cache.items()}
    own = {name.removesuffix("_price_per_token"): price for name, price in tariff.items()}
    fallbacks = {
        "cached_input": times["read_multiplier"],
        "cache_write": times["write_multiplier_5m"],
        "cache_write_1h": times["write_multiplier_1h"] if own["cache_write"] is None else own["cache_write"],
        **dict.fromkeys(("audio_input", "image_input"), given),
        **dict.fromkeys(("reasoning", "audio_output", "image_output"), said),
    }
    for kind, fallback in fallbacks.items():
        assert getattr(prices, kind) == (fallback if own[kind] is None else own[kind]), kind
    assert (prices.input, prices.output, prices.request) == (given, said, tariff["price_per_request"] or 0)


async def test_without_a_tariff_there_is_no_cost(db: asyncpg.Connection) -> None:
    case = {"new": {"outcome": "completed", "status": 200, "input_tokens": 3}, "tariff": {}, "cache": {}}
    assert await db.fetchval(_ASKED, msgspec.json.encode([case]).decode()) is None
