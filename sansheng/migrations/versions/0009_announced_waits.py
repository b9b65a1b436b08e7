"""Keep the waits that callers were told, to judge them by those that came."""

from alembic import op
import sqlalchemy as sa

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wait_prediction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_call_id", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("low_min", sa.Integer(), nullable=True),
        sa.Column("high_min", sa.Integer(), nullable=True),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_prediction")),
        sa.UniqueConstraint(
            "provider",
            "provider_call_id",
            "number",
            name=op.f("uq_wait_prediction_provider_provider_call_id_number"),
        ),
    )
    op.create_index("ix_wait_prediction_said_at", "wait_prediction", ["said_at"])


def downgrade() -> None:
    op.drop_table("wait_prediction")
