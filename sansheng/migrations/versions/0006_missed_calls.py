"""Keep a task for every caller nobody spoke to."""

from alembic import op
import sqlalchemy as sa

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "missed_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("disposition", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("closing_call_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call.id"], name=op.f("fk_missed_call_call_id_call"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["closed_by_id"], ["user.id"], name=op.f("fk_missed_call_closed_by_id_user")),
        sa.ForeignKeyConstraint(
            ["closing_call_id"],
            ["call.id"],
            name=op.f("fk_missed_call_closing_call_id_call"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_missed_call_owner_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_call")),
        sa.UniqueConstraint("call_id", name=op.f("uq_missed_call_call_id")),
    )
    with op.batch_alter_table("missed_call") as missed_call:
        missed_call.create_index("ix_missed_call_disposition_due_at", ["disposition", "due_at"])
        missed_call.create_index(op.f("ix_missed_call_owner_id"), ["owner_id"])


def downgrade() -> None:
    op.drop_table("missed_call")
