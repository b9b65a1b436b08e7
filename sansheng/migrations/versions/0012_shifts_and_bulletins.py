"""Keep what one shift hands over to the next, and who has read which bulletin."""

from alembic import op
import sqlalchemy as sa

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shift_handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_by_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["handed_by_id"], ["user.id"], name=op.f("fk_shift_handover_handed_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["taken_by_id"], ["user.id"], name=op.f("fk_shift_handover_taken_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_handover")),
    )
    op.create_table(
        "shift_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("corrects_id", sa.Integer(), nullable=True),
        sa.Column("handover_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_shift_entry_author_id_user")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["user.id"], name=op.f("fk_shift_entry_closed_by_id_user")),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["shift_entry.id"], name=op.f("fk_shift_entry_corrects_id_shift_entry")
        ),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["shift_handover.id"], name=op.f("fk_shift_entry_handover_id_shift_handover")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_entry")),
    )
    op.create_index("ix_shift_entry_kind_closed_at", "shift_entry", ["kind", "closed_at"])
    op.create_index(op.f("ix_shift_entry_handover_id"), "shift_entry", ["handover_id"])
    op.create_table(
        "bulletin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["user.id"], name=op.f("fk_bulletin_published_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
    )
    op.create_index(op.f("ix_bulletin_published_at"), "bulletin", ["published_at"])
    op.create_table(
        "bulletin_receipt",
        sa.Column("bulletin_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bulletin_id"], ["bulletin.id"], name=op.f("fk_bulletin_receipt_bulletin_id_bulletin")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_bulletin_receipt_user_id_user")),
        sa.PrimaryKeyConstraint("bulletin_id", "user_id", name=op.f("pk_bulletin_receipt")),
    )
    op.create_index(op.f("ix_bulletin_receipt_user_id"), "bulletin_receipt", ["user_id"])


def downgrade() -> None:
    for table in ("bulletin_receipt", "bulletin", "shift_entry", "shift_handover"):
        op.drop_table(table)
