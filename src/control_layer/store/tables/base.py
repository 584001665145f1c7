"""What all tables share: how constraints are named, which column a type becomes."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Double, Integer, LargeBinary, MetaData, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import DeclarativeBase

__all__ = ["NIL", "Base", "now"]

NIL = uuid.UUID(int=0)
"""The system user, the Everyone group and the system key all have this id."""


class Base(DeclarativeBase):
    """All tables. Constraint names are fixed, because errors are recognised by them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        str: Text,
        datetime: DateTime(timezone=True),
        uuid.UUID: UUID(as_uuid=True),
        bytes: LargeBinary,
        list[str]: ARRAY(Text),
        list[int]: ARRAY(Integer),
        list[Decimal]: ARRAY(Numeric),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[list[str]]: JSONB,
        float: Double,
        Decimal: Numeric(20, 9),
    }


def now() -> Any:
    """The default of a time: the transaction's."""
    return text("now()")
