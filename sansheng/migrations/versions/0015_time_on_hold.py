"""How long a caller was on hold during the talk."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new column of a large table, without writing the table anew: nothing is known of the talks before."""
    op.add_column("queue_visit", sa.Column("hold_s", sa.Double()))


def downgrade() -> None:
    op.drop_column("queue_visit", "hold_s")
