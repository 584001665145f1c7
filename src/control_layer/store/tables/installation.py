"""What this installation knows of itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["CompatibleRevision", "Seeded"]


class Seeded(Base):
    """What first starts have set up, so that no later start does it again (`model_sources`, the demonstration)."""

    __tablename__ = "seeded"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=now())


class CompatibleRevision(Base):
    """A revision of the schema whose code works with the schema as it is now, which may be a later one.

    Each revision is entered when it is reached. A step that takes something away deletes those before it.
    """

    __tablename__ = "compatible_revisions"

    revision: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=now())
