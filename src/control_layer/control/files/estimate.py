"""What a file's requests may cost (§4.14): tokens guessed from bytes and from what the model has answered before."""

from __future__ import annotations

import uuid
from decimal import Decimal

from sqlalchemy import Float, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from control_layer.control.files.schemas import ModelEstimate
from control_layer.store.tables import FileRequest, Model, Request, Tariff

__all__ = ["estimated"]

_BYTES_PER_TOKEN = 4
_OUTPUT_OF_INPUT = 1.1
"""Where a model has answered nothing yet."""
_RECENT = 100
_EMBEDDINGS = "/v1/embeddings"


async def estimated(session: AsyncSession, file_id: uuid.UUID, window: str) -> list[ModelEstimate]:
    """An estimate for each model of the file, by alias."""
    asked = (
        select(
            FileRequest.model,
            func.count().label("requests"),
            func.sum(func.octet_length(FileRequest.body)).label("bytes"),
            func.bool_and(FileRequest.url == _EMBEDDINGS).label("embeds"),
        )
        .where(FileRequest.file_id == file_id)
        .group_by(FileRequest.model)
        .order_by(FileRequest.model)
    )
    estimates = []
    for row in (await session.execute(asked)).all():
        model, requests, embeds = row.model, row.requests, row.embeds
        given = int(row.bytes) // _BYTES_PER_TOKEN
        said = requests if embeds else await _output(session, model, requests, given)
        prices = (await session.execute(_prices(model, window))).one_or_none()
        cost = Decimal(0) if prices is None else given * prices[0] + said * prices[1] + requests * prices[2]
        estimates.append(
            ModelEstimate(
                model=model,
                request_count=requests,
                estimated_input_tokens=given,
                estimated_output_tokens=said,
                estimated_cost=cost,
            )
        )
    return estimates


async def _output(session: AsyncSession, model: str, requests: int, given: int) -> int:
    recent = (
        select(Request.output_tokens)
        .where(Request.model == model, Request.outcome == "completed", Request.output_tokens.is_not(None))
        .order_by(Request.at.desc())
        .limit(_RECENT)
        .subquery()
    )
    average = (await session.execute(select(cast(func.avg(recent.c.output_tokens), Float)))).scalar_one()
    return round(_OUTPUT_OF_INPUT * given) if average is None else round(average * requests)


def _prices(model: str, window: str) -> Select[Decimal, Decimal, Decimal]:
    """The tariff of §4.5.9: for batches of this window, else for batches, else for realtime."""
    batch = Tariff.api_key_purpose == "batch"
    return (
        select(Tariff.input_price_per_token, Tariff.output_price_per_token, func.coalesce(Tariff.price_per_request, 0))
        .join(Model, Model.id == Tariff.model_id)
        .where(Model.alias == model, Tariff.valid_until.is_(None))
        .where((batch & (Tariff.completion_window == window)) | Tariff.completion_window.is_(None))
        .where(Tariff.api_key_purpose.in_(("batch", "realtime")))
        .order_by(batch.desc(), Tariff.completion_window.is_not(None).desc())
        .limit(1)
    )
