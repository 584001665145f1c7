"""What requests cost: charged with the row that closes, once, at the prices in force when they were made, exactly."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.recorder.journals import KEY, MODEL, USER, closed, new_id, opened
from tests.recorder.recording import record

from control_layer.contract.usage import Attempt, Record, Tokens
from control_layer.recorder.ledger import Ledger
from control_layer.recorder.rows import rows_of

_AT = datetime.fromtimestamp(1_790_000_000.25, UTC)
_DAY = timedelta(days=1)


async def _tariff(
    db: asyncpg.Connection,
    prices: tuple[str, str],
    purpose: str | None = "realtime",
    *,
    window: str | None = None,
    since: datetime = _AT - _DAY,
    until: datetime | None = None,
    **kinds: str,
) -> None:
    tariff = {
        "id": str(uuid.uuid4()),
        "model_id": str(MODEL),
        "name": "t",
        "input_price_per_token": prices[0],
        "output_price_per_token": prices[1],
        "api_key_purpose": purpose,
        "completion_window": window,
        "valid_from": since.isoformat(),
        "valid_until": None if until is None else until.isoformat(),
        **kinds,
    }
    await db.execute("INSERT INTO tariffs SELECT * FROM jsonb_populate_record(NULL::tariffs, $1)", json.dumps(tariff))


async def _charges(db: asyncpg.Connection) -> list[Decimal]:
    return [row["amount"] for row in await db.fetch("SELECT amount FROM transactions ORDER BY sequence")]


async def test_what_failed_attempts_wasted_is_recorded_and_charged_to_nobody(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _tariff(db, ("0.0000025", "0.00001"))
    last = closed(new_id())
    wasted = Tokens(input=11, output=3, source="estimate")
    failed = (
        Attempt(str(MODEL), str(MODEL), 200, "content_filter", 0.1, 0.0, wasted, Decimal("0.0000575")),
        Attempt(str(MODEL), str(MODEL), None, "connect_failed", 0.1, 0.1),
        Attempt(str(MODEL), str(MODEL), None, "idle_timeout", 0.1, 0.2, wasted, Decimal("0.0000575")),
    )
    await record(engine, [closed(new_id(), attempts=failed + last.attempts, asked="another"), last])
    rows = await db.fetch("SELECT attempts, cost, wasted_cost, asked_model FROM requests ORDER BY asked_model")
    assert [row["wasted_cost"] for row in rows] == [Decimal("0.0001150"), None]
    assert [row["asked_model"] for row in rows] == ["another", None]
    assert rows[0]["cost"] == rows[1]["cost"]
    assert await _charges(db) == [rows[0]["cost"]] * 2
    costs = [attempt.get("wasted_cost") for attempt in json.loads(rows[0]["attempts"])]
    assert costs == ["0.0000575", None, "0.0000575", None]


async def test_a_closed_request_is_charged_to_the_keys_owner(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("0.0000025", "0.00001"))
    event_id = new_id()
    await record(engine, [opened(event_id)])
    assert await _charges(db) == []
    await record(engine, [closed(event_id, tokens=Tokens(input=11, output=7, source="provider"))])
    charge = await db.fetchrow("SELECT * FROM transactions")
    assert (charge["amount"], charge["transaction_type"]) == (Decimal("0.0000975"), "usage")
    assert (charge["user_id"], charge["api_key_id"]) == (USER, KEY)
    assert (charge["source_id"], charge["service_tier"]) == (str(uuid.UUID(bytes=event_id)), "realtime")
    row = await db.fetchrow("SELECT * FROM requests")
    assert (row["cost"], row["input_price_per_token"]) == (charge["amount"], Decimal("0.0000025"))


async def test_what_is_recorded_again_is_not_charged_again(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("1", "1"))
    event_id = new_id()
    whole: list[Record] = [opened(event_id), closed(event_id)]
    for records in (whole, whole[1:], whole):
        await record(engine, records)
    assert await _charges(db) == [Decimal(18)]


async def test_what_was_given_up_costs_nothing_until_its_end_is_known_after_all(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _tariff(db, ("1", "1"))
    event_id, worker = new_id(), uuid.uuid4()
    ledger = Ledger(engine)
    await ledger.record(worker, 1, 0, 100, rows_of([opened(event_id)], worker))
    assert await ledger.give_up(worker) == 1
    assert await _charges(db) == []
    await record(engine, [closed(event_id)])
    assert await _charges(db) == [Decimal(18)]


@pytest.mark.parametrize(
    ("purpose", "cost"), [("realtime", 1), ("playground", 2), ("batch", 1), ("platform", 1), (None, 1)]
)
async def test_the_keys_purpose_chooses_the_tariff(
    engine: AsyncEngine, db: asyncpg.Connection, purpose: str | None, cost: int
) -> None:
    await _tariff(db, ("1", "0"))
    await _tariff(db, ("2", "0"), "playground")
    await _tariff(db, ("3", "0"), "batch", window="24h")
    await _tariff(db, ("4", "0"), None)
    if purpose is None:
        await db.execute("DELETE FROM api_keys")
    else:
        await db.execute("UPDATE api_keys SET purpose = $1", purpose)
    await record(engine, [closed(new_id(), tokens=Tokens(input=1, output=1, source="provider"))])
    assert await _charges(db) == [Decimal(cost)]


async def test_prices_are_those_of_the_time_of_the_request(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("1", "0"), since=_AT - 2 * _DAY, until=_AT - _DAY)
    await _tariff(db, ("2", "0"), since=_AT - _DAY, until=_AT + _DAY)
    await _tariff(db, ("3", "0"), since=_AT + _DAY)
    one = Tokens(input=1, output=0, source="provider")
    for days in (-3, -2, -1.5, -1, 0, 0.5, 1, 2):
        at = (_AT + days * _DAY).timestamp()
        await record(engine, [closed(new_id(), at=at, tokens=one)])
    assert [int(amount) for amount in await _charges(db)] == [1, 1, 2, 2, 2, 3, 3]


async def test_display_only_and_other_models_tariffs_charge_nothing(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _tariff(db, ("1", "1"), None)
    await _tariff(db, ("1", "1"), "playground")
    await record(engine, [closed(new_id())])
    assert await _charges(db) == []
    assert await db.fetchval("SELECT cost FROM requests") is None


async def test_what_nobody_counted_or_is_free_leaves_no_charge(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("1", "0"))
    free = Tokens(input=0, output=5, source="provider")
    await record(engine, [closed(new_id(), tokens=tokens) for tokens in (Tokens(), free)])
    assert await _charges(db) == []
    assert [row["cost"] for row in await db.fetch("SELECT cost FROM requests")] == [0, 0]


async def test_a_row_without_a_known_owner_is_kept_and_not_charged(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("1", "1"))
    await record(engine, [closed(new_id(), user_id=str(uuid.uuid4())), closed(new_id())])
    assert await db.fetchval("SELECT count(*) FROM requests") == 2
    assert await _charges(db) == [Decimal(18)]


async def _cache_pricing(
    db: asyncpg.Connection, read: str, write: str, since: datetime = _AT - _DAY, until: datetime | None = None
) -> None:
    await db.execute(
        "INSERT INTO cache_pricings (id, model_id, read_multiplier, write_multiplier_5m, write_multiplier_1h, "
        "write_multiplier_24h, min_prefix_tokens, valid_from, valid_until) "
        "VALUES (gen_random_uuid(), $1, $2, $3, 50, 60, 1024, $4, $5)",
        *(MODEL, Decimal(read), Decimal(write), since, until),
    )


async def test_cached_tokens_cost_multiples_of_the_input_price(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("0.000001", "0.000003"))
    await _cache_pricing(db, "0.1", "1.25")
    parts = Tokens(input=1000, output=10, cached_input=600, cache_write=100, source="provider")
    await record(engine, [closed(new_id(), tokens=parts)])
    # 300 as they are, 600 at a tenth, 100 at five quarters, and what was said
    assert await _charges(db) == [Decimal("0.000515")]


async def test_cached_tokens_cost_what_others_do_without_cache_pricing_at_that_time(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _tariff(db, ("1", "0"), since=_AT - 9 * _DAY)
    await _cache_pricing(db, "0", "0", since=_AT - 2 * _DAY, until=_AT - _DAY)
    await _cache_pricing(db, "0.5", "2", since=_AT + _DAY)
    parts = Tokens(input=10, output=0, cached_input=4, cache_write=6, source="provider")
    for days in (-3, -1.5, -1, 0, 1):
        await record(engine, [closed(new_id(), at=(_AT + days * _DAY).timestamp(), tokens=parts)])
    assert [int(amount) for amount in await _charges(db)] == [10, 10, 10, 14]  # and nothing where all was for nothing


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        (Tokens(input=10, cached_input=99, source="provider"), 5),
        (Tokens(input=10, cached_input=4, cache_write=99, source="provider"), 14),
        (Tokens(input=None, output=1, cached_input=99, cache_write=9, source="provider"), None),
        (Tokens(input=10, cache_write=5, source="provider"), 15),
    ],
)
async def test_parts_are_cut_to_their_whole(
    engine: AsyncEngine, db: asyncpg.Connection, tokens: Tokens, cost: int | None
) -> None:
    await _tariff(db, ("1", "0"))
    await _cache_pricing(db, "0.5", "2")
    await record(engine, [closed(new_id(), tokens=tokens)])
    assert await _charges(db) == ([] if cost is None else [Decimal(cost)])


_OF_KINDS = Tokens(
    input=1000, output=100, cached_input=400, cache_write=300, reasoning=60, source="provider",
    cache_write_1h=200, audio_input=50, image_input=25, audio_output=20, image_output=5,
)  # fmt: skip


async def test_each_kind_of_token_is_recorded_and_costs_its_own_price(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _tariff(
        db,
        ("0.01", "0.1"),
        cached_input_price_per_token="0.001",
        cache_write_price_per_token="0.02",
        cache_write_1h_price_per_token="0.03",
        audio_input_price_per_token="0.04",
        image_input_price_per_token="0.05",
        reasoning_price_per_token="0.2",
        audio_output_price_per_token="0.3",
        image_output_price_per_token="0.4",
        price_per_request="7.000000000001",
    )
    await _cache_pricing(db, "99", "99")  # the tariff's own prices win
    await record(engine, [closed(new_id(), tokens=_OF_KINDS)])
    given = Decimal("0.01") * 225 + Decimal("0.4") + Decimal("0.02") * 100 + Decimal("0.03") * 200 + 2 + Decimal("1.25")
    said = Decimal("0.1") * 15 + 12 + 6 + 2
    assert await _charges(db) == [given + said + Decimal("7.000000000001")]
    row = await db.fetchrow("SELECT * FROM requests")
    for kind in Tokens.__struct_fields__:
        if kind != "source":
            assert row[f"{kind}_tokens"] == getattr(_OF_KINDS, kind)


async def test_what_has_no_price_of_its_own_costs_its_wholes(engine: AsyncEngine, db: asyncpg.Connection) -> None:
    await _tariff(db, ("0.01", "0.1"))
    await record(engine, [closed(new_id(), tokens=_OF_KINDS)])
    assert await _charges(db) == [20]


async def test_what_a_cache_keeps_for_an_hour_costs_its_own_multiple(
    engine: AsyncEngine, db: asyncpg.Connection
) -> None:
    await _tariff(db, ("1", "0"))
    await _cache_pricing(db, "0.5", "2")  # 50 for an hour
    parts = Tokens(input=10, cache_write=5, cache_write_1h=3, source="provider")
    await record(engine, [closed(new_id(), tokens=parts)])
    assert await _charges(db) == [5 + 2 * 2 + 3 * 50]


@pytest.mark.parametrize(
    ("ending", "charged"),
    [
        ({}, True),
        ({"outcome": "cancelled"}, True),
        ({"status": 101}, True),
        ({"outcome": "cancelled", "status": 499}, False),
        ({"status": 400}, False),
        ({"status": 500, "outcome": "failed"}, False),
        ({"outcome": "failed"}, False),
    ],
)
async def test_a_request_that_was_answered_costs_its_price_whatever_it_used(
    engine: AsyncEngine, db: asyncpg.Connection, ending: dict[str, object], charged: bool
) -> None:
    await _tariff(db, ("0", "0"), price_per_request="0.04")
    event_id = new_id()
    for _ in range(2):
        await record(engine, [closed(event_id, tokens=Tokens(), **ending)])
    assert await _charges(db) == ([Decimal("0.04")] if charged else [])


_COUNTS = st.one_of(st.none(), st.integers(0, 10**7), st.just(2**63 - 1))
_PRICES = st.decimals("0", "999999999999", places=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.tuples(_COUNTS, _COUNTS), min_size=1, max_size=5), prices=st.tuples(_PRICES, _PRICES))
async def test_costs_are_tokens_times_prices_to_the_last_digit(
    engine: AsyncEngine,
    db: asyncpg.Connection,
    counts: list[tuple[int | None, int | None]],
    prices: tuple[Decimal, Decimal],
) -> None:
    await db.execute("DELETE FROM tariffs; DELETE FROM requests")
    with localcontext(Context(prec=60)):
        before = sum(await _charges(db))
    await _tariff(db, (str(prices[0]), str(prices[1])))
    tokens = [Tokens(input=given, output=said, source="provider") for given, said in counts]
    await record(engine, [closed(new_id(), tokens=each) for each in tokens])
    with localcontext(Context(prec=60)):
        costs = sorted((given or 0) * prices[0] + (said or 0) * prices[1] for given, said in counts)
        assert sum(await _charges(db)) - before == sum(costs)
    assert sorted(row["cost"] for row in await db.fetch("SELECT cost FROM requests")) == costs


@pytest.mark.parametrize("name", ["-" * 36, "0" * 36, "a-" * 18, f"{uuid.UUID(int=7)}", "x"])
async def test_no_name_that_a_client_gives_keeps_its_request_from_being_recorded_and_charged(
    engine: AsyncEngine, db: asyncpg.Connection, name: str
) -> None:
    await _tariff(db, ("1", "1"))
    tokens = Tokens(input=1, output=1, source="provider")
    await record(engine, [closed(new_id(), tokens=tokens, request_id=f"batch_req_{name}")])
    assert await _charges(db) == [2]
    assert await db.fetchval("SELECT batch_id FROM requests") is None
