"""Keep the lists of blocked and of important callers."""

from alembic import op
import sqlalchemy as sa

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listed_caller",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("listed_by_id", sa.Integer(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["listed_by_id"], ["user.id"], name=op.f("fk_listed_caller_listed_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listed_caller")),
        sa.UniqueConstraint("number_hash", name=op.f("uq_listed_caller_number_hash")),
    )
    op.create_index(op.f("ix_listed_caller_listed_at"), "listed_caller", ["listed_at"])


def downgrade() -> None:
    op.drop_table("listed_caller")
