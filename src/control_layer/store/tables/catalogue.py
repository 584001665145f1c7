"""Endpoints, models, what they cost and who may call them."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from control_layer.store.tables.base import Base, now

__all__ = ["CachePricing", "Endpoint", "GroupModel", "Model", "ModelComponent", "Tariff"]


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
    dialect: Mapped[str] = mapped_column(server_default="openai")
    """Of `contract.dialects`."""
    options: Mapped[dict[str, Any] | None]
    """`contract.dialects.DialectOptions`, without what has its default."""
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())
    synced_at: Mapped[datetime | None]
    """When its models were last brought in step with what its provider lists."""


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
    traffic_policy: Mapped[dict[str, Any] | None]
    """What `control/models/traffic_policy` says, but for the timeouts."""
    created_by: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())
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
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
        Index("ix_model_components_component_id", "component_id"),
    )


class GroupModel(Base):
    """Grant of a model to a group."""

    __tablename__ = "group_models"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (Index("ix_group_models_model_id", "model_id"),)


class Tariff(Base):
    """A price list of a model. Closed ones stay, for the requests made under them.

    What has no price of its own costs what the whole costs that it is a part of; `recorder.pricing` says how.
    """

    __tablename__ = "tariffs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    name: Mapped[str]
    input_price_per_token: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    output_price_per_token: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    cached_input_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    cache_write_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    cache_write_1h_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    audio_input_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    image_input_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    reasoning_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    audio_output_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    image_output_price_per_token: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    price_per_request: Mapped[Decimal | None] = mapped_column(Numeric(24, 12))
    api_key_purpose: Mapped[str | None]
    completion_window: Mapped[str | None]
    valid_from: Mapped[datetime] = mapped_column(server_default=now())
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
        Index("ix_tariffs_model_id", "model_id", "valid_from"),
    )


class CachePricing(Base):
    """What cached tokens of a model cost, as multiples of its input price. Closed ones stay, as tariffs do."""

    __tablename__ = "cache_pricings"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    write_multiplier_5m: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    write_multiplier_1h: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    write_multiplier_24h: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    read_multiplier: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    min_prefix_tokens: Mapped[int]
    valid_from: Mapped[datetime] = mapped_column(server_default=now())
    valid_until: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_cache_pricings_active", "model_id", unique=True, postgresql_where=text("valid_until IS NULL")),
        Index("ix_cache_pricings_model_id", "model_id"),
    )
