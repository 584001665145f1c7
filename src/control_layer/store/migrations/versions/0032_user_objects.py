"""Every account's object as JSON, kept beside its row: pages with tens of thousands of people are read, not built."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Rewritten at every login: room on its page lets each version stay beside the last.
    """
    CREATE TABLE user_objects (
        user_id uuid NOT NULL,
        username text NOT NULL,
        object text NOT NULL,
        CONSTRAINT pk_user_objects PRIMARY KEY (user_id),
        CONSTRAINT fk_user_objects_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    ) WITH (fillfactor = 90)
    """,
    # Moments are RFC 3339 with `Z`, which Postgres by itself does not write. A step that gives the object another
    # field replaces this function and makes every object anew.
    """
    CREATE FUNCTION user_object(account users) RETURNS text LANGUAGE plpgsql STABLE
    SET extra_float_digits = 1 AS $$
    DECLARE
        moment CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';
    BEGIN
        RETURN (SELECT row_to_json(object) FROM (SELECT
            account.id,
            account.username,
            account.email,
            account.display_name,
            account.avatar_url,
            account.is_admin,
            account.disabled_at IS NULL AS is_active,
            account.roles,
            to_char(account.created_at AT TIME ZONE 'UTC', moment) AS created_at,
            to_char(account.updated_at AT TIME ZONE 'UTC', moment) AS updated_at,
            to_char(account.last_login AT TIME ZONE 'UTC', moment) AS last_login,
            account.auth_source,
            account.external_user_id,
            account.payment_provider_id IS NOT NULL AS has_payment_provider_id,
            account.payment_provider_id IS NOT NULL AS has_auto_topup_payment_method,
            account.batch_notifications_enabled,
            account.low_balance_threshold,
            account.auto_topup_amount,
            account.auto_topup_threshold,
            account.auto_topup_monthly_limit,
            account.user_type,
            account.verified,
            account.zero_data_retention,
            account.invoicing_enabled
        ) AS object);
    END
    $$
    """,
    # Whoever writes here holds the lock on the account's row already: nobody waits for each other.
    """
    CREATE FUNCTION keep_user_object() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.deleted_at IS NOT NULL THEN
            DELETE FROM user_objects WHERE user_id = NEW.id;
        ELSE
            INSERT INTO user_objects (user_id, username, object) VALUES (NEW.id, NEW.username, user_object(NEW))
            ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, object = excluded.object;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # Takes the lock under which nobody changes an account until all of this is committed.
    """
    CREATE TRIGGER keep_user_object AFTER INSERT OR UPDATE ON users
        FOR EACH ROW EXECUTE FUNCTION keep_user_object()
    """,
    """
    INSERT INTO user_objects (user_id, username, object)
    SELECT id, username, user_object(users) FROM users WHERE deleted_at IS NULL
    """,
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
