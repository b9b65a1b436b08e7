"""The unit of work on a real database: what is kept, who waits for whom, and what is said when it cannot go on."""

import multiprocessing
import sqlite3
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError

from core.accounts import User
from core.db import create_database_engine, database_is_busy, unit_of_work
from core.errors import BadInput, MissingPart, RetryLater
from core.events import OutboxEvent
from core.i18n import use_locale
from ivr.models import Call

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
def engine(installation):
    return installation.engine


@pytest.fixture
def sqlite_engine(sqlite_template, tmp_path):
    """A migrated SQLite database of this test's own, whatever the other tests run on."""
    path = tmp_path / "own.db"
    path.write_bytes(sqlite_template.read_bytes())
    made = create_database_engine(f"sqlite:///{path}", busy_timeout_ms=60_000)
    yield made
    made.dispose()


def test_a_missing_driver_is_told_with_what_installs_it_in_a_clone(monkeypatch):
    """The package is on no index, so its name alone would install nothing."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with use_locale("en"), pytest.raises(MissingPart, match=r"\.venv/bin/pip install -e '\.\[postgres\]'"):
        create_database_engine("postgresql://somebody@127.0.0.1/sansheng")


@contextmanager
def another_engine(url, **options):
    made = create_database_engine(str(url.render_as_string(hide_password=False)), **options)
    yield made
    made.dispose()


def add_event(session, name="something"):
    session.add(OutboxEvent(name=name, fields={}, published_at=AT))


def count_events(session):
    return session.scalar(select(func.count()).select_from(OutboxEvent))


def count_now(engine):
    with unit_of_work(engine, read_only=True) as session:
        return count_events(session)


def test_a_unit_commits_at_its_end(engine):
    with unit_of_work(engine) as session:
        add_event(session)
    assert count_now(engine) == 1


def test_a_unit_that_fails_leaves_nothing(engine):
    with pytest.raises(RuntimeError, match="on purpose"), unit_of_work(engine) as session:
        add_event(session)
        session.flush()
        raise RuntimeError("on purpose")
    assert count_now(engine) == 0


def test_rows_can_be_read_after_their_unit(engine):
    with unit_of_work(engine) as session:
        row = OutboxEvent(name="kept", fields={"a": 1}, published_at=AT)
        session.add(row)
    assert (row.name, row.fields) == ("kept", {"a": 1})


def test_a_naive_time_is_refused(engine):
    with pytest.raises(StatementError, match="naive datetime"), unit_of_work(engine) as session:
        session.add(OutboxEvent(name="x", fields={}, published_at=datetime(2026, 1, 1)))


@given(
    moment=st.datetimes(
        min_value=datetime(1970, 1, 2),
        max_value=datetime(2200, 1, 1),
        timezones=st.sampled_from(
            [UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))]
        ),
    )
)
@hypothesis_settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_time_comes_back_as_the_same_moment_in_utc(engine, moment):
    with unit_of_work(engine) as session:
        row_id = session.scalar(
            insert(OutboxEvent).values(name="x", fields={}, published_at=moment).returning(OutboxEvent.id)
        )
    with unit_of_work(engine, read_only=True) as session:
        stored = session.scalar(select(OutboxEvent.published_at).where(OutboxEvent.id == row_id))
        found = session.scalar(
            select(OutboxEvent.id).where(OutboxEvent.id == row_id, OutboxEvent.published_at == moment)
        )
    assert stored == moment
    assert stored.utcoffset() == timedelta(0)
    assert found == row_id


def test_a_callers_number_is_not_readable_in_the_database(engine):
    with unit_of_work(engine) as session:
        session.add(Call(provider="simulator", provider_call_id="1", caller="13800138000", started_at=AT))
    with unit_of_work(engine, read_only=True) as session:
        assert b"138" not in bytes(session.scalar(text("SELECT caller FROM call")))
        assert session.scalar(select(Call.caller)) == "13800138000"


def test_an_error_does_not_repeat_the_values_it_was_about(engine):
    person = {
        "username": "wang",
        "role": "agent",
        "password_hash": "",
        "locale": "",
        "active": True,
        "created_at": AT,
        "session_epoch": 0,
    }
    with pytest.raises(IntegrityError) as caught, unit_of_work(engine) as session:
        for _ in range(2):
            session.execute(insert(User).values(display_name="13800138000", **person))
    assert "13800138000" not in str(caught.value)


def test_writers_on_sqlite_wait_for_each_other_and_lose_nothing(sqlite_engine):
    with unit_of_work(sqlite_engine) as session:
        add_event(session, "0")

    def count_up():
        for _ in range(10):
            with unit_of_work(sqlite_engine) as session:
                seen = int(session.scalar(select(OutboxEvent.name)))
                session.execute(update(OutboxEvent).values(name=str(seen + 1)))

    writers = [threading.Thread(target=count_up) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    with unit_of_work(sqlite_engine, read_only=True) as session:
        assert session.scalar(select(OutboxEvent.name)) == "60"


def test_a_locked_database_is_said_and_may_be_tried_again(sqlite_engine):
    with (
        another_engine(sqlite_engine.url, busy_timeout_ms=1) as impatient,
        unit_of_work(sqlite_engine) as holder,
    ):
        add_event(holder)
        holder.flush()
        with pytest.raises(RetryLater, match=r"locked.*try again"), unit_of_work(impatient) as session:
            count_events(session)


def test_a_full_disk_is_said_and_may_be_tried_again(sqlite_engine):
    with another_engine(sqlite_engine.url) as full:
        event.listen(full, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1"))
        with pytest.raises(RetryLater, match=r"full.*try again"), unit_of_work(full) as session:
            for _ in range(50):
                session.execute(
                    insert(OutboxEvent).values(name="x", fields={"a": "b" * 4000}, published_at=AT)
                )
    assert count_now(sqlite_engine) == 0


def test_a_read_only_unit_does_not_wait_for_a_writer_and_sees_what_was_committed(engine):
    with unit_of_work(engine) as session:
        add_event(session)
    options = {"busy_timeout_ms": 1} if engine.dialect.name == "sqlite" else {}
    with another_engine(engine.url, **options) as other, unit_of_work(engine) as writing:
        add_event(writing)
        writing.flush()
        assert count_now(other) == 1
    assert count_now(engine) == 2


def test_a_read_only_unit_sees_one_state_throughout(engine):
    with unit_of_work(engine, read_only=True) as reading:
        assert count_events(reading) == 0
        with unit_of_work(engine) as session:
            add_event(session)
        assert count_events(reading) == 0
    assert count_now(engine) == 1


def test_a_read_only_unit_cannot_write(engine):
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), unit_of_work(engine, read_only=True) as session:
        add_event(session)
    with unit_of_work(engine) as session:  # and the same connection may write again
        add_event(session)
    assert count_now(engine) == 1


def test_no_connection_to_be_had_may_be_tried_again(engine, monkeypatch):
    monkeypatch.setattr(engine.pool, "_timeout", 0.01)
    held = [engine.connect() for _ in range(15)]
    with pytest.raises(RetryLater, match="connection"), unit_of_work(engine) as session:
        count_events(session)
    for connection in held:
        connection.close()


def test_a_lost_connection_may_be_tried_again_and_the_next_unit_has_a_new_one(engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("a file has no connection to lose")
    with pytest.raises(RetryLater, match="try again"), unit_of_work(engine) as session:
        lost = session.scalar(text("SELECT pg_backend_pid()"))
        with unit_of_work(engine) as other:
            other.scalar(text(f"SELECT pg_terminate_backend({lost})"))
        add_event(session)
        session.flush()
    assert count_now(engine) == 0


def test_a_server_that_is_not_there_may_be_tried_again(tmp_path):
    pytest.importorskip("psycopg")
    absent = create_database_engine(f"postgresql://sansheng@/hotline?host={tmp_path}")
    with pytest.raises(RetryLater, match="not to be reached"), unit_of_work(absent) as session:
        count_events(session)


@pytest.mark.parametrize(
    "name", ["DiskFull", "TooManyConnections", "DeadlockDetected", "SerializationFailure"]
)
def test_a_passing_condition_of_postgresql_is_recognised(name):
    errors = pytest.importorskip("psycopg.errors")
    assert database_is_busy(OperationalError("", {}, getattr(errors, name)()))


def test_a_defect_is_not_taken_for_a_passing_condition():
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(":memory:").execute("SELECT * FROM nothing")
    assert not database_is_busy(OperationalError("", {}, caught.value))
    errors = pytest.importorskip("psycopg.errors")
    assert not database_is_busy(DBAPIError("", {}, errors.UndefinedTable()))


def test_an_unsupported_database_is_named():
    with pytest.raises(MissingPart, match="“mysql” is not supported"):
        create_database_engine("mysql://db/hotline")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file/below"):
        create_database_engine(f"sqlite:///{tmp_path}/file/below/x.db")


def _open_and_write(url, start, results):
    start.wait()
    engine = create_database_engine(url)
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS t (x INTEGER)"))
        session.execute(text("INSERT INTO t VALUES (1)"))
    results.put(None)


def test_processes_that_open_a_new_sqlite_file_together_all_can_write(tmp_path):
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(5), context.Queue()
    url = f"sqlite:///{tmp_path}/new.db"
    children = [context.Process(target=_open_and_write, args=(url, start, results)) for _ in range(5)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 5
