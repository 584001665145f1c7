"""The foundation: people, groups, keys, endpoints, models, requests; what notifies; the rows that always exist."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE users (
        id uuid NOT NULL,
        username text NOT NULL,
        email text NOT NULL,
        display_name text,
        avatar_url text,
        user_type text DEFAULT 'individual' NOT NULL,
        is_admin boolean DEFAULT false NOT NULL,
        roles text[] DEFAULT '{StandardUser}' NOT NULL,
        auth_source text NOT NULL,
        external_user_id text,
        password_hash text,
        last_login timestamptz,
        payment_provider_id text,
        batch_notifications_enabled boolean DEFAULT false NOT NULL,
        low_balance_threshold double precision,
        auto_topup_amount double precision,
        auto_topup_threshold double precision,
        auto_topup_monthly_limit double precision,
        verified boolean DEFAULT false NOT NULL,
        zero_data_retention boolean DEFAULT false NOT NULL,
        invoicing_enabled boolean DEFAULT false NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        deleted_at timestamptz,
        CONSTRAINT pk_users PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_users_created_at ON users (created_at DESC, id)",
    """
    CREATE UNIQUE INDEX uq_users_email ON users (email, auth_source, coalesce(external_user_id, ''))
        WHERE deleted_at IS NULL AND user_type = 'individual'
    """,
    "CREATE UNIQUE INDEX uq_users_username ON users (username) WHERE deleted_at IS NULL",
    """
    CREATE TABLE groups (
        id uuid NOT NULL,
        name text NOT NULL,
        description text,
        source text DEFAULT 'native' NOT NULL,
        created_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_groups PRIMARY KEY (id),
        CONSTRAINT uq_groups_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE group_members (
        group_id uuid NOT NULL,
        user_id uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_group_members PRIMARY KEY (group_id, user_id),
        CONSTRAINT fk_group_members_group_id FOREIGN KEY (group_id) REFERENCES groups (id) ON DELETE CASCADE,
        CONSTRAINT fk_group_members_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_group_members_user_id ON group_members (user_id)",
    """
    CREATE TABLE endpoints (
        id uuid NOT NULL,
        name text NOT NULL,
        description text,
        url text NOT NULL,
        sealed_credential bytea,
        model_filter text[],
        auth_header_name text DEFAULT 'Authorization' NOT NULL,
        auth_header_prefix text DEFAULT 'Bearer ' NOT NULL,
        reasoning_translation jsonb,
        verify_tls boolean DEFAULT true NOT NULL,
        ca_bundle text,
        created_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_endpoints PRIMARY KEY (id),
        CONSTRAINT uq_endpoints_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE models (
        id uuid NOT NULL,
        model_name text NOT NULL,
        alias text NOT NULL,
        display_name text,
        description text,
        model_type text,
        capabilities text[],
        hosted_on uuid,
        is_composite boolean DEFAULT false NOT NULL,
        status text DEFAULT 'active' NOT NULL,
        requests_per_second double precision,
        burst_size integer,
        capacity integer,
        batch_capacity integer,
        throughput double precision,
        provider_pricing jsonb,
        sanitize_responses boolean DEFAULT false NOT NULL,
        trusted boolean DEFAULT false NOT NULL,
        open_responses_adapter boolean DEFAULT true NOT NULL,
        lb_strategy text,
        fallback_enabled boolean DEFAULT false NOT NULL,
        fallback_on_rate_limit boolean DEFAULT true NOT NULL,
        fallback_on_status integer[] DEFAULT '{429,499,500,502,503,504}' NOT NULL,
        fallback_with_replacement boolean DEFAULT false NOT NULL,
        fallback_max_attempts integer,
        backoff_enabled boolean DEFAULT false NOT NULL,
        backoff_initial_ms integer DEFAULT 100 NOT NULL,
        backoff_max_ms integer DEFAULT 5000 NOT NULL,
        backoff_factor double precision DEFAULT 2.0 NOT NULL,
        backoff_jitter text DEFAULT 'full' NOT NULL,
        backoff_max_total_ms integer,
        traffic_routing_rules jsonb,
        allowed_batch_completion_windows text[],
        reasoning_translation_overrides jsonb,
        metadata jsonb,
        timeouts jsonb,
        created_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        deleted_at timestamptz,
        CONSTRAINT pk_models PRIMARY KEY (id),
        CONSTRAINT ck_models_status CHECK (status IN ('active', 'inactive')),
        CONSTRAINT ck_models_hosted CHECK (is_composite = (hosted_on IS NULL)),
        CONSTRAINT uq_models_alias UNIQUE (alias),
        CONSTRAINT fk_models_hosted_on FOREIGN KEY (hosted_on) REFERENCES endpoints (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_models_created_at ON models (created_at DESC, id)",
    "CREATE INDEX ix_models_hosted_on ON models (hosted_on, model_name)",
    """
    CREATE TABLE group_models (
        group_id uuid NOT NULL,
        model_id uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_group_models PRIMARY KEY (group_id, model_id),
        CONSTRAINT fk_group_models_group_id FOREIGN KEY (group_id) REFERENCES groups (id) ON DELETE CASCADE,
        CONSTRAINT fk_group_models_model_id FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_group_models_model_id ON group_models (model_id)",
    """
    CREATE TABLE model_components (
        composite_id uuid NOT NULL,
        component_id uuid NOT NULL,
        weight smallint DEFAULT 1 NOT NULL,
        enabled boolean DEFAULT true NOT NULL,
        sort_order integer NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_model_components PRIMARY KEY (composite_id, component_id),
        CONSTRAINT ck_model_components_weight CHECK (weight BETWEEN 1 AND 100),
        CONSTRAINT fk_model_components_composite_id FOREIGN KEY (composite_id) REFERENCES models (id) ON DELETE CASCADE,
        CONSTRAINT fk_model_components_component_id FOREIGN KEY (component_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_model_components_component_id ON model_components (component_id)",
    """
    CREATE TABLE tariffs (
        id uuid NOT NULL,
        model_id uuid NOT NULL,
        name text NOT NULL,
        input_price_per_token numeric(24, 12) NOT NULL,
        output_price_per_token numeric(24, 12) NOT NULL,
        api_key_purpose text,
        completion_window text,
        valid_from timestamptz DEFAULT now() NOT NULL,
        valid_until timestamptz,
        CONSTRAINT pk_tariffs PRIMARY KEY (id),
        CONSTRAINT fk_tariffs_model_id FOREIGN KEY (model_id) REFERENCES models (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE UNIQUE INDEX uq_tariffs_active ON tariffs (model_id, api_key_purpose, coalesce(completion_window, ''))
        WHERE valid_until IS NULL AND api_key_purpose IS NOT NULL
    """,
    """
    CREATE TABLE api_keys (
        id uuid NOT NULL,
        name text NOT NULL,
        description text,
        purpose text DEFAULT 'realtime' NOT NULL,
        user_id uuid NOT NULL,
        created_by uuid NOT NULL,
        secret_digest bytea NOT NULL,
        secret_prefix text NOT NULL,
        hidden boolean DEFAULT false NOT NULL,
        hidden_secret bytea,
        pending_secret bytea,
        secret_revealed_at timestamptz,
        requests_per_second double precision,
        burst_size integer,
        spend_limit numeric(20, 9),
        spend_limit_interval text,
        model_aliases text[],
        expires_at timestamptz,
        last_used timestamptz,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        deleted_at timestamptz,
        CONSTRAINT pk_api_keys PRIMARY KEY (id),
        CONSTRAINT ck_api_keys_purpose CHECK (purpose IN ('realtime', 'batch', 'playground', 'platform')),
        CONSTRAINT fk_api_keys_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT fk_api_keys_created_by FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT uq_api_keys_secret_digest UNIQUE (secret_digest)
    )
    """,
    "CREATE INDEX ix_api_keys_user_id ON api_keys (user_id, created_at DESC)",
    """
    CREATE UNIQUE INDEX uq_api_keys_name ON api_keys (user_id, created_by, name)
        WHERE deleted_at IS NULL AND NOT hidden
    """,
    """
    CREATE TABLE requests (
        id uuid NOT NULL,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL,
        worker_id uuid NOT NULL,
        key_id uuid NOT NULL,
        user_id uuid NOT NULL,
        model text NOT NULL,
        model_id uuid NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        stream boolean NOT NULL,
        outcome text NOT NULL,
        status integer,
        error text,
        deployment_id uuid,
        attempts jsonb DEFAULT '[]' NOT NULL,
        first_byte_seconds double precision,
        duration_seconds double precision,
        input_tokens bigint,
        output_tokens bigint,
        cached_input_tokens bigint,
        cache_write_tokens bigint,
        reasoning_tokens bigint,
        token_source text DEFAULT 'none' NOT NULL,
        finish_reason text,
        request_bytes bigint DEFAULT 0 NOT NULL,
        response_bytes bigint DEFAULT 0 NOT NULL,
        upstream_request_id text,
        client_request_id text,
        user_agent text,
        CONSTRAINT pk_requests PRIMARY KEY (id),
        CONSTRAINT ck_requests_outcome CHECK (outcome IN ('open', 'completed', 'failed', 'cancelled', 'lost')),
        CONSTRAINT uq_requests_sequence UNIQUE (sequence)
    )
    """,
    "CREATE INDEX ix_requests_at ON requests (at DESC)",
    "CREATE INDEX ix_requests_open ON requests (worker_id) WHERE outcome = 'open'",
    """
    CREATE TABLE request_bodies (
        request_id uuid NOT NULL,
        at timestamptz DEFAULT now() NOT NULL,
        request bytea NOT NULL,
        request_truncated boolean NOT NULL,
        response bytea NOT NULL,
        response_truncated boolean NOT NULL,
        CONSTRAINT pk_request_bodies PRIMARY KEY (request_id)
    )
    """,
    """
    CREATE TABLE journal_positions (
        worker_id uuid NOT NULL,
        segment integer NOT NULL,
        position bigint NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_journal_positions PRIMARY KEY (worker_id, segment)
    )
    """,
    """
    CREATE TABLE seeded (
        name text NOT NULL,
        at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT pk_seeded PRIMARY KEY (name)
    )
    """,
)

_NOTIFY = """
    CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- The argument names the column whose value the listener is told.
        IF TG_OP <> 'INSERT' THEN
            PERFORM pg_notify('control_layer_changes', TG_TABLE_NAME || ':' || (to_jsonb(OLD) ->> TG_ARGV[0]));
        END IF;
        IF TG_OP <> 'DELETE' THEN
            PERFORM pg_notify('control_layer_changes', TG_TABLE_NAME || ':' || (to_jsonb(NEW) ->> TG_ARGV[0]));
        END IF;
        RETURN NULL;
    END
    $$
"""

_NOTIFYING = {
    "users": "id",
    "groups": "id",
    "group_members": "user_id",
    "group_models": "model_id",
    "api_keys": "id",
    "endpoints": "id",
    "models": "id",
    "model_components": "composite_id",
}
"""Table → the column whose value its notifications carry."""

_BOOKKEEPING = {"users": "{last_login,updated_at}", "api_keys": "{last_used,updated_at}"}
"""Columns that change all the time and concern nobody who listens."""

_ALWAYS_THERE = (
    """
    INSERT INTO users (id, username, email, display_name, roles, auth_source)
        VALUES ('00000000-0000-0000-0000-000000000000', 'system', 'system@localhost', 'System', '{}', 'system')
    """,
    """
    INSERT INTO groups (id, name, description, source, created_by)
        VALUES ('00000000-0000-0000-0000-000000000000', 'Everyone', 'Every user belongs to this group.', 'native',
            '00000000-0000-0000-0000-000000000000')
    """,
)


def upgrade() -> None:
    """Makes everything."""
    for statement in (*_TABLES, _NOTIFY):
        op.execute(statement)
    for table, column in _NOTIFYING.items():
        _notify_on_changes(table, column)
    for statement in _ALWAYS_THERE:
        op.execute(statement)


def _notify_on_changes(table: str, column: str) -> None:
    changed = "OLD IS DISTINCT FROM NEW"
    if table in _BOOKKEEPING:
        ignored = f"'{_BOOKKEEPING[table]}'::text[]"
        changed = f"to_jsonb(OLD) - {ignored} IS DISTINCT FROM to_jsonb(NEW) - {ignored}"
    op.execute(
        f"CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION notify_change('{column}')"
    )
    op.execute(
        f"CREATE TRIGGER notify_update AFTER UPDATE ON {table} "
        f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION notify_change('{column}')"
    )
