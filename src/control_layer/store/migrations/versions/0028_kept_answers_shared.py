"""Kept answers that hosts share, what keys say of them, purges of a key's or a user's, and sums of what they save."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_KEYS = (
    """
    ALTER TABLE api_keys ADD COLUMN caching text
        CONSTRAINT ck_api_keys_caching CHECK (caching IN ('off', 'key', 'user', 'group'))
    """,
)

# Only who was purged is in it, and only as long as something from before may still be kept. Erasing what is older
# concerns nobody, so of deletions the log says nothing.
_PURGES = (
    "CREATE SEQUENCE answer_purge_sequence",
    """
    CREATE TABLE answer_purges (
        subject_id uuid CONSTRAINT pk_answer_purges PRIMARY KEY,
        scope text NOT NULL,
        generation bigint NOT NULL,
        purged_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT ck_answer_purges_scope CHECK (scope IN ('key', 'user'))
    )
    """,
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON answer_purges
        FOR EACH ROW EXECUTE FUNCTION notify_change('subject_id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON answer_purges
        FOR EACH ROW EXECUTE FUNCTION notify_change('subject_id')
    """,
    "SELECT audit_table('answer_purges')",
    "DROP TRIGGER audit_row ON answer_purges",
    """
    CREATE CONSTRAINT TRIGGER audit_row AFTER INSERT ON answer_purges DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION audit_change('{subject_id}', '{updated_at}', '{}', '{}')
    """,
)

# Whatever is in it can be asked for again: it need not survive a crash, and costs no log. Room in the pages, so that
# the time of the last use is changed in place.
_ANSWERS = (
    """
    CREATE UNLOGGED TABLE kept_answers (
        digest bytea CONSTRAINT pk_kept_answers PRIMARY KEY,
        model_id uuid NOT NULL,
        generation bigint NOT NULL,
        key_id uuid NOT NULL,
        user_id uuid NOT NULL,
        purge_generation bigint NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz DEFAULT now() NOT NULL,
        size_bytes integer NOT NULL,
        answer bytea NOT NULL
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)
    """,
    "ALTER TABLE kept_answers ALTER COLUMN answer SET STORAGE EXTERNAL",
    "CREATE INDEX ix_kept_answers_expires_at ON kept_answers (expires_at)",
)

_MEASURES = {
    "response_cache_hits": "count(*) FILTER (WHERE cache = 'hit')",
    "response_cache_misses": "count(*) FILTER (WHERE cache = 'miss')",
    "response_cache_coalesced": "count(*) FILTER (WHERE cache = 'coalesced')",
    **{
        name: f"(sum(least({name}, 10000000000)) FILTER (WHERE {name} > 0))::bigint"
        for name in ("saved_input_tokens", "saved_output_tokens")
    },
}
"""What requests from before add to the sums; what they saved in money was not recorded."""
_MODEL = ("model_id", "endpoint_id", "status", "purpose", "model")
_ROLLUPS = {
    **{f"model_{unit}s": (unit, _MODEL) for unit in ("minute", "hour", "day")},
    **{f"account_{unit}s": (unit, ("user_id", "key_id", *_MODEL)) for unit in ("hour", "day")},
}
_ENDPOINT = "attempts -> -1 ->> 'endpoint_id'"


def _sums() -> tuple[str, ...]:
    statements = [
        "ALTER TABLE requests ADD COLUMN saved_cost numeric",
        # Nobody folds meanwhile. What a release before folds lacks these columns: it is not started anew.
        "SELECT pg_advisory_xact_lock(1718578276)",
        f"""
        CREATE TEMPORARY TABLE met_a_cache ON COMMIT DROP AS
        SELECT at, user_id, key_id, model_id, status, purpose, model, cache, saved_input_tokens, saved_output_tokens,
            CASE WHEN {_ENDPOINT} ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'
                THEN ({_ENDPOINT})::uuid END AS endpoint_id
        FROM requests WHERE cache IS NOT NULL AND NOT EXISTS (
            SELECT FROM unfolded_requests WHERE unfolded_requests.at = requests.at
                AND unfolded_requests.id = requests.id AND lost <= 0
        )
        """,  # noqa: S608 - made of a name
    ]
    for rollup, (unit, dimensions) in _ROLLUPS.items():
        columns = ", ".join(f"ADD COLUMN {name} bigint" for name in _MEASURES)
        same = " AND ".join(f"kept.{name} IS NOT DISTINCT FROM added.{name}" for name in dimensions)
        statements += [
            f"ALTER TABLE {rollup} {columns}, ADD COLUMN saved_cost numeric",
            f"""
            UPDATE {rollup} AS kept SET {", ".join(f"{name} = nullif(added.{name}, 0)" for name in _MEASURES)}
            FROM (
                SELECT date_trunc('{unit}', at, 'UTC') AS at, {", ".join(dimensions)},
                    {", ".join(f"{expression} AS {name}" for name, expression in _MEASURES.items())}
                FROM met_a_cache GROUP BY {", ".join(map(str, range(1, len(dimensions) + 2)))}
            ) AS added WHERE kept.at = added.at AND {same}
            """,  # noqa: S608 - made of the names above
        ]
    return (*statements, "DELETE FROM compatible_revisions")


def upgrade() -> None:
    """Only adds."""
    for statement in (*_KEYS, *_PURGES, *_ANSWERS, *_sums()):
        op.execute(statement)
