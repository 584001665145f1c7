"""An entry of the request log, and one request whole."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from control_layer.control.money import Money
from control_layer.control.schema import OmitNull, Output

__all__ = [
    "Attempt",
    "Bodies",
    "Body",
    "BudgetWindow",
    "EntryDetails",
    "HeaderField",
    "Headers",
    "LogEntry",
    "LogPage",
    "Named",
    "RequestDetail",
    "TokenCounts",
]


class Named(Output):
    """Something by its id, with the name that it has now; none where it is gone."""

    id: uuid.UUID
    name: str | None


class EntryDetails(Output):
    """What an entry of the list has beyond the contract's fields."""

    request_id: uuid.UUID = Field(description="The request's own id, as `x-request-id` of its answer has it.")
    user: Named = Field(description="With the e-mail address as the name.")
    stream: bool
    outcome: str
    error: str | None
    first_byte_ms: float | None
    cost: Money | None
    cache: str | None


class LogEntry(Output):
    """One request that has ended; never what was said."""

    id: int
    timestamp: datetime
    method: str
    uri: str
    model: OmitNull[str]
    status_code: OmitNull[int]
    duration_ms: OmitNull[int]
    prompt_tokens: OmitNull[int]
    completion_tokens: OmitNull[int]
    reasoning_tokens: OmitNull[int]
    total_tokens: OmitNull[int]
    response_type: OmitNull[str] = Field(description="Such as `chat_completion_stream`; left out of errors.")
    fusillade_batch_id: OmitNull[uuid.UUID] = Field(description="The batch that it belongs to.")
    input_price_per_token: OmitNull[Money]
    output_price_per_token: OmitNull[Money]
    custom_id: OmitNull[str]
    details: OmitNull[EntryDetails] = Field(description="With `include=details`.")


class LogPage(Output):
    """A page of the request log."""

    entries: list[LogEntry]


class Attempt(Output):
    """One try at one deployment."""

    deployment: Named | None = Field(description="The model as it is at the endpoint.")
    endpoint: Named | None
    status: int | None = Field(description="The provider's HTTP status; null where none came.")
    error: str | None = Field(description="Such as `connect_failed`; null where an answer came whole.")
    started_ms: float | None = Field(description="After the request was let in.")
    duration_ms: float | None
    wasted_input_tokens: int | None = Field(
        description="Of an attempt that came to nothing: what its provider is likely to charge, which nobody pays for."
    )
    wasted_output_tokens: int | None
    wasted_cost: Money | None = Field(description="The same at the price of the model that was asked.")


class TokenCounts(Output):
    """By kind; null is unknown. What is cached, written, audio or image is a part of `input` or `output`."""

    input: int | None
    output: int | None
    cached_input: int | None
    cache_write: int | None
    cache_write_1h: int | None
    audio_input: int | None
    image_input: int | None
    reasoning: int | None
    audio_output: int | None
    image_output: int | None
    source: str = Field(description="`provider`, `estimate`, or `none`: nothing to count.")


class BudgetWindow(Output):
    """A budget that the request counts in."""

    id: uuid.UUID
    name: str | None
    window: datetime = Field(description="When the budget's period began.")


class Body(Output):
    """What was sent."""

    kind: Literal["json", "text", "base64"]
    content: Any = Field(description="The JSON itself, a text, or base64 of what is neither.")
    truncated: bool = Field(description="There was more than is kept.")


class Bodies(Output):
    """What was asked and answered."""

    request: Body
    response: Body
    redacted: dict[str, int] = Field(description="How often each redaction rule took something out.")


class HeaderField(Output):
    """A line of a head. The value is `…` where it is a credential."""

    name: str
    value: str


class Headers(Output):
    """The heads of what was asked and answered, as the client sent and got them."""

    request: list[HeaderField]
    response: list[HeaderField]


class RequestDetail(Output):
    """Everything that is known of one request."""

    id: uuid.UUID = Field(description="The id in `x-request-id` of its answer, unless the caller gave one.")
    log_id: int | None = Field(description="Its `id` in the list; null while it is under way.")
    state: Literal["open", "ended"]
    timestamp: datetime = Field(description="When it was let in.")
    user: Named = Field(description="With the e-mail address as the name.")
    key: Named
    purpose: str | None
    method: str
    uri: str
    stream: bool
    model: str
    model_id: uuid.UUID
    asked_model: str | None = Field(description="What the client asked for, where another model answered.")
    outcome: str | None = Field(description="`completed`, `failed`, `cancelled`, `lost`; null while it is under way.")
    status_code: int | None
    error: str | None
    finish_reason: str | None
    attempts: list[Attempt] = Field(description="In the order in which they were made.")
    first_byte_ms: float | None
    duration_ms: float | None
    tokens: TokenCounts | None
    cache: str | None = Field(description="How it met kept answers: `hit`, `miss`, `coalesced`, `bypass`.")
    saved_input_tokens: int | None = Field(description="What an answer that was given again had cost.")
    saved_output_tokens: int | None
    saved_cost: Money | None = Field(description="What it would have cost this request, which cost nothing.")
    input_price_per_token: Money | None
    output_price_per_token: Money | None
    cost: Money | None
    wasted_cost: Money | None = Field(description="What its attempts wasted together. It is no part of `cost`.")
    tariff: Named | None
    budgets: list[BudgetWindow]
    request_bytes: int | None
    response_bytes: int | None
    client_request_id: str | None = Field(description="The caller's own `x-request-id`.")
    provider_request_id: str | None
    user_agent: str | None
    batch_id: uuid.UUID | None
    custom_id: str | None
    bodies: OmitNull[Bodies] = Field(description="With `include=bodies`, where they are kept.")
    headers: OmitNull[Headers] = Field(description="Kept, redacted and erased with `bodies`, and there with them.")
