"""Automatic top-ups; webhooks and what is delivered to them."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE INDEX ix_users_auto_topup ON users (id) WHERE auto_topup_threshold IS NOT NULL",
    """
    CREATE TABLE auto_topups (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        amount numeric NOT NULL,
        state text DEFAULT 'pending' NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        charge_id text,
        error text,
        created_at timestamptz DEFAULT now() NOT NULL,
        ended_at timestamptz,
        CONSTRAINT pk_auto_topups PRIMARY KEY (id),
        CONSTRAINT ck_auto_topups_state CHECK (state IN ('pending', 'succeeded', 'failed')),
        CONSTRAINT ck_auto_topups_amount CHECK (amount > 0),
        CONSTRAINT fk_auto_topups_user_id FOREIGN KEY (user_id) REFERENCES users (id)
    )
    """,
    "CREATE INDEX ix_auto_topups_user_id ON auto_topups (user_id, created_at DESC)",
    "CREATE UNIQUE INDEX uq_auto_topups_pending ON auto_topups (user_id) WHERE state = 'pending'",
    "SELECT audit_table('auto_topups', ignored => '{attempts}')",
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
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
