"""Money is exact: no column of it is a float, and sums do not depend on how they are made."""

from __future__ import annotations

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.pricing import Prices, cost_of
from control_layer.contract.usage import Tokens
from control_layer.store.engine import connect

_MONEY = "amount|cost|price|balance|spent|spend_limit|multiplier|threshold_amount|auto_topup"
_NUMBERS = {
    *(f"users.auto_topup_{what}" for what in ("amount", "threshold", "monthly_limit")),
    "users.low_balance_threshold",
}
"""Numbers in JSON by contract. What is done with them is done with the decimals that people wrote."""
_OF_INPUT = ("input", "cached_input", "cache_write", "cache_write_1h", "audio_input", "image_input")
_OF_OUTPUT = ("output", "reasoning", "audio_output", "image_output")
_COLUMNS = """
    SELECT table_name || '.' || column_name AS name, data_type AS kind FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name ~ $1
"""
_NO_MONEY = ("boolean", "uuid", "text", "timestamp with time zone", "jsonb", "ARRAY")


async def test_no_column_of_money_is_a_float(database_url: str) -> None:
    connection = await connect(database_url)
    try:
        columns = await connection.fetch(_COLUMNS, _MONEY)
    finally:
        await connection.close()
    kinds = {column["name"]: column["kind"] for column in columns if column["kind"] not in _NO_MONEY}
    assert {"transactions.amount", "requests.cost", "account_balances.balance", "budget_spending.spent"} <= set(kinds)
    assert {name for name, kind in kinds.items() if kind not in ("numeric", "bigint", "integer")} == _NUMBERS


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=30),
    st.decimals("0", "999", places=12),
    st.decimals("0", "999", places=12),
    st.randoms(use_true_random=False),
)
def test_many_requests_cost_what_one_with_all_their_tokens_does(
    requests: list[tuple[int, int]], given_price: Decimal, said_price: Decimal, chance: random.Random
) -> None:
    of_input, of_output = dict.fromkeys(_OF_INPUT, given_price), dict.fromkeys(_OF_OUTPUT, said_price)
    each = {**of_input, **of_output, "request": Decimal(0)}
    prices = Prices(*(each[name] for name in Prices.__struct_fields__))
    costs = [cost_of(prices, Tokens(given, said, source="provider"), requests=1) for given, said in requests]
    whole = Tokens(sum(given for given, _ in requests), sum(said for _, said in requests), source="provider")
    assert sum(costs, Decimal(0)) == cost_of(prices, whole, requests=1)
    chance.shuffle(costs)
    cut = chance.randrange(len(costs) + 1)
    assert sum(costs[:cut], Decimal(0)) + sum(costs[cut:], Decimal(0)) == cost_of(prices, whole, requests=1)
