"""What accounts hold, kept by the ledger itself; who listens is told whose credit is spent, and what has a price."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # A busy account's row is written again and again: room on its page lets each version stay beside the last.
    """
    CREATE TABLE account_balances (
        user_id uuid NOT NULL,
        balance numeric NOT NULL,
        CONSTRAINT pk_account_balances PRIMARY KEY (user_id),
        CONSTRAINT fk_account_balances_user_id FOREIGN KEY (user_id) REFERENCES users (id)
    ) WITH (fillfactor = 50)
    """,
    # Accounts are locked in the order of their ids, after everything else that the statement locks: whoever else adds
    # to the ledger waits, and never for each other.
    """
    CREATE FUNCTION keep_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO account_balances AS account (user_id, balance)
        SELECT user_id, sum(CASE WHEN transaction_type IN ('purchase', 'admin_grant') THEN amount ELSE -amount END)
        FROM moved GROUP BY user_id ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET balance = account.balance + excluded.balance;
        RETURN NULL;
    END
    $$
    """,
    # Takes the lock under which nobody adds to the ledger until all of this is committed: what is summed next is all.
    """
    CREATE TRIGGER keep_balances AFTER INSERT ON transactions REFERENCING NEW TABLE AS moved
        FOR EACH STATEMENT EXECUTE FUNCTION keep_balances()
    """,
    """
    INSERT INTO account_balances (user_id, balance)
    SELECT user_id, sum(CASE WHEN transaction_type IN ('purchase', 'admin_grant') THEN amount ELSE -amount END)
    FROM transactions GROUP BY user_id
    """,
    # Charges are told to nobody until the credit is spent, or there is some again. An account without a row has none.
    """
    CREATE TRIGGER notify_row AFTER INSERT ON account_balances
        FOR EACH ROW WHEN (NEW.balance > 0) EXECUTE FUNCTION notify_change('user_id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON account_balances
        FOR EACH ROW WHEN ((OLD.balance > 0) <> (NEW.balance > 0)) EXECUTE FUNCTION notify_change('user_id')
    """,
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON tariffs
        FOR EACH ROW EXECUTE FUNCTION notify_change('model_id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON tariffs
        FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION notify_change('model_id')
    """,
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
