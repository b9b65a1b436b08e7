"""Whatever does not reconcile is shown with its file and line, and nothing else is."""

from datetime import UTC, datetime

import pytest

from core.i18n import use_locale
from ivr.ledger.integrity import integrity_report
from ivr.ledger.store import import_queue_log
from tests.unit.ivr.ledger.queue_lines import log

SOUND = log("0|q|NONE|ENTERQUEUE|||1", "4|q|Li|CONNECT|4|x.2|4", "24|q|Li|COMPLETECALLER|4|20|1")


@pytest.fixture
def found(installation, clock, tmp_path):
    clock.at = datetime(2026, 11, 22, tzinfo=UTC)

    def imported(content):
        path = tmp_path / "queue_log"
        path.write_bytes(content)
        import_queue_log(installation, [path])
        with installation.unit_of_work(read_only=True) as session, use_locale("en"):
            return integrity_report(session)

    return imported


def told(findings):
    return [(finding.place.rpartition("/")[2], finding.reason, finding.call) for finding in findings.listed]


def test_a_sound_log_has_no_findings(found):
    assert found(SOUND).count == 0


def test_a_visit_without_an_end_is_found_at_its_entry(found):
    report = found(SOUND + log("30|q|NONE|ENTERQUEUE|||1", call="1790000030.7"))

    assert told(report.orphans) == [
        ("queue_log:4", "entered queue q; what became of it was never written", "1790000030.7")
    ]


def test_a_talk_without_an_end_is_found_at_its_answer(found):
    report = found(log("0|q|NONE|ENTERQUEUE|||1", "4|q|Li|CONNECT|4|x.2|4"))

    assert told(report.orphans) == [
        ("queue_log:2", "answered in queue q; the end of the talk was never written", "1790000000.1")
    ]


def test_lines_that_are_there_twice_are_found(found):
    lines = SOUND.splitlines(keepends=True)
    report = found(b"".join([lines[0], lines[1], lines[1], lines[2]]))

    assert told(report.duplicates) == [("queue_log:2-3", "CONNECT is there 2 times", "1790000000.1")]


def test_a_clock_set_back_is_found(found):
    report = found(SOUND + log("-3576|q|NONE|ABANDON|1|1|5", call="1789990000.1"))

    assert told(report.clock_jumps) == [("queue_log:4", "the clock was set back by 3600 s", "1789990000.1")]


def test_bad_lines_are_found(found):
    report = found(SOUND + b"rubbish\n")

    assert told(report.bad_lines) == [("queue_log:4", "1 fields; an event has at least 5", "")]


def test_comings_and_goings_of_agents_that_were_never_written_are_found(found):
    report = found(
        SOUND
        + log("30|q|Li|REMOVEMEMBER|", "40|q|Li|ADDMEMBER|", "50|q|Li|ADDMEMBER|", call="NONE")
        + log("60|q|Li|REMOVEMEMBER|", call="NONE")
    )

    assert told(report.presence) == [
        ("queue_log:4", "agent Li logged out; the log-in was never written", ""),
        ("queue_log:6", "agent Li logged in again; the log-out before was never written", ""),
    ]
    assert report.count == 2
