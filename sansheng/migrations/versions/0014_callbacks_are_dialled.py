"""Callbacks are dialled: what is being tried, how often it was, and a task for every promise nobody kept."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_PROMISED = """
INSERT INTO missed_call (call_id, kind, missed_at, due_at, disposition, reason)
SELECT c.id, 'callback', MIN(b.promised_at), MIN(b.promised_at), '', ''
FROM callback b
JOIN call c ON c.provider = b.provider AND c.provider_call_id = b.provider_call_id
WHERE b.done_at IS NULL AND c.outcome = 'callback'
  AND NOT EXISTS (SELECT 1 FROM missed_call m WHERE m.call_id = c.id)
GROUP BY c.id
"""
"""Promises that nobody has kept were on no list. They are due: their callers have waited."""


def upgrade() -> None:
    with op.batch_alter_table("callback") as table:
        table.add_column(sa.Column("leg", sa.String(80), nullable=False, server_default=""))
        table.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("next_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("tried_at", sa.DateTime(timezone=True)))
        table.add_column(sa.Column("result", sa.String(16), nullable=False, server_default=""))
        table.drop_index("ix_callback_queue_done_at")
        table.create_index("ix_callback_provider_done_at", ["provider", "done_at"])
        table.create_index("ix_callback_leg", ["leg"])
    op.execute(_PROMISED)
    with op.batch_alter_table("callback") as table:
        for name in ("leg", "tries", "result"):
            table.alter_column(name, server_default=None)


def downgrade() -> None:
    """The list keeps its tasks; the version before knows them as callers who waited in vain."""
    op.execute("UPDATE missed_call SET kind = 'timeout' WHERE kind = 'callback'")
    op.execute("UPDATE call SET outcome = 'hung_up' WHERE outcome = 'unreached'")
    with op.batch_alter_table("callback") as table:
        table.drop_index("ix_callback_leg")
        table.drop_index("ix_callback_provider_done_at")
        table.create_index("ix_callback_queue_done_at", ["queue", "done_at"])
        for name in ("result", "tried_at", "next_at", "tries", "leg"):
            table.drop_column(name)
