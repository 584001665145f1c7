"""The transaction object and the body that makes one (§4.9)."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from pydantic import Field

from control_layer.control.money import Money
from control_layer.control.schema import Input, OmitNull, Output
from control_layer.control.transactions.entries import Entry

__all__ = ["NewTransaction", "Transaction", "TransactionPage", "TransactionType"]


class TransactionType(StrEnum):
    """What moves credits."""

    PURCHASE = "purchase"
    ADMIN_GRANT = "admin_grant"
    ADMIN_REMOVAL = "admin_removal"
    USAGE = "usage"


class NewTransaction(Input):
    """Credits given or taken by an administrator."""

    user_id: uuid.UUID = Field(description="Whose account.")
    transaction_type: Literal[TransactionType.ADMIN_GRANT, TransactionType.ADMIN_REMOVAL] = Field(
        description="`admin_grant` adds to the balance, `admin_removal` takes from it."
    )
    amount: Decimal = Field(
        description="More than zero; the type says which way. A string keeps every digit.", examples=["25.00"]
    )
    source_id: str = Field(
        description="Names this movement among all there are: sent again, it is refused with 409.",
        examples=["invoice-2026-0042"],
    )
    description: str | None = Field(None, description="Shown in the list, and searched.")


class Transaction(Output):
    """One movement on one account."""

    id: uuid.UUID = Field(description="The batch's id where `group_batches` folded a batch's usage into one row.")
    user_id: uuid.UUID
    user_email: OmitNull[str] = Field(description="In the list of everybody's.")
    transaction_type: TransactionType
    batch_id: uuid.UUID | None
    amount: Money = Field(description="Always positive; usage and removals take it from the balance.")
    source_id: str = Field(description="What caused it. For usage the id of the request.")
    description: str | None
    created_at: datetime
    service_tier: OmitNull[str]
    batch_request_count: OmitNull[int]

    @classmethod
    def of(cls, entry: Entry, user_email: str | None = None) -> Transaction:
        """The object of an entry."""
        return cls(
            id=entry.id,
            user_id=entry.user_id,
            user_email=user_email,
            transaction_type=TransactionType(entry.transaction_type),
            batch_id=entry.batch_id,
            amount=entry.amount,
            source_id=entry.source_id,
            description=entry.description,
            created_at=entry.created_at,
            service_tier=entry.service_tier,
            batch_request_count=entry.requests if entry.requests > 1 else None,
        )


class TransactionPage(Output):
    """A page of an account, newest first."""

    data: list[Transaction]
    has_more: bool
    page_start_balance: Money = Field(description="The balance after the first row of the page.")
