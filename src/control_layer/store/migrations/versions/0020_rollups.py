"""Sums of requests by minute, hour and day; which requests no sum has yet; what each request's key was for."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_REQUESTS = (
    """
    ALTER TABLE requests
        ADD COLUMN purpose text DEFAULT 'realtime' NOT NULL,
        ADD COLUMN given_up boolean DEFAULT false NOT NULL
    """,
    """
    UPDATE requests SET purpose = api_keys.purpose FROM api_keys
    WHERE api_keys.id = requests.key_id AND api_keys.purpose <> 'realtime'
    """,
    "UPDATE requests SET given_up = true WHERE outcome = 'lost'",
)

# Filled and emptied all the time, and read from end to end: no index, and no waiting for a fifth of it to be dead.
_UNFOLDED = (
    """
    CREATE TABLE unfolded_requests (
        at timestamptz NOT NULL,
        id uuid NOT NULL,
        lost smallint DEFAULT 0 NOT NULL,
        CONSTRAINT ck_unfolded_requests_lost CHECK (lost IN (-1, 0, 1))
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000)
    """,
    """
    INSERT INTO unfolded_requests (at, id, lost)
    SELECT at, id, CASE outcome WHEN 'lost' THEN 1 ELSE 0 END FROM requests ORDER BY at
    """,
    """
    CREATE TABLE traffic_horizon (
        id integer DEFAULT 1 NOT NULL,
        requests_since timestamptz DEFAULT 'epoch' NOT NULL,
        minutes_since timestamptz DEFAULT 'epoch' NOT NULL,
        sums_since timestamptz DEFAULT 'epoch' NOT NULL,
        CONSTRAINT pk_traffic_horizon PRIMARY KEY (id),
        CONSTRAINT ck_traffic_horizon_id CHECK (id = 1)
    )
    """,
    "INSERT INTO traffic_horizon DEFAULT VALUES",
)

_MODEL = "model text NOT NULL, model_id uuid NOT NULL, endpoint_id uuid, status integer, purpose text NOT NULL"
_ACCOUNT = f"{_MODEL}, user_id uuid NOT NULL, key_id uuid NOT NULL"
_MEASURES = """
    requests bigint NOT NULL,
    timed bigint NOT NULL,
    seconds double precision NOT NULL,
    input_tokens bigint,
    output_tokens bigint,
    cached_input_tokens bigint,
    cache_write_tokens bigint,
    cache_write_1h_tokens bigint,
    audio_input_tokens bigint,
    image_input_tokens bigint,
    reasoning_tokens bigint,
    audio_output_tokens bigint,
    image_output_tokens bigint,
    cost numeric NOT NULL,
    unpriced bigint NOT NULL,
    cache_hits bigint NOT NULL,
    last_at timestamptz NOT NULL
"""

# Room in the pages, so that what is added to a row stays in its page and touches no index.
_ROLLUP = "CREATE TABLE {name} (at timestamptz NOT NULL, {dimensions}, {measures}) WITH (fillfactor = 80)"
_UNIQUE = "CREATE UNIQUE INDEX uq_{name} ON {name} (at, {columns}) NULLS NOT DISTINCT"
# What tells rows apart soonest, and is compared fastest, comes first.
_BY_MODEL = "model_id, endpoint_id, status, purpose, model"
_BY_ACCOUNT = f"user_id, key_id, {_BY_MODEL}"

_ROLLUPS = (
    """
    CREATE TABLE batch_hours (
        user_id uuid NOT NULL,
        at timestamptz NOT NULL,
        batch_id uuid NOT NULL,
        requests bigint NOT NULL,
        CONSTRAINT pk_batch_hours PRIMARY KEY (user_id, at, batch_id)
    ) WITH (fillfactor = 80)
    """,
    *(
        statement
        for unit in ("minutes", "hours", "days")
        for statement in (
            _ROLLUP.format(name=f"model_{unit}", dimensions=_MODEL, measures=_MEASURES),
            _UNIQUE.format(name=f"model_{unit}", columns=_BY_MODEL),
        )
    ),
    *(
        statement
        for unit in ("hours", "days")
        for statement in (
            _ROLLUP.format(name=f"account_{unit}", dimensions=_ACCOUNT, measures=_MEASURES),
            _UNIQUE.format(name=f"account_{unit}", columns=_BY_ACCOUNT),
            f"CREATE INDEX ix_account_{unit}_user_id ON account_{unit} (user_id, at)",
            f"""
            CREATE TABLE latency_{unit} (
                model text NOT NULL,
                measure text NOT NULL,
                at timestamptz NOT NULL,
                buckets smallint[] NOT NULL,
                counts bigint[] NOT NULL,
                CONSTRAINT pk_latency_{unit} PRIMARY KEY (model, measure, at)
            ) WITH (fillfactor = 80)
            """,
        )
    ),
)

_RELEASES = (
    # The recorder before this step tells nobody what it has recorded. It waits, with everything in the journals, until
    # its host has this release; such a host is not started anew.
    "DELETE FROM compatible_revisions",
)


def upgrade() -> None:
    """Adds, and leaves it to the control plane to fold what there is; until it has, analytics take longer."""
    for statement in (*_REQUESTS, *_UNFOLDED, *_ROLLUPS, *_RELEASES):
        op.execute(statement)
