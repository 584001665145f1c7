"""Rows of requests as the answers show them. Pure."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row

from control_layer.control.request_log.response_type import response_type
from control_layer.control.request_log.schemas import (
    Attempt,
    Bodies,
    Body,
    BudgetWindow,
    EntryDetails,
    HeaderField,
    Headers,
    LogEntry,
    Named,
    RequestDetail,
    TokenCounts,
)
from control_layer.store.tables import OpenRequest, Request, RequestBody

__all__ = ["Names", "detail", "log_entry", "open_detail"]

_KINDS = (
    *("input", "output", "cached_input", "cache_write", "cache_write_1h", "audio_input", "image_input"),
    *("reasoning", "audio_output", "image_output"),
)


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called now, by their ids."""

    of: Mapping[uuid.UUID, str]

    def named(self, id_: uuid.UUID | str | None) -> Named | None:
        """The thing of that id; `None` for what is no id."""
        if isinstance(id_, str):
            try:
                id_ = uuid.UUID(id_)
            except ValueError:
                return None
        return None if id_ is None else Named(id=id_, name=self.of.get(id_))

    def known(self, id_: uuid.UUID) -> Named:
        """The thing of that id."""
        return Named(id=id_, name=self.of.get(id_))


def log_entry(row: Row[*tuple[Any, ...]], emails: Mapping[uuid.UUID, str] | None = None) -> LogEntry:
    """An entry of the request log; with its details where `emails` has the addresses of those who asked."""
    known = [count for count in (row.input_tokens, row.output_tokens) if count is not None]
    return LogEntry(
        id=row.sequence,
        timestamp=row.at,
        method=row.method,
        uri=row.path,
        model=row.model,
        status_code=row.status,
        duration_ms=None if row.duration_seconds is None else round(row.duration_seconds * 1000),
        prompt_tokens=row.input_tokens,
        completion_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens or None,
        total_tokens=sum(known) if known else None,
        response_type=response_type(row.path, row.status, stream=row.stream),
        fusillade_batch_id=row.batch_id,
        input_price_per_token=row.input_price_per_token,
        output_price_per_token=row.output_price_per_token,
        custom_id=row.custom_id,
        details=None if emails is None else _details(row, emails),
    )


def _details(row: Row[*tuple[Any, ...]], emails: Mapping[uuid.UUID, str]) -> EntryDetails:
    return EntryDetails(
        request_id=row.id,
        user=Named(id=row.user_id, name=emails.get(row.user_id)),
        stream=row.stream,
        outcome=row.outcome,
        error=row.error,
        first_byte_ms=_ms(row.first_byte_seconds),
        cost=row.cost,
        cache=row.cache,
    )


def detail(row: Request, names: Names, kept: RequestBody | None) -> RequestDetail:
    """A request that has ended. `kept` is what is shown of its bodies."""
    return RequestDetail(
        id=row.id,
        log_id=row.sequence,
        state="ended",
        timestamp=row.at,
        user=names.known(row.user_id),
        key=names.known(row.key_id),
        purpose=row.purpose,
        method=row.method,
        uri=row.path,
        stream=row.stream,
        model=row.model,
        model_id=row.model_id,
        asked_model=row.asked_model,
        outcome=row.outcome,
        status_code=row.status,
        error=row.error,
        finish_reason=row.finish_reason,
        attempts=[_attempt(attempt, names) for attempt in row.attempts],
        first_byte_ms=_ms(row.first_byte_seconds),
        duration_ms=_ms(row.duration_seconds),
        tokens=TokenCounts(**{kind: getattr(row, f"{kind}_tokens") for kind in _KINDS}, source=row.token_source),
        cache=row.cache,
        saved_input_tokens=row.saved_input_tokens,
        saved_output_tokens=row.saved_output_tokens,
        saved_cost=row.saved_cost,
        input_price_per_token=row.input_price_per_token,
        output_price_per_token=row.output_price_per_token,
        cost=row.cost,
        wasted_cost=row.wasted_cost,
        tariff=names.named(row.tariff_id),
        budgets=[
            BudgetWindow(
                id=budget["id"],
                name=names.of.get(uuid.UUID(budget["id"])),
                window=datetime.fromisoformat(budget["window"]),
            )
            for budget in row.budgets or ()
        ],
        request_bytes=row.request_bytes,
        response_bytes=row.response_bytes,
        client_request_id=row.client_request_id,
        provider_request_id=row.upstream_request_id,
        user_agent=row.user_agent,
        batch_id=row.batch_id,
        custom_id=row.custom_id,
        bodies=None if kept is None else _bodies(kept),
        headers=None if kept is None else _headers(kept),
    )


def open_detail(row: OpenRequest, names: Names) -> RequestDetail:
    """A request that is under way: little is known of it."""
    unknown = dict.fromkeys(RequestDetail.model_fields)
    known = {
        "id": row.id,
        "state": "open",
        "timestamp": row.at,
        "user": names.known(row.user_id),
        "key": names.known(row.key_id),
        "method": row.method,
        "uri": row.path,
        "stream": row.stream,
        "model": row.model,
        "model_id": row.model_id,
        "attempts": [],
        "budgets": [],
    }
    return RequestDetail.model_validate(unknown | known)


def _attempt(attempt: Mapping[str, Any], names: Names) -> Attempt:
    return Attempt(
        deployment=names.named(attempt.get("deployment_id")),
        endpoint=names.named(attempt.get("endpoint_id")),
        status=attempt.get("status"),
        error=attempt.get("error"),
        started_ms=_ms(attempt.get("started_seconds")),
        duration_ms=_ms(attempt.get("duration_seconds")),
        wasted_input_tokens=attempt.get("wasted_input_tokens"),
        wasted_output_tokens=attempt.get("wasted_output_tokens"),
        wasted_cost=attempt.get("wasted_cost"),
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _bodies(kept: RequestBody) -> Bodies:
    return Bodies(
        request=_body(kept.request, truncated=kept.request_truncated),
        response=_body(kept.response, truncated=kept.response_truncated),
        redacted=kept.redacted or {},
    )


def _headers(kept: RequestBody) -> Headers | None:
    """`None` of what was recorded by a release that kept none."""
    if kept.request_headers is None and kept.response_headers is None:
        return None
    return Headers(request=_fields(kept.request_headers), response=_fields(kept.response_headers))


def _fields(pairs: Sequence[Sequence[str]] | None) -> list[HeaderField]:
    return [HeaderField(name=name, value=value) for name, value in pairs or ()]


def _body(content: bytes, *, truncated: bool) -> Body:
    try:
        return Body(kind="json", content=msgspec.json.decode(content), truncated=truncated)
    except msgspec.DecodeError:
        pass
    try:
        return Body(kind="text", content=content.decode(), truncated=truncated)
    except UnicodeDecodeError:
        return Body(kind="base64", content=base64.b64encode(content).decode(), truncated=truncated)
