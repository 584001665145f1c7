"""Secrets that are lent for a while, in place of those of playground keys; when endpoints were synchronised."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE lent_secrets (
        id uuid NOT NULL,
        key_id uuid NOT NULL,
        borrower uuid NOT NULL,
        session_id uuid,
        secret_digest bytea NOT NULL,
        sealed_secret bytea NOT NULL,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        expires_at timestamp with time zone NOT NULL,
        CONSTRAINT pk_lent_secrets PRIMARY KEY (id),
        CONSTRAINT fk_lent_secrets_key_id FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
        CONSTRAINT fk_lent_secrets_session_id FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
        CONSTRAINT uq_lent_secrets_borrower UNIQUE (borrower),
        CONSTRAINT uq_lent_secrets_secret_digest UNIQUE (secret_digest)
    )
    """,
    "CREATE INDEX ix_lent_secrets_key_id ON lent_secrets (key_id)",
    "CREATE INDEX ix_lent_secrets_session_id ON lent_secrets (session_id)",
    "CREATE INDEX ix_lent_secrets_expires_at ON lent_secrets (expires_at)",
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON lent_secrets
        FOR EACH ROW EXECUTE FUNCTION notify_change('id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON lent_secrets
        FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION notify_change('id')
    """,
    # Nobody's act, and nothing that gateways have to hear of row by row: the next comparison takes these keys away.
    "ALTER TABLE api_keys DISABLE TRIGGER USER",
    "UPDATE api_keys SET hidden_secret = NULL WHERE hidden AND purpose = 'playground'",
    "ALTER TABLE api_keys ENABLE TRIGGER USER",
    "ALTER TABLE endpoints ADD COLUMN synced_at timestamp with time zone",
    "DROP TRIGGER audit_row ON endpoints",
    "DROP TRIGGER audit_update ON endpoints",
    "SELECT audit_table('endpoints', ignored => '{synced_at}')",
)


def upgrade() -> None:
    """Makes the table, and forgets the secrets that it replaces; adds the column, which is no change to be audited."""
    for statement in _STATEMENTS:
        op.execute(statement)
