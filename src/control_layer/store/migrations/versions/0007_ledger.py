"""The ledger, which nobody can rewrite; what requests cost; the ways into the request log."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE transactions (
        id uuid NOT NULL,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        user_id uuid NOT NULL,
        transaction_type text NOT NULL,
        amount numeric NOT NULL,
        source_id text NOT NULL,
        description text,
        api_key_id uuid,
        batch_id uuid,
        service_tier text,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_transactions PRIMARY KEY (id),
        CONSTRAINT uq_transactions_sequence UNIQUE (sequence),
        CONSTRAINT uq_transactions_source_id UNIQUE (source_id),
        CONSTRAINT ck_transactions_type
            CHECK (transaction_type IN ('purchase', 'admin_grant', 'admin_removal', 'usage')),
        CONSTRAINT ck_transactions_amount CHECK (amount > 0),
        CONSTRAINT fk_transactions_user_id FOREIGN KEY (user_id) REFERENCES users (id)
    )
    """,
    # With what a balance is made of, so that its sum reads the index alone.
    """
    CREATE INDEX ix_transactions_user_id ON transactions (user_id, sequence DESC)
        INCLUDE (transaction_type, amount, created_at)
    """,
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transactions
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    ALTER TABLE requests
        ADD COLUMN batch_id uuid,
        ADD COLUMN custom_id text,
        ADD COLUMN input_price_per_token numeric(24, 12),
        ADD COLUMN output_price_per_token numeric(24, 12),
        ADD COLUMN cost numeric
    """,
    "CREATE INDEX ix_requests_model ON requests (model, at DESC)",
    "CREATE INDEX ix_requests_model_id ON requests (model_id, at DESC)",
    "CREATE INDEX ix_requests_user_id ON requests (user_id, at DESC)",
    "CREATE INDEX ix_requests_status ON requests (status, at DESC)",
    "CREATE INDEX ix_requests_batch_id ON requests (batch_id, at DESC) WHERE batch_id IS NOT NULL",
    "CREATE INDEX ix_requests_custom_id ON requests (at DESC) WHERE custom_id IS NOT NULL",
    "CREATE INDEX ix_tariffs_model_id ON tariffs (model_id, valid_from)",
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
