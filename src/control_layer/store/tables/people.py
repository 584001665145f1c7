"""Users, groups, and who is in which."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Computed, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["Group", "GroupMember", "User", "UserObject"]


_SEARCHED = "lower(username || chr(31) || email || chr(31) || coalesce(display_name, ''))"


class User(Base):
    """A person (or, later, an organization). Deleted users are kept, scrubbed, for the ledger's sake."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str]
    email_primary: Mapped[bool] = mapped_column(server_default=text("true"))
    """What the directory says of the address; it is the only one we keep."""
    display_name: Mapped[str | None]
    given_name: Mapped[str | None]
    family_name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    user_type: Mapped[str] = mapped_column(server_default="individual")
    is_admin: Mapped[bool] = mapped_column(server_default=text("false"))
    roles: Mapped[list[str]] = mapped_column(server_default=text("'{StandardUser}'"))
    auth_source: Mapped[str]
    external_user_id: Mapped[str | None]
    password_hash: Mapped[str | None]
    last_login: Mapped[datetime | None]
    payment_provider_id: Mapped[str | None]
    batch_notifications_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    low_balance_threshold: Mapped[float | None]
    auto_topup_amount: Mapped[float | None]
    auto_topup_threshold: Mapped[float | None]
    auto_topup_monthly_limit: Mapped[float | None]
    verified: Mapped[bool] = mapped_column(server_default=text("false"))
    zero_data_retention: Mapped[bool] = mapped_column(server_default=text("false"))
    invoicing_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())
    disabled_at: Mapped[datetime | None]
    """Since when the person may do nothing; their keys rest until it is null again."""
    deleted_at: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(Computed(_SEARCHED), deferred=True)
    search_pieces: Mapped[str] = mapped_column(TSVECTOR, Computed(f"search_vector({_SEARCHED})"), deferred=True)
    """See `control.search`."""

    __table_args__ = (
        Index("uq_users_username", "username", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index(
            "uq_users_email",
            "email",
            "auth_source",
            text("coalesce(external_user_id, '')"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND user_type = 'individual'"),
        ),
        Index(
            "ix_users_visible",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("deleted_at IS NULL AND user_type = 'individual'"),
        ),
        Index("ix_users_search_pieces", "search_pieces", postgresql_using="gin"),
        Index(
            "ix_users_external_user_id",
            "external_user_id",
            postgresql_where=text("external_user_id IS NOT NULL AND deleted_at IS NULL"),
        ),
        Index("ix_users_username", text("lower(username)")),
        Index("ix_users_auto_topup", "id", postgresql_where=text("auto_topup_threshold IS NOT NULL")),
        Index("ix_users_low_balance", "id", postgresql_where=text("low_balance_threshold IS NOT NULL")),
        Index("ix_users_email", text("lower(email)")),
    )


class UserObject(Base):
    """An account as callers see it, in JSON, for pages that hold thousands of people.

    A trigger on `users` keeps it in the transaction that changes the account (`0032_user_objects`); nobody else writes.
    A deleted account has no row. A test holds it to `control.users.schemas.User`.
    """

    __tablename__ = "user_objects"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    username: Mapped[str]
    """What pages are sorted by."""
    object: Mapped[str]


class Group(Base):
    """People who share grants. The Everyone group has the nil id and no membership rows."""

    __tablename__ = "groups"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default="native")
    external_id: Mapped[str | None]
    """What the identity provider calls it."""
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        Index("ix_groups_name", text("lower(name)")),
        Index("ix_groups_external_id", "external_id"),
    )


class GroupMember(Base):
    """User in group."""

    __tablename__ = "group_members"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (Index("ix_group_members_user_id", "user_id"),)
