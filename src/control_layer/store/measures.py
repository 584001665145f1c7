"""What a request adds to the sums that analytics keep: SQL about a row of `requests`, named `request`.

Folding adds it to the rollups, and questions add it up of the requests that no rollup has yet: one text for both, so
that no answer depends on what has been folded.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ACCOUNT",
    "BUCKETS",
    "COUNTS",
    "KEPT",
    "LATENCIES",
    "LATENCY_BASE",
    "MEASURES",
    "MODEL",
    "MOST_TOKENS",
    "SPARSE",
    "TOKENS",
    "bucket",
    "deltas",
    "lengths_of",
    "of_request",
]

_ENDPOINT = "request.attempts -> -1 ->> 'endpoint_id'"
# Four dashes where they belong, and else nothing but digits. A regular expression of it takes ten times as long.
_IS_UUID = (
    f"{_ENDPOINT} LIKE '________-____-____-____-____________' "
    f"AND translate({_ENDPOINT}, '0123456789abcdef', '') = '----'"
)

MODEL: Mapping[str, str] = {
    "model_id": "request.model_id",
    # Of the last attempt. What is no id must not end the folding of everything else.
    "endpoint_id": f"CASE WHEN {_IS_UUID} THEN ({_ENDPOINT})::uuid END",
    "status": "request.status",
    "purpose": "request.purpose",
    "model": "request.model",
}
"""What sums are kept by. In indexes they are in this order: what is compared fastest comes first."""

ACCOUNT: Mapping[str, str] = {"user_id": "request.user_id", "key_id": "request.key_id", **MODEL}
"""What sums of accounts are kept by."""

COUNTS = ("requests", "timed", "unpriced", "cache_hits")

TOKENS = (
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "audio_input_tokens",
    "image_input_tokens",
    "reasoning_tokens",
    "audio_output_tokens",
    "image_output_tokens",
)

KEPT = (
    "response_cache_hits",
    "response_cache_misses",
    "response_cache_coalesced",
    "saved_input_tokens",
    "saved_output_tokens",
)
"""Counts of requests whose models keep answers."""

SPARSE = (*TOKENS, *KEPT)
"""Counts that most requests have few of, or none."""

MOST_TOKENS = 10**10
"""Of a kind that a request counts, so that sums of a day fit into a bigint, and none ends the folding of all."""

MEASURES: Mapping[str, str] = {
    "requests": "1::bigint",
    "timed": "(request.duration_seconds IS NOT NULL)::int::bigint",
    # So that no sum can overflow, which would end all folding.
    "seconds": "least(coalesce(request.duration_seconds, 0), 1e200)",
    **{name: f"CASE WHEN request.{name} > 0 THEN least(request.{name}, {MOST_TOKENS}) END" for name in TOKENS},
    "cost": "coalesce(request.cost, 0)",
    "unpriced": "(request.cost IS NULL)::int::bigint",
    "cache_hits": "(coalesce(request.cached_input_tokens, 0) > 0)::int::bigint",
    "response_cache_hits": "CASE request.cache WHEN 'hit' THEN 1::bigint END",
    "response_cache_misses": "CASE request.cache WHEN 'miss' THEN 1::bigint END",
    "response_cache_coalesced": "CASE request.cache WHEN 'coalesced' THEN 1::bigint END",
    **{
        name: f"CASE WHEN request.{name} > 0 THEN least(request.{name}, {MOST_TOKENS}) END"
        for name in ("saved_input_tokens", "saved_output_tokens")
    },
    "saved_cost": "CASE WHEN request.saved_cost > 0 THEN request.saved_cost END",
}
"""What is added up. Beside these, `last_at` is the time of the last request.

There is a null for no `SPARSE` and no `saved_cost`, here and in rollups: nulls take neither room nor time.
"""

LATENCIES: Mapping[str, str] = {
    "total": "request.duration_seconds",
    "first_token": "CASE WHEN request.stream THEN request.first_byte_seconds END",
}
"""Seconds of which percentiles are kept; null where there is nothing to say."""

LATENCY_BASE = 1.02
"""A bucket's upper end by its lower. Its geometric middle is within 1 % (√1.02 - 1) of all that is in it."""

BUCKETS = (-32768, 32767)
"""The first is that of zero and less."""

_ZERO = {
    "seconds": "0::double precision",
    "cost": "0::numeric",
    "saved_cost": "NULL::numeric",
    **dict.fromkeys(SPARSE, "NULL::bigint"),
}

# A request that was given up for lost counted as one, with nothing known of it.
_LOST = {
    name: "entry.lost::bigint" if name in ("requests", "unpriced") else _ZERO.get(name, "0::bigint")
    for name in MEASURES
}
_UNKNOWN = {"endpoint_id": "NULL::uuid", "status": "NULL::integer"}
_NO_MORE = {**dict.fromkeys(LATENCIES, "NULL::double precision"), "batch_id": "NULL::uuid"}


def bucket(seconds: str) -> str:
    """The bucket of a latency, which is an expression: numbers of powers of `LATENCY_BASE`."""
    power = (
        f"least(greatest(floor(ln({seconds}) / ln({LATENCY_BASE}::double precision)), {BUCKETS[0] + 1}), {BUCKETS[1]})"
    )
    return f"(CASE WHEN {seconds} > 0 THEN {power} ELSE {BUCKETS[0]} END)::smallint"


def lengths_of(rollup: str) -> str:
    """A SELECT of `at`, `model`, `measure`, `bucket` and `requests` of a rollup of latencies, without a condition."""
    # Side by side in the list of columns: as a table in FROM they take four times as long.
    return f"SELECT at, model, measure, unnest(buckets) AS bucket, unnest(counts) AS requests FROM {rollup}"  # noqa: S608


def of_request() -> str:
    """The columns of a row of `requests`: `at`, dimensions, measures, `last_at`, latencies, `batch_id`."""
    return _columns({**ACCOUNT, **MEASURES, "last_at": "request.at", **LATENCIES, "batch_id": "request.batch_id"})


def deltas(entries: str, within: str = "true") -> str:
    """The same of what `unfolded_requests` says; `entries` is it or a part of it, and in it all `at` are `within`.

    A request that ended after it had been given up comes twice: once as it ended, once to take back what it counted.
    """
    # One at a time, by its key: of a table that is emptied every second the planner knows nothing.
    # It plans a look into every day there is, which takes longer than all the rest, unless it is told which days.
    one = f"SELECT * FROM requests WHERE at = entry.at AND id = entry.id AND {within} OFFSET 0"  # noqa: S608
    found = f"CROSS JOIN LATERAL ({one}) AS request"
    lost = _columns({**ACCOUNT, **_UNKNOWN, **_LOST, "last_at": "request.at", **_NO_MORE})
    return f"""
        SELECT {of_request()} FROM {entries} AS entry {found} WHERE entry.lost <= 0
        UNION ALL
        SELECT {lost} FROM {entries} AS entry {found} WHERE entry.lost <> 0
    """  # noqa: S608 - made of the names above


def _columns(expressions: Mapping[str, str]) -> str:
    return ", ".join(["request.at AS at", *(f"{expression} AS {name}" for name, expression in expressions.items())])
