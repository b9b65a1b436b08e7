"""Keep the state of this moment, as the watcher of the telephony sees it, where every process can read it."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live_state",
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("floor", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.Column("booted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_from", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_live_state")),
    )


def downgrade() -> None:
    op.drop_table("live_state")
