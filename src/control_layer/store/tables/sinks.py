"""What is sent to sinks: an outbox of what was recorded, a row for each transaction of the recorder's."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.dialects.postgresql import TIMESTAMP as TIMESTAMP_TYPE
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["RecordedBatch", "SinkPosition"]


class RecordedBatch(Base):
    """The requests that ended in one transaction. Whoever writes one shares the lock `store.outbox.LOCK`."""

    __tablename__ = "recorded_batches"

    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=now())
    requests: Mapped[int]
    times: Mapped[list[datetime]] = mapped_column(ARRAY(TIMESTAMP_TYPE(timezone=True)))
    ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID(as_uuid=True)))


class SinkPosition(Base):
    """How far a sink is: it has everything up to `position`, and is to get what is up to `planned` in one file."""

    __tablename__ = "sink_positions"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    planned: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=now())
