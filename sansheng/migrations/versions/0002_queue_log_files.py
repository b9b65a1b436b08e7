"""Remember which queue_log files were read how far, what was wrong in them, and which ends were told."""

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queue_log_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_log_file")),
        sa.UniqueConstraint("origin", name=op.f("uq_queue_log_file_origin")),
    )
    op.create_table(
        "queue_log_problem",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["queue_log_file.id"],
            name=op.f("fk_queue_log_problem_file_id_queue_log_file"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_queue_log_problem")),
    )
    with op.batch_alter_table("call") as call:
        call.add_column(sa.Column("end_published_at", sa.DateTime(timezone=True), nullable=True))
        call.drop_index("ix_call_outcome")
        call.create_index("ix_call_outcome_started_at", ["outcome", "started_at"])


def downgrade() -> None:
    with op.batch_alter_table("call") as call:
        call.drop_index("ix_call_outcome_started_at")
        call.create_index("ix_call_outcome", ["outcome"])
        call.drop_column("end_published_at")
    op.drop_table("queue_log_problem")
    op.drop_table("queue_log_file")
