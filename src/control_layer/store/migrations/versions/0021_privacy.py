"""What is kept of conversations: keys whose requests leave no bodies, and rules that redact all others."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE api_keys ADD COLUMN zero_data_retention boolean DEFAULT false NOT NULL",
    """
    CREATE TABLE redaction_rules (
        id uuid CONSTRAINT pk_redaction_rules PRIMARY KEY,
        name text NOT NULL CONSTRAINT uq_redaction_rules_name UNIQUE,
        pattern text,
        replacement text NOT NULL,
        enabled boolean DEFAULT true NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL
    )
    """,
    """
    INSERT INTO redaction_rules (id, name, replacement, enabled) VALUES
        (gen_random_uuid(), 'secrets', '[secret]', true),
        (gen_random_uuid(), 'emails', '[email]', false),
        (gen_random_uuid(), 'credit_cards', '[card number]', false)
    """,
    "SELECT audit_table('redaction_rules')",
    "ALTER TABLE request_bodies ADD COLUMN redacted jsonb",
)


def upgrade() -> None:
    """Makes columns and rules."""
    for statement in _STATEMENTS:
        op.execute(statement)
