"""Find the Twilio calls and rings that go on without reading all that are over."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_twilio_call_waiting", "twilio_call", ["waiting"])
    op.create_index("ix_twilio_offer_state", "twilio_offer", ["state"])


def downgrade() -> None:
    op.drop_index("ix_twilio_offer_state", "twilio_offer")
    op.drop_index("ix_twilio_call_waiting", "twilio_call")
