"""Find the tasks of the missed-call list that were closed last without reading all of them."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_missed_call_closed_at", "missed_call", ["closed_at"])


def downgrade() -> None:
    op.drop_index("ix_missed_call_closed_at", "missed_call")
