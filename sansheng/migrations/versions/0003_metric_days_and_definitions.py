"""Keep days of visits packed for counting, true by triggers, and the metric definitions that were published."""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A day's copy goes when a visit of that day comes, goes or changes, or when one of its callers does.
_GONE_NEW = "DELETE FROM metric_day WHERE queue_id = NEW.queue_id AND day = substr(NEW.entered_at, 1, 10);"
_GONE_OLD = "DELETE FROM metric_day WHERE queue_id = OLD.queue_id AND day = substr(OLD.entered_at, 1, 10);"
_SQLITE = {
    "metric_day_visit_insert": f"INSERT ON queue_visit BEGIN {_GONE_NEW} END",
    "metric_day_visit_delete": f"DELETE ON queue_visit BEGIN {_GONE_OLD} END",
    "metric_day_visit_update": f"UPDATE ON queue_visit BEGIN {_GONE_OLD} {_GONE_NEW} END",
    "metric_day_caller_update": """UPDATE OF caller_hash ON call WHEN OLD.caller_hash IS NOT NEW.caller_hash
        BEGIN DELETE FROM metric_day WHERE (queue_id, day) IN
        (SELECT queue_id, substr(entered_at, 1, 10) FROM queue_visit WHERE call_id = NEW.id); END""",
}
_POSTGRESQL_VISIT = """
CREATE FUNCTION metric_day_forget_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM metric_day WHERE queue_id = OLD.queue_id
      AND day = to_char(OLD.entered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD');
  END IF;
  IF TG_OP <> 'DELETE' THEN
    DELETE FROM metric_day WHERE queue_id = NEW.queue_id
      AND day = to_char(NEW.entered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD');
  END IF;
  RETURN NULL;
END $$
"""
_POSTGRESQL_CALLER = """
CREATE FUNCTION metric_day_forget_caller() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM metric_day USING queue_visit v
  WHERE v.call_id = NEW.id AND metric_day.queue_id = v.queue_id
    AND day = to_char(v.entered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD');
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "metric_day",
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("visits", sa.LargeBinary(), nullable=False),
        sa.Column("rings", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queue.id"], name=op.f("fk_metric_day_queue_id_queue"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("queue_id", "day", name=op.f("pk_metric_day")),
    )
    op.create_table(
        "metric_definition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_definition")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_metric_definition_name_version")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _create_postgresql_triggers()
    else:
        _create_sqlite_triggers()


def _create_sqlite_triggers() -> None:
    for name, rest in _SQLITE.items():
        op.execute(f"CREATE TRIGGER {name} AFTER {rest}")


def _create_postgresql_triggers() -> None:
    op.execute(_POSTGRESQL_VISIT)
    op.execute(_POSTGRESQL_CALLER)
    op.execute(
        "CREATE TRIGGER metric_day_visit AFTER INSERT OR DELETE OR UPDATE ON queue_visit "
        "FOR EACH ROW EXECUTE FUNCTION metric_day_forget_visit()"
    )
    op.execute(
        "CREATE TRIGGER metric_day_caller AFTER UPDATE OF caller_hash ON call FOR EACH ROW "
        "WHEN (OLD.caller_hash IS DISTINCT FROM NEW.caller_hash) EXECUTE FUNCTION metric_day_forget_caller()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER metric_day_visit ON queue_visit")
        op.execute("DROP TRIGGER metric_day_caller ON call")
        op.execute("DROP FUNCTION metric_day_forget_visit()")
        op.execute("DROP FUNCTION metric_day_forget_caller()")
    else:
        for name in _SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("metric_definition")
    op.drop_table("metric_day")
