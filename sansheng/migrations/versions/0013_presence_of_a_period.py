"""Find who was logged in or paused in a period without reading the years before it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = ("agent_session", "agent_pause")


def upgrade() -> None:
    for table in _TABLES:
        op.create_index(f"ix_{table}_queue_id_ended_at", table, ["queue_id", "ended_at"])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_queue_id_ended_at", table)
