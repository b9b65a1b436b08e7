"""Calls that a crash of Asterisk cut are ended, marked, and shown; nothing else is touched."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.events import OutboxEvent
from core.i18n import use_locale
from ivr.ledger.crash import close_cut_calls
from ivr.ledger.integrity import integrity_report
from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.ledger.store import import_queue_log, rebuild
from ivr.models import Call
from tests.unit.ivr.ledger.queue_lines import at, log

TALKING = log("0|q|NONE|ENTERQUEUE||138|1", "4|q|Li|CONNECT|4|x|4", call="1790000000.1")
WAITING = log("10|q|NONE|ENTERQUEUE||138|1", call="1790000000.2")
DONE = log(
    "1|q|NONE|ENTERQUEUE||1|1", "2|q|Li|CONNECT|1|x|1", "9|q|Li|COMPLETEAGENT|1|7|1", call="1790000000.3"
)
HEARD, BOOTED = at(30), at(40)


@pytest.fixture
def taken_in(installation, clock, tmp_path):
    clock.at = at(45)

    def take_in(content):
        path = tmp_path / "queue_log"
        path.write_bytes(content)
        import_queue_log(installation, [path])

    return take_in


@pytest.fixture
def calls(installation):
    def read():
        with installation.unit_of_work(read_only=True) as session:
            found = session.scalars(select(Call).order_by(Call.provider_call_id)).all()
            return {
                call.provider_call_id[-1]: (
                    call.outcome,
                    call.ended_at,
                    call.talk_s,
                    [(v.outcome, v.ended_by) for v in call.visits],
                )
                for call in found
            }

    return read


def close(installation, silent_from=HEARD):
    return close_cut_calls(installation, booted_at=BOOTED, silent_from=silent_from)


def test_they_end_when_asterisk_was_heard_last_and_say_why(installation, taken_in, calls):
    taken_in(TALKING + WAITING + DONE)
    before = calls()["3"]
    assert close(installation) == 2
    assert calls() == {
        "1": ("answered", HEARD, 26, [("answered", "crash")]),
        "2": ("failed", HEARD, None, [("orphan", "crash")]),
        "3": before,
    }


def test_without_anybody_listening_the_last_line_is_all_that_is_known(installation, taken_in, calls):
    taken_in(TALKING)
    close(installation, silent_from=None)
    assert calls()["1"][:3] == ("answered", at(4), 0)


def test_the_others_are_told_once_and_a_second_time_changes_nothing(installation, taken_in, calls):
    taken_in(TALKING + WAITING)
    close(installation)
    after = calls()
    assert close(installation) == 0
    rebuild(installation)
    assert calls() == after
    with installation.unit_of_work(read_only=True) as session:
        assert len(session.scalars(select(OutboxEvent)).all()) == 2


def test_a_call_of_the_new_asterisk_goes_on(installation, taken_in, calls):
    taken_in(TALKING + log("42|q|NONE|ENTERQUEUE||1|1", call="1790000042.0"))
    assert close(installation) == 1
    assert calls()["0"][0] == "open"


def test_the_real_end_counts_when_the_log_tells_it_after_all(installation, taken_in, calls):
    taken_in(TALKING)
    close(installation)
    taken_in(TALKING + log("24|q|Li|COMPLETECALLER|4|20|1", call="1790000000.1"))
    assert calls()["1"] == ("answered", at(24), 20, [("answered", "caller")])


def test_an_asterisk_that_is_back_within_the_second_of_the_last_line(installation, taken_in, calls):
    taken_in(TALKING)
    assert close_cut_calls(installation, booted_at=at(4), silent_from=at(4.5)) == 1
    assert calls()["1"][:3] == ("answered", at(4.5), 0.5)


def test_a_call_in_the_menu_is_cut_too(installation, clock, calls):
    clock.at = at(45)
    start = FlowStep(number=0, at=at(5), kind="start", fields={"flow": "hotline", "version": "1"})
    with installation.unit_of_work() as session:
        record_flow_steps(session, "1790000000.7", [start], now=clock.now(), caller="138")
    assert close(installation) == 1
    assert calls()["7"][0] == "failed"


def test_the_integrity_report_says_what_was_cut(installation, taken_in):
    taken_in(TALKING + WAITING)
    close(installation)
    with installation.unit_of_work(read_only=True) as session, use_locale("en"):
        reasons = [finding.reason for finding in integrity_report(session).orphans.listed]
    assert reasons == [
        "answered in queue q; the telephony went down during the talk",
        "waited in queue q when the telephony went down",
    ]


def test_other_providers_have_nothing_to_do_with_asterisk(installation, clock, calls):
    clock.at = at(45)
    start = FlowStep(number=0, at=at(5), kind="start", fields={"flow": "hotline", "version": "1"})
    with installation.unit_of_work() as session:
        record_flow_steps(session, "CA1", [start], now=clock.now(), provider="twilio")
    assert close_cut_calls(installation, booted_at=BOOTED + timedelta(hours=1), silent_from=None) == 0
