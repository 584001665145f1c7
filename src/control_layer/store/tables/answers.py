"""Answers that models keep, as hosts share them, and whose were purged."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["AnswerPurge", "KeptAnswer"]


class AnswerPurge(Base):
    """Nothing is given again that was made for this key or user before its generation."""

    __tablename__ = "answer_purges"

    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    scope: Mapped[str]
    generation: Mapped[int] = mapped_column(BigInteger)
    """Of one sequence for all (`answer_purge_sequence`): a later purge has a higher one, whoever is purged."""
    purged_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (CheckConstraint("scope IN ('key', 'user')", name="scope"),)


class KeptAnswer(Base):
    """An answer that any host may give again. The table is unlogged: a crash of Postgres empties it."""

    __tablename__ = "kept_answers"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    """Of everything that the answer depends on, its boundary included."""
    model_id: Mapped[uuid.UUID]
    generation: Mapped[int] = mapped_column(BigInteger)
    """Of the model's purges."""
    key_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    """For whom it was made."""
    purge_generation: Mapped[int] = mapped_column(BigInteger)
    """Of the purges of these two."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime] = mapped_column(server_default=now())
    """To the minute."""
    size_bytes: Mapped[int]
    answer: Mapped[bytes]
    """`contract.answers.Answer` in MessagePack."""

    __table_args__ = (
        Index("ix_kept_answers_expires_at", "expires_at"),
        {"prefixes": ["UNLOGGED"], "postgresql_with": {"fillfactor": 80}},
    )
