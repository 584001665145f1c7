"""Webhooks and what is delivered to them; alerts, and what each key used in each hour."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE budgets ADD COLUMN alert_thresholds numeric[] DEFAULT '{}' NOT NULL",
    "CREATE INDEX ix_budgets_alert_thresholds ON budgets (id) WHERE alert_thresholds <> '{}'",
    """
    CREATE TABLE webhooks (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        url text NOT NULL,
        scope text NOT NULL,
        event_types text[],
        description text,
        enabled boolean DEFAULT true NOT NULL,
        sealed_secret bytea NOT NULL,
        failures integer DEFAULT 0 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        disabled_at timestamptz,
        CONSTRAINT pk_webhooks PRIMARY KEY (id),
        CONSTRAINT ck_webhooks_scope CHECK (scope IN ('own', 'platform')),
        CONSTRAINT fk_webhooks_user_id FOREIGN KEY (user_id) REFERENCES users (id)
    )
    """,
    "CREATE INDEX ix_webhooks_user_id ON webhooks (user_id, created_at DESC)",
    "CREATE INDEX ix_webhooks_platform ON webhooks (id) WHERE scope = 'platform'",
    "SELECT audit_table('webhooks', ignored => '{failures}', personal => '{url,description}')",
    """
    CREATE TABLE webhook_deliveries (
        id uuid NOT NULL,
        webhook_id uuid NOT NULL,
        event_type text NOT NULL,
        body text NOT NULL,
        state text DEFAULT 'pending' NOT NULL,
        attempts jsonb DEFAULT '[]' NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        next_attempt_at timestamptz DEFAULT now() NOT NULL,
        ended_at timestamptz,
        CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id),
        CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('pending', 'delivered', 'failed')),
        CONSTRAINT fk_webhook_deliveries_webhook_id FOREIGN KEY (webhook_id) REFERENCES webhooks (id)
            ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_webhook_deliveries_webhook_id ON webhook_deliveries (webhook_id, created_at DESC, id DESC)",
    """
    CREATE INDEX ix_webhook_deliveries_pending ON webhook_deliveries (webhook_id, next_attempt_at)
        WHERE state = 'pending'
    """,
    "CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (created_at)",
    "CREATE INDEX ix_users_low_balance ON users (id) WHERE low_balance_threshold IS NOT NULL",
    """
    CREATE TABLE alerts (
        id uuid NOT NULL,
        kind text NOT NULL,
        subject text NOT NULL,
        subject_name text NOT NULL,
        user_id uuid,
        summary text NOT NULL,
        measured jsonb NOT NULL,
        raised_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        resolved_at timestamptz,
        raise_told_at timestamptz,
        resolution_told_at timestamptz,
        acknowledged_at timestamptz,
        acknowledged_by uuid,
        CONSTRAINT pk_alerts PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_alerts_raised_at ON alerts (raised_at DESC, id DESC)",
    "CREATE UNIQUE INDEX uq_alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL",
    """
    CREATE INDEX ix_alerts_untold ON alerts (id)
        WHERE raise_told_at IS NULL OR (resolved_at IS NOT NULL AND resolution_told_at IS NULL)
    """,
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
