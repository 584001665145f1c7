"""Checks that requests and answers must pass."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE guardrails (
        id uuid CONSTRAINT pk_guardrails PRIMARY KEY,
        name text NOT NULL CONSTRAINT uq_guardrails_name UNIQUE,
        enabled boolean DEFAULT true NOT NULL,
        position integer NOT NULL,
        stage text NOT NULL,
        kind text NOT NULL,
        model_ids uuid[],
        group_ids uuid[],
        pattern text,
        replacement text,
        url text,
        timeout_ms integer,
        fail text,
        whole_stream boolean DEFAULT false NOT NULL,
        sealed_secret bytea,
        created_by uuid NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT ck_guardrails_stage CHECK (stage IN ('request', 'answer', 'both')),
        CONSTRAINT ck_guardrails_kind CHECK (kind IN ('deny_pattern', 'allow_pattern', 'redact', 'external')),
        CONSTRAINT ck_guardrails_pattern CHECK ((kind = 'external') = (pattern IS NULL)),
        CONSTRAINT ck_guardrails_replacement CHECK ((kind = 'redact') = (replacement IS NOT NULL)),
        CONSTRAINT ck_guardrails_external CHECK ((kind = 'external') = (num_nulls(url, timeout_ms, fail) = 0)),
        CONSTRAINT ck_guardrails_timeout_ms CHECK (timeout_ms BETWEEN 1 AND 60000),
        CONSTRAINT ck_guardrails_fail CHECK (fail IN ('open', 'closed')),
        CONSTRAINT ck_guardrails_secret CHECK (kind = 'external' OR (sealed_secret IS NULL AND NOT whole_stream))
    )
    """,
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON guardrails
        FOR EACH ROW EXECUTE FUNCTION notify_change('id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON guardrails
        FOR EACH ROW EXECUTE FUNCTION notify_change('id')
    """,
    "SELECT audit_table('guardrails')",
)


def upgrade() -> None:
    """Only adds."""
    for statement in _STATEMENTS:
        op.execute(statement)
