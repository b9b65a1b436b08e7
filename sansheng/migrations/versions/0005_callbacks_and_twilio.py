"""Keep promises to call back, and the working notes of calls, agents and recordings on Twilio."""

from alembic import op
import sqlalchemy as sa

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("provider_call_id", sa.String(length=80), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_hash", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
        sa.UniqueConstraint(
            "provider",
            "provider_call_id",
            "number_hash",
            name=op.f("uq_callback_provider_provider_call_id_number_hash"),
        ),
    )
    op.create_index("ix_callback_number_hash", "callback", ["number_hash"])
    op.create_index("ix_callback_queue_done_at", "callback", ["queue", "done_at"])
    op.create_table(
        "twilio_call",
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.Column("waiting", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("line", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("leaving", sa.String(length=16), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("call_sid", name=op.f("pk_twilio_call")),
    )
    op.create_index("ix_twilio_call_line_entered_at", "twilio_call", ["line", "entered_at"])
    op.create_table(
        "twilio_refusal",
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reason", name=op.f("pk_twilio_refusal")),
    )
    op.create_table(
        "twilio_agent",
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_twilio_agent_agent_id_agent")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_twilio_agent")),
    )
    op.create_table(
        "twilio_answer",
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_sid"],
            ["twilio_call.call_sid"],
            name=op.f("fk_twilio_answer_call_sid_twilio_call"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_sid", "sequence", name=op.f("pk_twilio_answer")),
    )
    op.create_table(
        "twilio_offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(length=64), nullable=False),
        sa.Column("for_sid", sa.String(length=34), nullable=False),
        sa.Column("leg_sid", sa.String(length=34), nullable=True),
        sa.Column("caller_sid", sa.String(length=34), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_twilio_offer_agent_id_agent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_twilio_offer")),
        sa.UniqueConstraint("leg_sid", name=op.f("uq_twilio_offer_leg_sid")),
    )
    op.create_index("ix_twilio_offer_agent_id", "twilio_offer", ["agent_id"])
    op.create_index("ix_twilio_offer_caller_sid", "twilio_offer", ["caller_sid"])
    op.create_index("ix_twilio_offer_for_sid", "twilio_offer", ["for_sid"])
    op.create_index("ix_twilio_offer_line_state", "twilio_offer", ["line", "state"])
    op.create_table(
        "twilio_recording",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("agent_channel", sa.Integer(), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_twilio_recording_agent_id_agent")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_twilio_recording")),
    )
    op.create_index("ix_twilio_recording_call_sid", "twilio_recording", ["call_sid"])
    op.create_index("ix_twilio_recording_state", "twilio_recording", ["state"])


def downgrade() -> None:
    op.drop_table("twilio_recording")
    op.drop_table("twilio_offer")
    op.drop_table("twilio_answer")
    op.drop_table("twilio_agent")
    op.drop_table("twilio_refusal")
    op.drop_table("twilio_call")
    op.drop_table("callback")
