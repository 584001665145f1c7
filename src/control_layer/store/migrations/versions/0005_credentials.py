"""Credentials: the secret before a rotation, with its end; what cached tokens cost; indexes for what is listed."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE api_keys ADD COLUMN previous_digest bytea, ADD COLUMN previous_expires_at timestamptz",
    "ALTER TABLE api_keys ADD CONSTRAINT uq_api_keys_previous_digest UNIQUE (previous_digest)",
    """
    CREATE TABLE cache_pricings (
        id uuid NOT NULL,
        model_id uuid NOT NULL,
        write_multiplier_5m numeric(6, 4) NOT NULL,
        write_multiplier_1h numeric(6, 4) NOT NULL,
        write_multiplier_24h numeric(6, 4) NOT NULL,
        read_multiplier numeric(6, 4) NOT NULL,
        min_prefix_tokens integer NOT NULL,
        valid_from timestamptz DEFAULT now() NOT NULL,
        valid_until timestamptz,
        CONSTRAINT pk_cache_pricings PRIMARY KEY (id),
        CONSTRAINT fk_cache_pricings_model_id FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_cache_pricings_model_id ON cache_pricings (model_id)",
    "CREATE UNIQUE INDEX uq_cache_pricings_active ON cache_pricings (model_id) WHERE valid_until IS NULL",
)


def upgrade() -> None:
    """Makes them."""
    for statement in _STATEMENTS:
        op.execute(statement)
