"""Prices of a tariff by kind of token and per request; the kinds of tokens that requests used."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE tariffs
        ADD COLUMN cached_input_price_per_token numeric(24, 12),
        ADD COLUMN cache_write_price_per_token numeric(24, 12),
        ADD COLUMN cache_write_1h_price_per_token numeric(24, 12),
        ADD COLUMN audio_input_price_per_token numeric(24, 12),
        ADD COLUMN image_input_price_per_token numeric(24, 12),
        ADD COLUMN reasoning_price_per_token numeric(24, 12),
        ADD COLUMN audio_output_price_per_token numeric(24, 12),
        ADD COLUMN image_output_price_per_token numeric(24, 12),
        ADD COLUMN price_per_request numeric(24, 12)
    """,
    """
    ALTER TABLE requests
        ADD COLUMN cache_write_1h_tokens bigint,
        ADD COLUMN audio_input_tokens bigint,
        ADD COLUMN image_input_tokens bigint,
        ADD COLUMN audio_output_tokens bigint,
        ADD COLUMN image_output_tokens bigint
    """,
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
