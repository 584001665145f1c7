"""Rate, token and concurrency limits of keys, users, groups and models."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_SCOPES = ("key", "user", "group", "model")
_STATEMENTS = (
    """
    CREATE TABLE rate_limits (
        id uuid NOT NULL,
        name text NOT NULL,
        key_id uuid,
        user_id uuid,
        group_id uuid,
        model_id uuid,
        kind text NOT NULL,
        amount bigint NOT NULL,
        per text,
        burst bigint,
        queue_seconds double precision DEFAULT 0 NOT NULL,
        queue_length integer DEFAULT 0 NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_rate_limits PRIMARY KEY (id),
        CONSTRAINT ck_rate_limits_scope CHECK (num_nonnulls(key_id, user_id, group_id, model_id) = 1),
        CONSTRAINT ck_rate_limits_kind CHECK (kind IN ('requests', 'tokens', 'concurrency')),
        CONSTRAINT ck_rate_limits_amount CHECK (amount > 0),
        CONSTRAINT ck_rate_limits_per CHECK (
            CASE kind WHEN 'concurrency' THEN per IS NULL AND burst IS NULL ELSE per IN ('second', 'minute', 'day') END
        ),
        CONSTRAINT ck_rate_limits_burst CHECK (burst > 0),
        CONSTRAINT ck_rate_limits_queue CHECK (
            queue_seconds BETWEEN 0 AND 30 AND queue_length >= 0
            AND (kind = 'concurrency' OR queue_seconds = 0 AND queue_length = 0)
        ),
        CONSTRAINT fk_rate_limits_key_id FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
        CONSTRAINT fk_rate_limits_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT fk_rate_limits_group_id FOREIGN KEY (group_id) REFERENCES groups (id) ON DELETE CASCADE,
        CONSTRAINT fk_rate_limits_model_id FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_rate_limits_created_at ON rate_limits (created_at DESC, id)",
    *(f"CREATE INDEX ix_rate_limits_{scope}_id ON rate_limits ({scope}_id)" for scope in _SCOPES),
    # Those of `/rate-limits`, and what keys and models say themselves. A model has two: the second one's id is made of
    # its own, as `control/snapshots/limit_rows` makes it.
    """
    CREATE VIEW traffic_limits AS
        SELECT id, name, CASE
                WHEN key_id IS NOT NULL THEN 'key' WHEN user_id IS NOT NULL THEN 'user'
                WHEN group_id IS NOT NULL THEN 'group' ELSE 'model'
            END AS scope,
            coalesce(key_id, user_id, group_id, model_id) AS scope_id, kind, amount::double precision AS allowance,
            CASE per WHEN 'minute' THEN 60 WHEN 'day' THEN 86400 ELSE 1 END::double precision AS seconds,
            coalesce(burst, amount)::double precision AS burst, queue_seconds, queue_length
        FROM rate_limits
        UNION ALL
        SELECT id, name, 'key', id, 'requests', requests_per_second, 1,
            greatest(coalesce(burst_size, ceil(requests_per_second)), 1), 0, 0
        FROM api_keys
        WHERE requests_per_second IS NOT NULL AND deleted_at IS NULL
        UNION ALL
        SELECT id, alias, 'model', id, 'requests', requests_per_second, 1,
            greatest(coalesce(burst_size, ceil(requests_per_second)), 1), 0, 0
        FROM models
        WHERE requests_per_second IS NOT NULL AND deleted_at IS NULL
        UNION ALL
        SELECT md5(id::text || '/capacity')::uuid, alias, 'model', id, 'concurrency', capacity, 1, 1, 0, 0
        FROM models
        WHERE capacity IS NOT NULL AND deleted_at IS NULL
    """,
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON rate_limits
        FOR EACH ROW EXECUTE FUNCTION notify_change('id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON rate_limits
        FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION notify_change('id')
    """,
    "SELECT audit_table('rate_limits')",
    # Keys, users and models are deleted softly: their limits go with them.
    """
    CREATE FUNCTION delete_rate_limits() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM rate_limits WHERE key_id = NEW.id OR user_id = NEW.id OR model_id = NEW.id;
        RETURN NULL;
    END
    $$
    """,
    *(
        f"CREATE TRIGGER delete_rate_limits AFTER UPDATE OF deleted_at ON {table} FOR EACH ROW "
        "WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION delete_rate_limits()"
        for table in ("api_keys", "users", "models")
    ),
)


def upgrade() -> None:
    """Makes the table, and the view that gateways are told."""
    for statement in _STATEMENTS:
        op.execute(statement)
