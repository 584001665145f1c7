"""The audit log: every change of an audited table, appended at commit to a chain of hashes that nothing may alter.

A later migration has a table of its own audited by `SELECT audit_table('widgets', …)`, and the columns added to an
audited table need nothing: what looks like a secret by its type or name is redacted unless somebody says otherwise.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLE = (
    """
    CREATE TABLE audit_log (
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        key_id uuid,
        peer text,
        user_agent text,
        request_id text,
        resource text NOT NULL,
        resource_id text,
        operation text NOT NULL,
        before jsonb,
        after jsonb,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        CONSTRAINT pk_audit_log PRIMARY KEY (sequence)
    )
    """,
    "CREATE INDEX ix_audit_log_at ON audit_log (at, sequence)",
    "CREATE INDEX ix_audit_log_actor ON audit_log (actor, at, sequence)",
    "CREATE INDEX ix_audit_log_resource ON audit_log (resource, at, sequence)",
    "CREATE INDEX ix_audit_log_resource_id ON audit_log (resource_id, at, sequence)",
    "CREATE INDEX ix_audit_log_operation ON audit_log (operation, at, sequence)",
)

_CHAIN = (
    """
    CREATE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        -- A netstring, so that no two rows have one text; what is absent differs from what is empty.
        SELECT coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-')
    $$
    """,
    """
    CREATE FUNCTION audit_canonical(entry audit_log) RETURNS text LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN concat_ws(E'\\n',
            'control-layer audit 1',
            audit_field(encode(entry.previous_hash, 'hex')),
            audit_field(entry.sequence::text),
            audit_field(to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
            audit_field(entry.actor),
            audit_field(entry.key_id::text),
            audit_field(entry.peer),
            audit_field(entry.user_agent),
            audit_field(entry.request_id),
            audit_field(entry.resource),
            audit_field(entry.resource_id),
            audit_field(entry.operation),
            audit_field(entry.before::text),
            audit_field(entry.after::text)
        );
    END
    $$
    """,
    """
    -- Its one query is planned once in a session, when the log may be empty: by the index, whatever the planner thinks.
    CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT SET enable_seqscan = off AS $$
    DECLARE
        author jsonb := nullif(current_setting('control_layer.author', true), '')::jsonb;
        last record;
    BEGIN
        -- One writer at a time, until its transaction ends: the next one sees this row. (A transaction that is blind
        -- to what others commit, REPEATABLE READ, fails on the primary key rather than fork the chain.)
        PERFORM pg_advisory_xact_lock(418581342580);  -- "audit"
        SELECT sequence, hash INTO last FROM audit_log ORDER BY sequence DESC LIMIT 1;
        NEW.sequence := coalesce(last.sequence, 0) + 1;
        NEW.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
        NEW.at := clock_timestamp();
        -- Nobody signed: somebody came past the application.
        NEW.actor := coalesce(author ->> 'actor', 'database:' || session_user);
        NEW.key_id := (author ->> 'key_id')::uuid;
        NEW.peer := CASE WHEN author IS NULL THEN host(inet_client_addr()) ELSE author ->> 'peer' END;
        NEW.user_agent := author ->> 'user_agent';
        NEW.request_id := author ->> 'request_id';
        NEW.hash := sha256(convert_to(audit_canonical(NEW), 'UTF8'));
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'audit_log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
    END
    $$
    """,
    """
    CREATE TRIGGER audit_append BEFORE INSERT ON audit_log
        FOR EACH ROW EXECUTE FUNCTION audit_append()
    """,
    """
    CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
)

_CHANGES = (
    """
    CREATE FUNCTION audit_redacted(data jsonb, secret text[], erased text[]) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
        -- Numbers, truth values and null give nothing away. bytea is told by its text, so that a column needs no
        -- mention here to be hidden; so are names that speak of a secret, unless they end as its prefix or its time.
        SELECT coalesce(jsonb_object_agg(key, CASE
            WHEN jsonb_typeof(value) IN ('null', 'number', 'boolean') THEN value
            WHEN key = ANY (secret) OR value #>> '{}' LIKE '\\\\x%'
                OR key ~ '(^|_)(secret|password|passwd|token|credential|private|sealed|digest|hash)s?(_|$)'
                    AND key !~ '_(prefix|at)$'
                THEN '"[redacted]"'
            WHEN key = ANY (erased) THEN '"[erased]"'
            ELSE value
        END), '{}')
        FROM jsonb_each(data)
    $$
    """,
    """
    CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
    DECLARE
        keys text[] := TG_ARGV[0];
        ignored text[] := TG_ARGV[1];
        secret text[] := TG_ARGV[2];
        personal text[] := TG_ARGV[3];
        derived text[];
        old_row jsonb;
        new_row jsonb;
        operation text;
        id text;
    BEGIN
        -- Generated columns say again what others say, in clear perhaps.
        SELECT coalesce(array_agg(attname), '{}') INTO derived
            FROM pg_attribute WHERE attrelid = TG_RELID AND attnum > 0 AND attgenerated <> '';
        IF TG_OP <> 'INSERT' THEN old_row := to_jsonb(OLD) - derived; END IF;
        IF TG_OP <> 'DELETE' THEN new_row := to_jsonb(NEW) - derived; END IF;
        SELECT string_agg(coalesce(new_row, old_row) ->> name, '/' ORDER BY place)
            INTO id FROM unnest(keys) WITH ORDINALITY AS _ (name, place);
        operation := CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'DELETE' THEN 'delete' ELSE 'update' END;
        IF TG_OP = 'UPDATE' THEN
            -- Rows that are kept for the records' sake are deleted all the same.
            IF old_row -> 'deleted_at' = 'null' AND new_row -> 'deleted_at' <> 'null' THEN
                operation := 'delete';
            END IF;
            SELECT jsonb_object_agg(key, old_row -> key), jsonb_object_agg(key, value) INTO old_row, new_row
                FROM jsonb_each(new_row)
                WHERE value IS DISTINCT FROM old_row -> key AND key <> ALL (ignored);
        END IF;
        INSERT INTO audit_log (resource, resource_id, operation, before, after) VALUES (
            TG_TABLE_NAME, id, operation,
            CASE WHEN old_row IS NOT NULL THEN
                audit_redacted(old_row, secret, CASE WHEN operation = 'delete' THEN personal ELSE '{}' END)
            END,
            CASE WHEN new_row IS NOT NULL THEN audit_redacted(new_row, secret, '{}') END
        );
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION audit_table(
        name text, ignored text[] DEFAULT '{}', secret text[] DEFAULT '{}', personal text[] DEFAULT '{}',
        id text[] DEFAULT NULL
    ) RETURNS void LANGUAGE plpgsql AS $$
    -- Has every change of a table logged. `ignored`: columns that change all the time and concern nobody, beside
    -- updated_at. `secret`: never shown, whatever their names. `personal`: not shown of a row that is deleted. `id`:
    -- what an entry names the row by, unless it is the primary key.
    DECLARE
        keys text[] := id;
        arguments text;
    BEGIN
        ignored := ignored || '{updated_at}';
        IF keys IS NULL THEN
            SELECT array_agg(attname ORDER BY array_position(indkey, attnum)) INTO STRICT keys
                FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
                WHERE indrelid = name::regclass AND indisprimary;
        END IF;
        arguments := format('%L, %L, %L, %L', keys, ignored, secret, personal);
        -- At commit, when no lock on a row is taken any more: whoever holds the log waits for nobody.
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER audit_row AFTER INSERT OR DELETE ON %I DEFERRABLE INITIALLY DEFERRED '
            'FOR EACH ROW EXECUTE FUNCTION audit_change(%s)', name, arguments
        );
        EXECUTE format(
            'CREATE CONSTRAINT TRIGGER audit_update AFTER UPDATE ON %I DEFERRABLE INITIALLY DEFERRED '
            'FOR EACH ROW WHEN (to_jsonb(OLD) - %L::text[] IS DISTINCT FROM to_jsonb(NEW) - %L::text[]) '
            'EXECUTE FUNCTION audit_change(%s)', name, ignored, ignored, arguments
        );
    END
    $$
    """,
)

_AUDITED = (
    """
    SELECT audit_table('users', ignored => '{last_login}', personal =>
        '{username,email,display_name,given_name,family_name,avatar_url,external_user_id,payment_provider_id}')
    """,
    "SELECT audit_table('groups')",
    "SELECT audit_table('group_members')",
    "SELECT audit_table('group_models')",
    "SELECT audit_table('api_keys', ignored => '{last_used}')",
    "SELECT audit_table('endpoints')",
    "SELECT audit_table('models')",
    "SELECT audit_table('model_components')",
    "SELECT audit_table('tariffs')",
    "SELECT audit_table('cache_pricings')",
    "SELECT audit_table('probes')",
    "SELECT audit_table('identities', id => '{user_id}', personal => '{subject}')",
    # The ledger is append-only itself, and what requests cost is no act of anybody's.
    """
    CREATE CONSTRAINT TRIGGER audit_row AFTER INSERT ON transactions DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.transaction_type <> 'usage')
        EXECUTE FUNCTION audit_change('{id}', '{}', '{}', '{}')
    """,
    # Their beginning is a login, which is an event; that they expire concerns nobody.
    """
    CREATE CONSTRAINT TRIGGER audit_row AFTER DELETE ON sessions DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (OLD.expires_at > now())
        EXECUTE FUNCTION audit_change('{id}', '{}', '{}', '{user_agent,peer_address}')
    """,
    # Somebody has asked for a link; what it does is a change of the password.
    """
    CREATE CONSTRAINT TRIGGER audit_row AFTER INSERT ON password_resets DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION audit_change('{id}', '{}', '{}', '{}')
    """,
)


def upgrade() -> None:
    """Makes the log and has it kept."""
    for statement in (*_TABLE, *_CHAIN, *_CHANGES, *_AUDITED):
        op.execute(statement)
