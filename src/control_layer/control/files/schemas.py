"""The file object and what else is answered about files (§4.14)."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Literal

from control_layer.control.cursor import Identified
from control_layer.control.money import Money
from control_layer.control.schema import OmitNull, Output
from control_layer.store import tables

__all__ = ["CostEstimate", "Deleted", "File", "ModelEstimate"]


class File(Identified):
    """A file. Times are seconds since 1970, as OpenAI has them."""

    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: Literal["batch", "batch_output", "batch_error"]
    expires_at: OmitNull[int]
    created_by_email: OmitNull[str]
    context_name: OmitNull[str]
    context_type: OmitNull[Literal["personal", "organization"]]

    @classmethod
    def of(cls, row: tables.File, owner: tables.User | None = None) -> File:
        """The object of a row; `owner` where the caller may know."""
        return cls.model_validate(
            {
                "id": row.id,
                "object": "file",
                "bytes": row.bytes,
                "created_at": int(row.created_at.timestamp()),
                "filename": row.filename,
                "purpose": row.purpose,
                "expires_at": None if row.expires_at is None else int(row.expires_at.timestamp()),
                "created_by_email": None if owner is None else owner.email,
                "context_name": None if owner is None else owner.display_name or owner.username,
                "context_type": None if owner is None else "personal",
            }
        )


class Deleted(Output):
    """A file that is gone."""

    id: uuid.UUID
    object: Literal["file"]
    deleted: Literal[True]


class ModelEstimate(Output):
    """What a file's requests to one model may cost."""

    model: str
    request_count: int
    estimated_input_tokens: int
    estimated_output_tokens: int
    estimated_cost: Money


class CostEstimate(Output):
    """What a file's requests may cost."""

    file_id: uuid.UUID
    total_requests: int
    total_estimated_input_tokens: int
    total_estimated_output_tokens: int
    total_estimated_cost: Money
    models: list[ModelEstimate]

    @classmethod
    def of(cls, file_id: uuid.UUID, models: list[ModelEstimate]) -> CostEstimate:
        """The sums."""
        return cls(
            file_id=file_id,
            total_requests=sum(model.request_count for model in models),
            total_estimated_input_tokens=sum(model.estimated_input_tokens for model in models),
            total_estimated_output_tokens=sum(model.estimated_output_tokens for model in models),
            total_estimated_cost=sum((model.estimated_cost for model in models), Decimal(0)),
            models=models,
        )
