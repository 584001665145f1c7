"""How requests find their deployment: a model's traffic policy, and what probes say of it."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE models ADD COLUMN traffic_policy jsonb",
    """
    CREATE TABLE probe_states (
        model_id uuid CONSTRAINT pk_probe_states PRIMARY KEY
            CONSTRAINT fk_probe_states_model_id_models REFERENCES models (id) ON DELETE CASCADE,
        failures integer NOT NULL,
        failing boolean NOT NULL,
        since timestamptz NOT NULL
    )
    """,
    """
    CREATE TRIGGER notify_row AFTER INSERT OR DELETE ON probe_states
        FOR EACH ROW EXECUTE FUNCTION notify_change('model_id')
    """,
    """
    CREATE TRIGGER notify_update AFTER UPDATE ON probe_states
        FOR EACH ROW WHEN (OLD.failing IS DISTINCT FROM NEW.failing) EXECUTE FUNCTION notify_change('model_id')
    """,
)


def upgrade() -> None:
    """Makes the column and the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
