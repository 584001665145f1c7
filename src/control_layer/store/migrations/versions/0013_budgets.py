"""Budgets, their leases and what was spent of them; from when on a key's spending cap counts."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE budgets (
        id uuid NOT NULL,
        name text NOT NULL,
        key_id uuid,
        user_id uuid,
        group_id uuid,
        model_id uuid,
        amount numeric NOT NULL,
        period text NOT NULL,
        rolling boolean DEFAULT false NOT NULL,
        since timestamptz DEFAULT now() NOT NULL,
        enforcement text NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_budgets PRIMARY KEY (id),
        CONSTRAINT ck_budgets_scope CHECK (num_nonnulls(key_id, user_id, group_id, model_id) = 1),
        CONSTRAINT ck_budgets_amount CHECK (amount > 0),
        CONSTRAINT ck_budgets_period CHECK (period IN ('day', 'week', 'month', 'total')),
        CONSTRAINT ck_budgets_rolling CHECK (NOT (rolling AND period = 'total')),
        CONSTRAINT ck_budgets_enforcement CHECK (enforcement IN ('hard', 'spent', 'alert')),
        CONSTRAINT fk_budgets_key_id FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
        CONSTRAINT fk_budgets_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT fk_budgets_group_id FOREIGN KEY (group_id) REFERENCES groups (id) ON DELETE CASCADE,
        CONSTRAINT fk_budgets_model_id FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_budgets_created_at ON budgets (created_at DESC, id)",
    "CREATE INDEX ix_budgets_key_id ON budgets (key_id)",
    "CREATE INDEX ix_budgets_user_id ON budgets (user_id)",
    "CREATE INDEX ix_budgets_group_id ON budgets (group_id)",
    "CREATE INDEX ix_budgets_model_id ON budgets (model_id)",
    """
    CREATE TABLE budget_leases (
        budget_id uuid NOT NULL,
        window_start timestamptz NOT NULL,
        worker_id uuid NOT NULL,
        granted numeric NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_budget_leases PRIMARY KEY (budget_id, window_start, worker_id)
    )
    """,
    "CREATE INDEX ix_budget_leases_worker_id ON budget_leases (worker_id)",
    """
    CREATE TABLE budget_spending (
        budget_id uuid NOT NULL,
        window_start timestamptz NOT NULL,
        worker_id uuid NOT NULL,
        spent numeric NOT NULL,
        requests bigint NOT NULL,
        CONSTRAINT pk_budget_spending PRIMARY KEY (budget_id, window_start, worker_id)
    )
    """,
    "ALTER TABLE api_keys ADD COLUMN spend_counted_since timestamptz",
    "ALTER TABLE requests ADD COLUMN tariff_id uuid, ADD COLUMN budgets jsonb",
    # A spending cap is a budget of its key's, under the key's own id.
    """
    CREATE VIEW spending_limits AS
        SELECT id, name, CASE
                WHEN key_id IS NOT NULL THEN 'key' WHEN user_id IS NOT NULL THEN 'user'
                WHEN group_id IS NOT NULL THEN 'group' ELSE 'model'
            END AS scope,
            coalesce(key_id, user_id, group_id, model_id) AS scope_id, amount, period, rolling, since, enforcement
        FROM budgets
        UNION ALL
        SELECT id, name, 'key', id, spend_limit, CASE spend_limit_interval
                WHEN 'daily' THEN 'day' WHEN 'weekly' THEN 'week' WHEN 'monthly' THEN 'month' ELSE 'total'
            END,
            false, coalesce(spend_counted_since, created_at), 'spent'
        FROM api_keys
        WHERE spend_limit IS NOT NULL AND deleted_at IS NULL
    """,
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON budgets
        FOR EACH ROW EXECUTE FUNCTION notify_change('id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON budgets
        FOR EACH ROW EXECUTE FUNCTION notify_change('id')
    """,
    # What tokens of a cache cost is a part of the tariffs that gateways know.
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON cache_pricings
        FOR EACH ROW EXECUTE FUNCTION notify_change('model_id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON cache_pricings
        FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION notify_change('model_id')
    """,
    "SELECT audit_table('budgets')",
    # Keys and users leave a row behind, which no foreign key sees.
    """
    CREATE FUNCTION delete_budgets() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM budgets WHERE key_id = NEW.id OR user_id = NEW.id;
        RETURN NULL;
    END
    $$
    """,
    *(
        f"CREATE TRIGGER delete_budgets AFTER UPDATE OF deleted_at ON {table} FOR EACH ROW "
        "WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION delete_budgets()"
        for table in ("api_keys", "users")
    ),
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
