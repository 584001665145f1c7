"""Random traffic, with a liking for the edges of hours and days, and what it comes to when it is added up by hand."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.recorder.journals import KEY, MODEL, USER, closed, opened

from control_layer.contract.usage import Attempt, Closed, Opened, Tokens

__all__ = ["FIRST_DAY", "MEASURES", "Sums", "added_up", "request"]

FIRST_DAY = datetime(2026, 9, 20, tzinfo=UTC)
_EDGES = (timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1), timedelta(minutes=29))
_MODELS = {"gpt": MODEL, "claude": uuid.UUID(int=0xCC), "llama": uuid.UUID(int=0xCD)}
_TOKENS = (
    *("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("audio_input_tokens", "image_input_tokens", "reasoning_tokens", "audio_output_tokens", "image_output_tokens"),
)
_KINDS = tuple(name.removesuffix("_tokens") for name in _TOKENS)
_LOOKUPS = {"hit": "response_cache_hits", "miss": "response_cache_misses", "coalesced": "response_cache_coalesced"}
_SAVED = ("saved_input_tokens", "saved_output_tokens", "saved_cost")
MEASURES = ("requests", "timed", "seconds", *_TOKENS, "cost", "unpriced", "cache_hits", *_LOOKUPS.values(), *_SAVED)
Sums = dict[tuple[Any, ...], dict[str, Any]]


def request(dice: random.Random) -> tuple[Opened, Closed]:
    """The records of one, within three days."""
    hour = FIRST_DAY + timedelta(hours=dice.randrange(73))
    at = (
        hour + dice.choice(_EDGES) if dice.random() < 0.3 else hour + timedelta(seconds=dice.random() * 3600)
    ).timestamp()
    model = dice.choice(list(_MODELS))
    key, user = (
        (KEY, USER) if dice.random() < 0.5 else (uuid.UUID(int=dice.randrange(3)), uuid.UUID(int=dice.randrange(2)))
    )
    same: dict[str, Any] = {
        "at": at,
        "key_id": str(key),
        "user_id": str(user),
        "model": model,
        "model_id": str(_MODELS[model]),
        "stream": dice.random() < 0.5,
    }
    cache = dice.choice((None, "hit", "miss", "coalesced", "bypass"))
    given_again = cache in ("hit", "coalesced")
    event_id = uuid.UUID(int=dice.getrandbits(128), version=4).bytes  # which says no time
    end = closed(
        event_id,
        **same,
        status=dice.choice((200, 200, 200, 429, 0)),
        duration=dice.choice((0.0, dice.expovariate(1))),
        first_byte=dice.choice((None, dice.random())),
        attempts=tuple(
            Attempt(model, dice.choice((str(uuid.UUID(int=0xE)), "none")), 200, None, 0.5)
            for _ in range(dice.randrange(3))
        ),
        budgets=((str(uuid.UUID(int=0xBB)), FIRST_DAY.timestamp()),) if dice.random() < 0.5 else (),
        tokens=Tokens(source="provider", **{name: dice.choice((None, 0, dice.randrange(10_000))) for name in _KINDS}),
        cache=cache,
        saved=Tokens(input=dice.randrange(10_000), output=dice.choice((None, 0, 7))) if given_again else None,
        saved_cost=dice.choice((None, Decimal(0), Decimal(dice.randrange(10**9)).scaleb(-12))) if given_again else None,
    )
    return opened(event_id, **same), end


def added_up(rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], tuple[Any, ...]]) -> Sums:
    """Rows of `requests`, added up by `key`."""
    sums: Sums = defaultdict(lambda: dict.fromkeys(MEASURES, 0))
    for row in rows:
        total = sums[key(row)]
        total["requests"] += 1
        total["timed"] += row["duration_seconds"] is not None
        total["seconds"] += row["duration_seconds"] or 0.0
        for name in _TOKENS:
            total[name] += row[name] or 0
        total["cost"] += row["cost"] or 0
        total["unpriced"] += row["cost"] is None
        total["cache_hits"] += bool(row["cached_input_tokens"])
        if row["cache"] in _LOOKUPS:
            total[_LOOKUPS[row["cache"]]] += 1
        for name in _SAVED:
            total[name] += row[name] or 0
        total["last_at"] = max(row["at"], total.get("last_at", row["at"]))
    return sums
