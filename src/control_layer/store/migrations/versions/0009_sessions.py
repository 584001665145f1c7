"""Sessions that can be listed and ended; links that set a new password."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE sessions (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        token_digest bytea NOT NULL,
        user_agent text,
        peer_address text,
        created_at timestamptz DEFAULT now() NOT NULL,
        last_seen timestamptz DEFAULT now() NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_sessions PRIMARY KEY (id),
        CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT uq_sessions_token_digest UNIQUE (token_digest)
    )
    """,
    "CREATE INDEX ix_sessions_user_id ON sessions (user_id, created_at DESC, id DESC)",
    "CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)",
    """
    CREATE TABLE password_resets (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        token_digest bytea NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_password_resets PRIMARY KEY (id),
        CONSTRAINT fk_password_resets_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_password_resets_user_id ON password_resets (user_id, created_at DESC)",
    "CREATE INDEX ix_password_resets_expires_at ON password_resets (expires_at)",
)


def upgrade() -> None:
    """Makes both tables. A session that began under the release before has no row, and ends."""
    for statement in _STATEMENTS:
        op.execute(statement)
