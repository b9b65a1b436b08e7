"""The shift log: nothing is lost between shifts, and who signs is not who confirms."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core.accounts import Role
from core.audit import AuditEntry
from core.errors import BadInput, Conflict, NotFound
from core.setting_sections import ShiftSettings
from ivr.shifts.bulletins import (
    bulletins,
    confirm_reading,
    publish_bulletin,
    unread_bulletins,
    unread_count,
    who_has_not_read,
)
from ivr.shifts.hours import shift_at
from ivr.shifts.log import (
    close_item,
    hand_over,
    handovers,
    open_items,
    running_entries,
    take_over,
    unconfirmed_handover,
    write_entry,
)
from tests.factories import add_staff

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def staff(installation):
    return add_staff(installation)


@pytest.fixture
def leaving(staff):
    return staff.of(Role.SUPERVISOR)


@pytest.fixture
def coming(staff):
    return staff.of(Role.AGENT)


def test_what_is_left_open_is_carried_on_over_handovers_until_it_is_closed_with_a_reason(
    session, leaving, coming, clock
):
    item = write_entry(session, leaving, kind="open_item", text="三号线路待修", at=clock.now())
    for first, second in ((leaving, coming), (coming, leaving)):
        handover = hand_over(session, first, at=clock.now())
        take_over(session, handover.id, second, at=clock.now())
    assert open_items(session) == [item]
    with pytest.raises(BadInput):
        close_item(session, item.id, coming, reason=" ", at=clock.now())

    close_item(session, item.id, coming, reason="已修好", at=clock.now())
    assert open_items(session) == []
    with pytest.raises(Conflict):
        close_item(session, item.id, coming, reason="again", at=clock.now())


def test_a_handover_takes_what_was_written_and_waits_for_another_to_confirm(session, leaving, coming, clock):
    entry = write_entry(session, leaving, kind="equipment", text="耳麦两副坏", at=clock.now())
    handover = hand_over(session, leaving, at=clock.now())
    session.expire_all()

    assert unconfirmed_handover(session).entries == [entry]
    assert running_entries(session) == []
    with pytest.raises(Conflict):
        take_over(session, handover.id, leaving, at=clock.now())
    with pytest.raises(Conflict):
        hand_over(session, coming, at=clock.now())
    take_over(session, handover.id, coming, at=clock.now())
    assert unconfirmed_handover(session) is None
    assert [h.taken_by_id for h in handovers(session)] == [coming.id]
    with pytest.raises(Conflict):
        take_over(session, handover.id, coming, at=clock.now())


def test_a_correction_is_an_entry_of_its_own_and_every_act_is_audited(session, leaving, clock):
    wrong = write_entry(session, leaving, kind="roster", text="张伟 休", at=clock.now())
    write_entry(session, leaving, kind="roster", text="王敏 休", at=clock.now(), corrects_id=wrong.id)
    hand_over(session, leaving, at=clock.now())

    assert wrong.text == "张伟 休"
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all() == [
        "shift_entry_written",
        "shift_entry_written",
        "shift_handed_over",
    ]


@pytest.mark.parametrize("wrong", [{"kind": "gossip"}, {"text": " "}, {"text": "x" * 2001}])
def test_an_entry_says_something_about_something(session, leaving, clock, wrong):
    with pytest.raises(BadInput):
        write_entry(session, leaving, at=clock.now(), **({"kind": "roster", "text": "ok"} | wrong))


def test_only_what_exists_is_corrected_closed_or_confirmed(session, leaving, clock):
    entry = write_entry(session, leaving, kind="roster", text="ok", at=clock.now())
    with pytest.raises(NotFound):
        write_entry(session, leaving, kind="roster", text="ok", at=clock.now(), corrects_id=99)
    with pytest.raises(NotFound):
        close_item(session, entry.id, leaving, reason="not an item", at=clock.now())
    with pytest.raises(NotFound):
        take_over(session, 99, leaving, at=clock.now())


def publish(session, user, clock, **more):
    wanted = {"title": "新优惠", "text": "第一行\n第二行", "expires_at": None} | more
    return publish_bulletin(session, user, at=clock.now(), **wanted)


def test_who_has_read_a_bulletin_and_who_has_not_is_known(session, leaving, coming, clock):
    bulletin = publish(session, leaving, clock)
    assert [agent.id for agent in who_has_not_read(session, bulletins(session))[bulletin.id]] == [coming.id]

    read_at = clock.now()
    confirm_reading(session, bulletin.id, coming, at=read_at)
    clock.at += timedelta(hours=1)
    confirm_reading(session, bulletin.id, coming, at=clock.now())
    session.expire_all()
    assert unread_bulletins(session, coming, clock.now()) == []
    assert [receipt.read_at for receipt in bulletins(session)[0].receipts] == [read_at], (
        "the first time counts"
    )
    assert who_has_not_read(session, bulletins(session)) == {bulletin.id: []}


def test_a_bulletin_that_has_expired_need_not_be_read(session, leaving, coming, clock):
    publish(session, leaving, clock, expires_at=clock.now() + timedelta(days=1))

    assert unread_count(session, coming, clock.now()) == 1
    assert unread_count(session, coming, clock.now() + timedelta(days=1)) == 0


def test_a_bulletin_has_a_title_a_text_and_an_end_after_its_beginning(session, leaving, clock):
    for wrong in ({"title": ""}, {"text": "x" * 5001}, {"expires_at": clock.now()}):
        with pytest.raises(BadInput):
            publish(session, leaving, clock, **wrong)
    with pytest.raises(NotFound):
        confirm_reading(session, 99, leaving, at=clock.now())


@pytest.mark.parametrize(
    ("hours", "at", "begin"),
    [
        ("08:00-20:00,20:00-08:00", (20, 3), (19, 20)),
        ("08:00-20:00,20:00-08:00", (20, 20), (20, 20)),
        ("08:30-17:30", (20, 17, 30), None),
        ("08:30-17:30", (20, 8, 30), (20, 8, 30)),
    ],
)
def test_a_moment_belongs_to_the_shift_on_duty(hours, at, begin):
    settings = ShiftSettings(hours=hours)
    shift = shift_at(datetime(2026, 11, *at, tzinfo=SHANGHAI), SHANGHAI, settings)

    assert (shift and shift.begin) == (datetime(2026, 11, *begin, tzinfo=SHANGHAI) if begin else None)
