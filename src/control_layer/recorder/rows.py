"""Records of the journal as rows of the database. Pure.

What Postgres cannot hold is made fit where that loses nothing that matters (NUL bytes in texts, absurd counts); a
record without a sound identity is `Unstorable`.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import msgspec

from control_layer.contract.usage import Attempt, Bodies, Closed, Opened, Record

__all__ = ["BodyRow", "OpenRow", "RequestRow", "Rows", "Unstorable", "rows_of"]

_MOST = 2**63 - 1
_OF_BATCH = "batch_req_"
_KNOWN_IDS = 16384
"""Keys, users, models and deployments come again and again, and making a UUID of a text is slow."""


class Unstorable(Exception):
    """A record that no row can be made of."""


class OpenRow(NamedTuple):
    """A row of `open_requests`, columns by name."""

    id: uuid.UUID
    at: datetime
    worker_id: uuid.UUID
    key_id: uuid.UUID
    user_id: uuid.UUID
    model: str
    model_id: uuid.UUID
    method: str
    path: str
    stream: bool


class RequestRow(NamedTuple):
    """A row of `requests`, columns by name, before it is priced."""

    id: uuid.UUID
    at: datetime
    worker_id: uuid.UUID
    key_id: uuid.UUID
    user_id: uuid.UUID
    model: str
    model_id: uuid.UUID
    method: str
    path: str
    stream: bool
    outcome: str
    status: int | None = None
    error: str | None = None
    deployment_id: uuid.UUID | None = None
    attempts: str = "[]"
    first_byte_seconds: float | None = None
    duration_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    audio_input_tokens: int | None = None
    image_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_output_tokens: int | None = None
    image_output_tokens: int | None = None
    token_source: str = "none"  # noqa: S105 - not that kind of token
    finish_reason: str | None = None
    request_bytes: int = 0
    response_bytes: int = 0
    upstream_request_id: str | None = None
    client_request_id: str | None = None
    user_agent: str | None = None
    tariff_id: uuid.UUID | None = None
    free: bool = False
    """The gateway knew of no price."""
    budgets: str | None = None
    cache: str | None = None
    saved_input_tokens: int | None = None
    saved_output_tokens: int | None = None
    saved_cost: Decimal | None = None
    asked_model: str | None = None
    wasted_cost: Decimal | None = None
    batch_request_id: uuid.UUID | None = None
    """No column: the request of a batch that it names itself to be."""


class BodyRow(NamedTuple):
    """A row of `request_bodies`, columns by name."""

    request_id: uuid.UUID
    request: bytes
    request_truncated: bool
    response: bytes
    response_truncated: bool
    request_headers: str | None = None
    """Pairs of a name and a value, as JSON."""
    response_headers: str | None = None
    redacted: str | None = None
    """How often each rule found something in it, as JSON."""
    said: str | None = None
    """Its words, where they are to be found."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a run of records says. A request that begins and ends in it has ended: there is one row for it."""

    opened: list[OpenRow]
    closed: list[RequestRow]
    bodies: list[BodyRow]

    def last_use_of_keys(self) -> dict[uuid.UUID, datetime]:
        """When each key was last seen."""
        uses: dict[uuid.UUID, datetime] = {}
        seen: Iterable[OpenRow | RequestRow] = chain(self.opened, self.closed)
        for row in seen:
            if row.key_id not in uses or uses[row.key_id] < row.at:
                uses[row.key_id] = row.at
        return uses

    def days(self) -> set[date]:
        """The days, in UTC, on which the requests were made that end here."""
        return {row.at.date() for row in self.closed}


def rows_of(records: Iterable[Record], worker_id: uuid.UUID) -> Rows:
    """The rows that `records` amount to. Raises `Unstorable`."""
    opened: dict[bytes, Opened] = {}
    closed: dict[bytes, Closed] = {}
    bodies: dict[bytes, Bodies] = {}
    for record in records:
        if isinstance(record, Opened):
            opened[record.id] = record
        elif isinstance(record, Closed):
            closed.setdefault(record.id, record)
        else:
            bodies.setdefault(record.id, record)
    return Rows(
        [_opened(record, worker_id) for event_id, record in opened.items() if event_id not in closed],
        [_closed(record, worker_id) for record in closed.values()],
        [_bodies(record) for record in bodies.values()],
    )


def _opened(record: Opened, worker_id: uuid.UUID) -> OpenRow:
    return OpenRow(
        id=_event_id(record.id),
        at=_time(record.at),
        worker_id=worker_id,
        key_id=_id(record.key_id),
        user_id=_id(record.user_id),
        model=_text(record.model),
        model_id=_id(record.model_id),
        method=_text(record.method),
        path=_text(record.path),
        stream=record.stream,
    )


def _closed(record: Closed, worker_id: uuid.UUID) -> RequestRow:
    tokens = record.tokens
    return RequestRow(
        id=_event_id(record.id),
        at=_time(record.at),
        worker_id=worker_id,
        key_id=_id(record.key_id),
        user_id=_id(record.user_id),
        model=_text(record.model),
        model_id=_id(record.model_id),
        method=_text(record.method),
        path=_text(record.path),
        stream=record.stream,
        outcome=record.outcome,
        status=record.status if 0 <= record.status < 1000 else None,
        error=_optional_text(record.error),
        deployment_id=_optional_id(record.deployment_id),
        attempts=_attempts(record.attempts),
        first_byte_seconds=_seconds(record.first_byte),
        duration_seconds=_seconds(record.duration),
        input_tokens=_count(tokens.input),
        output_tokens=_count(tokens.output),
        cached_input_tokens=_count(tokens.cached_input),
        cache_write_tokens=_count(tokens.cache_write),
        cache_write_1h_tokens=_count(tokens.cache_write_1h),
        audio_input_tokens=_count(tokens.audio_input),
        image_input_tokens=_count(tokens.image_input),
        reasoning_tokens=_count(tokens.reasoning),
        audio_output_tokens=_count(tokens.audio_output),
        image_output_tokens=_count(tokens.image_output),
        token_source=tokens.source,
        finish_reason=_optional_text(record.finish_reason),
        request_bytes=_count(record.request_bytes) or 0,
        response_bytes=_count(record.response_bytes) or 0,
        upstream_request_id=_optional_text(record.upstream_request_id),
        client_request_id=_optional_text(record.request_id),
        user_agent=_optional_text(record.user_agent),
        tariff_id=_optional_id(record.tariff_id or None),
        free=record.tariff_id is None,
        budgets=_budgets(record.budgets),
        cache=record.cache,
        saved_input_tokens=None if record.saved is None else _count(record.saved.input),
        saved_output_tokens=None if record.saved is None else _count(record.saved.output),
        saved_cost=record.saved_cost,
        asked_model=_optional_text(record.asked),
        wasted_cost=_wasted(record.attempts),
        batch_request_id=_batch_request_id(record.request_id),
    )


def _bodies(record: Bodies) -> BodyRow:
    return BodyRow(
        _event_id(record.id),
        record.request,
        record.request_truncated,
        record.response,
        record.response_truncated,
        _headers(record.request_headers),
        _headers(record.response_headers),
    )


def _headers(headers: tuple[tuple[str, str], ...]) -> str | None:
    if not headers:
        return None
    return msgspec.json.encode([(_text(name), _text(value)) for name, value in headers]).decode()


def _attempts(attempts: tuple[Attempt, ...]) -> str:
    return msgspec.json.encode([_attempt(attempt) for attempt in attempts]).decode()


def _attempt(attempt: Attempt) -> dict[str, object]:
    fields: dict[str, object] = {
        "deployment_id": _text(attempt.deployment_id),
        "endpoint_id": _text(attempt.endpoint_id),
        "status": attempt.status,
        "error": _optional_text(attempt.error),
        "started_seconds": _seconds(attempt.started),
        "duration_seconds": _seconds(attempt.duration),
    }
    if attempt.wasted is not None:
        fields["wasted_input_tokens"] = _count(attempt.wasted.input)
        fields["wasted_output_tokens"] = _count(attempt.wasted.output)
    if attempt.wasted_cost is not None:
        fields["wasted_cost"] = format(attempt.wasted_cost, "f")
    return fields


def _wasted(attempts: tuple[Attempt, ...]) -> Decimal | None:
    """What attempts that came to nothing have cost together; `None` where none has."""
    costs = [attempt.wasted_cost for attempt in attempts if attempt.wasted_cost is not None]
    return sum(costs, Decimal(0)) if costs else None


def _budgets(budgets: tuple[tuple[str, float], ...]) -> str | None:
    if not budgets:
        return None
    named = [{"id": str(_id(budget_id)), "window": _time(start).isoformat()} for budget_id, start in budgets]
    return msgspec.json.encode(named).decode()


def _batch_request_id(name: str | None) -> uuid.UUID | None:
    """Batches' workers call a request `batch_req_` and a UUID in its usual form; clients may call theirs so, too."""
    if name is None or not name.startswith(_OF_BATCH):
        return None
    text = name.removeprefix(_OF_BATCH)
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _event_id(value: bytes) -> uuid.UUID:
    if len(value) != 16:
        raise Unstorable(f"an event id of {len(value)} bytes")
    return uuid.UUID(bytes=value)


@lru_cache(_KNOWN_IDS)
def _id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise Unstorable(f"{value!r} is no UUID") from None


def _optional_id(value: str | None) -> uuid.UUID | None:
    """Worth less than the row that it stands in."""
    try:
        return None if value is None else _id(value)
    except Unstorable:
        return None


def _time(at: float) -> datetime:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        raise Unstorable(f"{at} is no time") from None


def _text(value: str) -> str:
    """Postgres holds every character but NUL."""
    return value.replace("\0", "\ufffd")


def _optional_text(value: str | None) -> str | None:
    return None if value is None else _text(value)


def _seconds(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _count(value: int | None) -> int | None:
    """A count as a bigint can hold it: providers have been seen to send anything."""
    return None if value is None else max(0, min(value, _MOST))
