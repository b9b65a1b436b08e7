"""Rows written in bulk are the rows SQLAlchemy would have written, on either database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from core.db.bulk import insert_rows, reserve_ids
from core.events import Event, OutboxEvent, publish, publish_all
from ivr.events import CallEnded
from ivr.models import CallEvent

EVENTS = CallEvent.__table__
COLUMNS = ("source", "origin", "position", "at", "provider_call_id", "queue", "agent", "kind", "fields")
times = st.datetimes(
    datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])
)
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
fields = st.one_of(
    st.lists(words, max_size=5).map(tuple),
    st.lists(st.sampled_from(["", '"', '", "', "\\", "12", "三", "\n"]), max_size=4).map(tuple),
    st.dictionaries(words, st.one_of(words, st.integers(-9, 9), st.none())),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(times, words, fields), max_size=5))
def test_what_is_stored_is_the_same(installation, values):
    rows = [
        ("flow", "asterisk/x", n, at, "1.1", queue, "", "k", told)
        for n, (at, queue, told) in enumerate(values)
    ]
    stored = []
    for write in (
        lambda session: insert_rows(session, EVENTS, COLUMNS, rows),
        lambda session: (
            rows and session.execute(insert(EVENTS), [dict(zip(COLUMNS, row, strict=True)) for row in rows])
        ),
    ):
        with installation.unit_of_work() as session:
            session.execute(EVENTS.delete())
            write(session)
            raw = session.execute(
                text("SELECT position, at, queue, CAST(fields AS TEXT) FROM call_event ORDER BY 1")
            )
            stored.append([tuple(row) for row in raw])
    assert stored[0] == stored[1]


def test_a_naive_time_is_refused(installation):
    with installation.unit_of_work() as session, pytest.raises(ValueError, match="naive"):
        row = ("flow", "x/1", 1, datetime(2026, 1, 1), "1.1", "", "", "k", ())
        insert_rows(session, EVENTS, COLUMNS, [row])


def test_reserved_ids_are_free_and_stay_so(installation, clock):
    table = OutboxEvent.__table__
    with installation.unit_of_work() as session:
        publish(session, CallEnded(call_id=1), at=clock.now())
        session.flush()
        (taken,) = session.scalars(select(table.c.id))
        ids = list(reserve_ids(session, table, 3))
        assert len(set(ids) - {taken}) == 3
        row = [(row_id, "x", {}, clock.now()) for row_id in ids]
        insert_rows(session, table, ("id", "name", "fields", "published_at"), row)
    with installation.unit_of_work() as session:
        publish(session, CallEnded(call_id=2), at=clock.now())
        session.flush()
        assert len(session.scalars(select(table.c.id)).all()) == 5
        assert list(reserve_ids(session, table, 0)) == []


def test_many_events_are_published_as_one_is(installation, clock):
    with installation.unit_of_work() as session:
        publish(session, CallEnded(call_id=7), at=clock.now())
        publish_all(session, [CallEnded(call_id=7)], at=clock.now())
        publish_all(session, [], at=clock.now())
    with installation.unit_of_work(read_only=True) as session:
        one, other = session.scalars(select(OutboxEvent)).all()
        assert (one.name, one.fields, one.published_at) == (other.name, other.fields, other.published_at)
        assert other.dispatched_at is None
    assert Event.name() != CallEnded.name()


def test_many_rows_at_once_are_stored_as_few_are(installation, clock):
    told = [("", '"'), ("\\", "三\n"), (), {"a": None}, ("\t", "N", "\\N")]
    rows = [("flow", "asterisk/x", n, clock.now(), "1.1", "\\N", "\t", "k", told[n % 5]) for n in range(60)]
    stored = []
    for parts in ([rows], [[row] for row in rows]):
        with installation.unit_of_work() as session:
            session.execute(EVENTS.delete())
            for part in parts:
                insert_rows(session, EVENTS, COLUMNS, part)
            raw = session.execute(
                text("SELECT position, at, queue, agent, CAST(fields AS TEXT) FROM call_event ORDER BY 1")
            )
            stored.append([tuple(row) for row in raw])
    assert stored[0] == stored[1]


def test_a_row_that_is_there_already_is_told_as_the_database_would(installation, clock):
    rows = [("flow", "asterisk/x", n // 2, clock.now(), "1.1", "", "", "k", ()) for n in range(60)]
    with pytest.raises(IntegrityError), installation.unit_of_work() as session:
        insert_rows(session, EVENTS, COLUMNS, rows)
    with installation.unit_of_work(read_only=True) as session:
        assert not session.scalars(select(EVENTS.c.id)).all()
