"""Who is refused and who goes first: found whatever form the number comes in, never by accident, never silently."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from core.audit import AuditEntry
from core.crypto import lookup_hash
from core.errors import BadInput, NotFound
from ivr.callers.lists import (
    UNLISTED,
    Standing,
    end_of_day,
    list_caller,
    listed_callers,
    listing_of,
    standing_of,
    unlist_caller,
)
from tests.factories import add_staff

NUMBER = "13800138000"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def session(installation):
    with installation.unit_of_work() as session:
        yield session


@pytest.mark.parametrize("form", [NUMBER, "+8613800138000", "8613800138000", "013800138000", "138 0013 8000"])
def test_a_listed_number_is_found_in_every_form_it_comes_in(session, clock, form):
    list_caller(session, NUMBER, "blocked", reason="nuisance", at=clock.now())
    assert standing_of(session, form, clock.now()) == Standing(blocked=True)
    assert standing_of(session, "13900139000", clock.now()) == UNLISTED


@pytest.mark.parametrize("withheld", ["", "anonymous", "unknown", " ", "sip:anonymous@anonymous.invalid"])
def test_a_withheld_number_is_on_no_list_and_cannot_be_put_on_one(session, clock, withheld):
    list_caller(session, NUMBER, "blocked", reason="nuisance", at=clock.now())
    assert standing_of(session, withheld, clock.now()) == UNLISTED
    with pytest.raises(BadInput, match="这不是电话号码"):
        list_caller(session, withheld, "blocked", reason="nuisance", at=clock.now())


def test_a_listing_ends_with_its_last_day(session, clock):
    until = end_of_day("2026-11-20", SHANGHAI)
    list_caller(session, NUMBER, "important", reason="contract", at=clock.now(), until=until)
    assert standing_of(session, NUMBER, until - timedelta(seconds=1)) == Standing(vip=True)
    assert standing_of(session, NUMBER, until) == UNLISTED
    with pytest.raises(BadInput):
        list_caller(session, NUMBER, "important", reason="contract", at=until, until=until)


def test_a_number_is_on_one_list_at_most(session, clock):
    list_caller(session, NUMBER, "important", reason="contract", at=clock.now())
    list_caller(session, "+86 138 0013 8000", "blocked", reason="threats", at=clock.now())
    rows, count = listed_callers(session)
    assert [(row.kind, row.reason) for row in rows] == [("blocked", "threats")]
    assert count == 1
    unlist_caller(session, listing_of(session, number=NUMBER), at=clock.now())
    assert standing_of(session, NUMBER, clock.now()) == UNLISTED
    with pytest.raises(NotFound):
        listing_of(session, number=NUMBER)


def test_every_change_is_in_the_audit_trail_and_no_number_is(installation, clock):
    staff = add_staff(installation)
    with installation.unit_of_work() as session:
        list_caller(session, NUMBER, "blocked", reason="nuisance", at=clock.now(), by=staff.supervisor)
        unlist_caller(session, listing_of(session, number=NUMBER), at=clock.now(), by=staff.supervisor)
    with installation.unit_of_work(read_only=True) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
    assert [(e.action, e.user_id) for e in entries] == [
        ("caller_listed", staff.supervisor.id),
        ("caller_unlisted", staff.supervisor.id),
    ]
    assert all(NUMBER not in f"{e.subject}{e.detail}" for e in entries)


def test_the_number_is_not_readable_in_the_database(session, clock):
    list_caller(session, NUMBER, "blocked", reason="nuisance", at=clock.now())
    (number, number_hash) = session.execute(text("SELECT number, number_hash FROM listed_caller")).one()
    assert NUMBER.encode() not in bytes(number)
    assert number_hash == lookup_hash(NUMBER)


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [("12", "blocked", "why"), ("1" * 21, "blocked", "why"), (NUMBER, "favourite", "why"), (NUMBER, "blocked", " ")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(session, clock, number, kind, reason):
    with pytest.raises(BadInput):
        list_caller(session, number, kind, reason=reason, at=clock.now())


@given(st.text(max_size=30))
def test_a_day_is_a_day_or_bad_input(text):
    try:
        end = end_of_day(text, SHANGHAI)
    except BadInput:
        return
    assert (end is None) == (text == "")
