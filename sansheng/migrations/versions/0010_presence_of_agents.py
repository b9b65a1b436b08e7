"""Keep when agents were logged in and when they paused; lines of theirs belong to no call, whatever they name."""

from alembic import op
import sqlalchemy as sa

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_NO_CALL = (
    "ADDMEMBER", "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF", "AGENTLOGIN", "AGENTLOGOFF", "PAUSE", "PAUSEALL",
    "QUEUESTART", "REMOVEMEMBER", "UNPAUSE", "UNPAUSEALL",
)  # fmt: skip

_TABLES: dict[str, dict[str, sa.String | sa.Integer]] = {
    "agent_session": {
        "began_by": sa.String(length=8),
        "ended_by": sa.String(length=8),
        "restarts": sa.Integer(),
    },
    "agent_pause": {"reason": sa.String(length=80)},
}


def upgrade() -> None:
    for name, columns in _TABLES.items():
        op.create_table(
            name,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("provider", sa.String(length=16), nullable=False),
            sa.Column("agent_id", sa.Integer(), nullable=False),
            sa.Column("queue_id", sa.Integer(), nullable=True),
            sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
            sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
            *(sa.Column(column, type_, nullable=False) for column, type_ in columns.items()),
            sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f(f"fk_{name}_agent_id_agent")),
            sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f(f"fk_{name}_queue_id_queue")),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
        op.create_index(f"ix_{name}_agent_id_settled_at", name, ["agent_id", "settled_at"])
        op.create_index(f"ix_{name}_began_at", name, ["began_at"])
    of_no_call = sa.text("provider_call_id = ''")
    op.create_index(
        "ix_call_event_agent_at",
        "call_event",
        ["agent", "at"],
        sqlite_where=of_no_call,
        postgresql_where=of_no_call,
    )
    event = sa.table("call_event", sa.column("provider_call_id"), sa.column("source"), sa.column("kind"))
    told = event.c.source == "queue_log", event.c.kind.in_(_OF_NO_CALL)
    op.execute(sa.update(event).where(*told).values(provider_call_id=""))


def downgrade() -> None:
    op.drop_index("ix_call_event_agent_at", "call_event")
    for name in reversed(_TABLES):
        op.drop_table(name)
