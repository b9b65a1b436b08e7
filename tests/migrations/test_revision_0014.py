"""0014: promises that nobody has kept come onto the missed-call list, and nothing is lost on the way up and down."""

from datetime import UTC, datetime

from sqlalchemy import MetaData, select, update

from sansheng.migrations import downgrade_database, upgrade_database
from tests.migrations.rows import load_rows

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def tables_of(engine):
    tables = MetaData()
    tables.reflect(engine)
    return tables.tables


def a_promise(engine, *, done_at):
    """An installation of before with one promise, made on its one call."""
    upgrade_database(engine, "0013")
    tables = MetaData()
    tables.reflect(engine)
    named = tables.tables
    with engine.begin() as connection:
        load_rows(connection, tables)
        connection.execute(named["missed_call"].delete())
        connection.execute(update(named["call"]).values(outcome="callback"))
        connection.execute(update(named["callback"]).values(promised_at=AT, done_at=done_at))
        return [tuple(row) for row in connection.execute(named["callback"].select())]


def test_a_promise_is_a_task_and_stays_itself_up_and_down(empty_engine):
    before = a_promise(empty_engine, done_at=None)
    upgrade_database(empty_engine, "0014")
    named = tables_of(empty_engine)
    callback, task = named["callback"], named["missed_call"]
    with empty_engine.begin() as connection:
        made = connection.execute(
            select(task.c.call_id, task.c.kind, task.c.due_at, task.c.disposition)
        ).all()
        assert [tuple(row) for row in made] == [(1, "callback", as_kept(empty_engine), "")]
        tried = connection.execute(select(callback.c.leg, callback.c.tries, callback.c.result)).one()
        assert tuple(tried) == ("", 0, "")
    downgrade_database(empty_engine, "0013")
    named = tables_of(empty_engine)
    with empty_engine.begin() as connection:
        assert [tuple(row) for row in connection.execute(named["callback"].select())] == before
        assert connection.scalars(select(named["missed_call"].c.kind)).all() == ["timeout"]


def test_a_promise_that_was_kept_is_no_task(empty_engine):
    a_promise(empty_engine, done_at=AT)
    upgrade_database(empty_engine, "0014")
    task = tables_of(empty_engine)["missed_call"]
    with empty_engine.begin() as connection:
        assert connection.execute(task.select()).all() == []


def as_kept(engine):
    """A time as this database gives it back when its type is read off the schema."""
    return AT if engine.dialect.name == "postgresql" else AT.replace(tzinfo=None)
