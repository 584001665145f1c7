"""The tables. Names and meanings follow the management API; only `store` and the resources' queries read them.

Relationships are left out on purpose: every query says what it joins, so no page runs a query by accident.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

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
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        float: Double,
        Decimal: Numeric(20, 9),
    }


def _now() -> Any:
    return text("now()")


class User(Base):
    """A person (or, later, an organization). Deleted users are kept, scrubbed, for the ledger's sake."""

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str]
    display_name: Mapped[str | None]
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
    created_at: Mapped[datetime] = mapped_column(server_default=_now())
    updated_at: Mapped[datetime] = mapped_column(server_default=_now())
    deleted_at: Mapped[datetime | None]

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
        Index("ix_users_created_at", text("created_at DESC"), "id"),
    )


class Group(Base):
    """People who share grants. The Everyone group has the nil id and no membership rows."""

    __tablename__ = "groups"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    source: Mapped[str] = mapped_column(server_default="native")
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=_now())
    updated_at: Mapped[datetime] = mapped_column(server_default=_now())


class GroupMember(Base):
    """User in group."""

    __tablename__ = "group_members"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_now())

    __table_args__ = (Index("ix_group_members_user_id", "user_id"),)


class GroupModel(Base):
    """Grant of a model to a group."""

    __tablename__ = "group_models"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_now())

    __table_args__ = (Index("ix_group_models_model_id", "model_id"),)


class ApiKey(Base):
    """A key: only the SHA-256 digest of its secret is kept, beside a prefix fit to be shown."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    purpose: Mapped[str] = mapped_column(server_default="realtime")
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    secret_digest: Mapped[bytes] = mapped_column(unique=True)
    secret_prefix: Mapped[str]
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    hidden_secret: Mapped[bytes | None]
    """Sealed; only hidden keys, whose secret the server itself must use."""
    pending_secret: Mapped[bytes | None]
    """Sealed, while a key made for somebody else waits for its holder's first look."""
    secret_revealed_at: Mapped[datetime | None]
    requests_per_second: Mapped[float | None]
    burst_size: Mapped[int | None]
    spend_limit: Mapped[Decimal | None]
    spend_limit_interval: Mapped[str | None]
    model_aliases: Mapped[list[str] | None]
    expires_at: Mapped[datetime | None]
    last_used: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_now())
    updated_at: Mapped[datetime] = mapped_column(server_default=_now())
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("purpose IN ('realtime', 'batch', 'playground', 'platform')", name="purpose"),
        Index(
            "uq_api_keys_name",
            "user_id",
            "created_by",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND NOT hidden"),
        ),
        Index("ix_api_keys_user_id", "user_id", text("created_at DESC")),
    )


class Endpoint(Base):
    """A model source. `sealed_credential` is sealed for the purpose `provider-credential`, context the row's id."""

    __tablename__ = "endpoints"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    url: Mapped[str]
    sealed_credential: Mapped[bytes | None]
    model_filter: Mapped[list[str] | None]
    auth_header_name: Mapped[str] = mapped_column(server_default="Authorization")
    auth_header_prefix: Mapped[str] = mapped_column(server_default="Bearer ")
    reasoning_translation: Mapped[dict[str, Any] | None]
    verify_tls: Mapped[bool] = mapped_column(server_default=text("true"))
    ca_bundle: Mapped[str | None]
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=_now())
    updated_at: Mapped[datetime] = mapped_column(server_default=_now())


class Model(Base):
    """What an alias stands for: one provider model (standard) or several of our models (composite)."""

    __tablename__ = "models"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    model_name: Mapped[str]
    alias: Mapped[str] = mapped_column(unique=True)
    """Reserved for ever: soft-deleted models keep theirs."""
    display_name: Mapped[str | None]
    description: Mapped[str | None]
    model_type: Mapped[str | None]
    capabilities: Mapped[list[str] | None]
    hosted_on: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("endpoints.id", ondelete="CASCADE"))
    is_composite: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(server_default="active")
    requests_per_second: Mapped[float | None]
    burst_size: Mapped[int | None]
    capacity: Mapped[int | None]
    batch_capacity: Mapped[int | None]
    throughput: Mapped[float | None]
    provider_pricing: Mapped[dict[str, Any] | None]
    sanitize_responses: Mapped[bool] = mapped_column(server_default=text("false"))
    trusted: Mapped[bool] = mapped_column(server_default=text("false"))
    open_responses_adapter: Mapped[bool] = mapped_column(server_default=text("true"))
    lb_strategy: Mapped[str | None]
    fallback_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    fallback_on_rate_limit: Mapped[bool] = mapped_column(server_default=text("true"))
    fallback_on_status: Mapped[list[int]] = mapped_column(server_default=text("'{429,499,500,502,503,504}'"))
    fallback_with_replacement: Mapped[bool] = mapped_column(server_default=text("false"))
    fallback_max_attempts: Mapped[int | None]
    backoff_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    backoff_initial_ms: Mapped[int] = mapped_column(server_default=text("100"))
    backoff_max_ms: Mapped[int] = mapped_column(server_default=text("5000"))
    backoff_factor: Mapped[float] = mapped_column(server_default=text("2.0"))
    backoff_jitter: Mapped[str] = mapped_column(server_default="full")
    backoff_max_total_ms: Mapped[int | None]
    traffic_routing_rules: Mapped[list[dict[str, Any]] | None]
    allowed_batch_completion_windows: Mapped[list[str] | None]
    reasoning_translation_overrides: Mapped[dict[str, Any] | None]
    model_metadata: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    timeouts: Mapped[dict[str, Any] | None]
    """`{connect, first_byte, idle, total}` in seconds, each optional."""
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=_now())
    updated_at: Mapped[datetime] = mapped_column(server_default=_now())
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status IN ('active', 'inactive')", name="status"),
        CheckConstraint("is_composite = (hosted_on IS NULL)", name="hosted"),
        Index("ix_models_hosted_on", "hosted_on", "model_name"),
        Index("ix_models_created_at", text("created_at DESC"), "id"),
    )


class ModelComponent(Base):
    """A standard model as a part of a composite one."""

    __tablename__ = "model_components"

    composite_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    component_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    weight: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    sort_order: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=_now())

    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
        Index("ix_model_components_component_id", "component_id"),
    )


class Tariff(Base):
    """A price list of a model. Closed ones stay, for the requests made under them."""

    __tablename__ = "tariffs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    name: Mapped[str]
    input_price_per_token: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    output_price_per_token: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    api_key_purpose: Mapped[str | None]
    completion_window: Mapped[str | None]
    valid_from: Mapped[datetime] = mapped_column(server_default=_now())
    valid_until: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_tariffs_active",
            "model_id",
            "api_key_purpose",
            text("coalesce(completion_window, '')"),
            unique=True,
            postgresql_where=text("valid_until IS NULL AND api_key_purpose IS NOT NULL"),
        ),
    )


class Request(Base):
    """One admitted AI request; exactly one row each. `id` is the usage event's id."""

    __tablename__ = "requests"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    """The integer id that the request log shows."""
    at: Mapped[datetime]
    worker_id: Mapped[uuid.UUID]
    key_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    model: Mapped[str]
    model_id: Mapped[uuid.UUID]
    method: Mapped[str]
    path: Mapped[str]
    stream: Mapped[bool]
    outcome: Mapped[str]
    """`open`, `completed`, `failed`, `cancelled`, or `lost` (its gateway died before its end)."""
    status: Mapped[int | None]
    error: Mapped[str | None]
    deployment_id: Mapped[uuid.UUID | None]
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    first_byte_seconds: Mapped[float | None]
    duration_seconds: Mapped[float | None]
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cached_input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int | None] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int | None] = mapped_column(BigInteger)
    token_source: Mapped[str] = mapped_column(server_default="none")
    finish_reason: Mapped[str | None]
    request_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    response_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    upstream_request_id: Mapped[str | None]
    client_request_id: Mapped[str | None]
    user_agent: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("outcome IN ('open', 'completed', 'failed', 'cancelled', 'lost')", name="outcome"),
        Index("ix_requests_at", text("at DESC")),
        Index("ix_requests_open", "worker_id", postgresql_where=text("outcome = 'open'")),
    )


class RequestBody(Base):
    """What was said, where request logging is on; apart from the narrow accounting rows."""

    __tablename__ = "request_bodies"

    request_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=_now())
    request: Mapped[bytes]
    request_truncated: Mapped[bool]
    response: Mapped[bytes]
    response_truncated: Mapped[bool]


class JournalPosition(Base):
    """How far a journal segment has been recorded; moved in the transaction that records."""

    __tablename__ = "journal_positions"

    worker_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    segment: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=_now())


class Seeded(Base):
    """What first starts have set up, so that no later start does it again (`model_sources`, the demonstration)."""

    __tablename__ = "seeded"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=_now())
