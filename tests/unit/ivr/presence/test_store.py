"""Presence is the same whatever pieces its events came in, and says what it does not know."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from ivr.ledger.entries import insert_events
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.store import import_queue_log
from ivr.models import Call, CallEvent
from ivr.presence.models import AgentPause, AgentSession
from ivr.presence.store import note_presence, rebuild_presence
from tests.unit.ivr.ledger.queue_lines import at, log

LI, WANG = "PJSIP/1001", "PJSIP/1002"


def rows(installation):
    """Sessions and pauses, by their times."""
    with installation.unit_of_work(read_only=True) as session:
        sessions = [
            (s.agent.interface, s.queue and s.queue.name, s.began_at, s.began_by, s.ended_at, s.ended_by,
             s.settled_at, s.restarts)
            for s in session.scalars(select(AgentSession))
        ]  # fmt: skip
        pauses = [
            (p.agent.interface, p.queue and p.queue.name, p.began_at, p.ended_at, p.settled_at, p.reason)
            for p in session.scalars(select(AgentPause))
        ]
    return sorted(sessions, key=str), sorted(pauses, key=str)


def event(position, second, kind, queue="", agent="", *fields, origin="asterisk/a"):
    return LedgerEvent("queue_log", origin, position, at(second), queue, agent, kind, list(fields))


def take(installation, events):
    with installation.unit_of_work() as session:
        insert_events(session, (("", e) for e in events))
        note_presence(session, "asterisk", events)


def taken(installation, *lines):
    """Take `second|queue|agent|EVENT|data` lines; return sessions and pauses with seconds for times."""
    told = []
    for position, line in enumerate(lines, start=1):
        second, queue, agent, kind, *fields = line.split("|")
        told.append(event(position, int(second), kind, queue, agent, *fields))
    take(installation, told)
    sessions, pauses = rows(installation)
    return (
        [(q, _second(b), how, _second(e), why) for _a, q, b, how, e, why, _s, _r in sessions],
        [(q, _second(b), _second(e), reason) for _a, q, b, e, _s, reason in pauses],
    )


def _second(moment):
    return None if moment is None else round((moment - at(0)).total_seconds())


kinds = st.sampled_from(
    ["ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL", "AGENTLOGIN", "AGENTLOGOFF",
     "QUEUESTART"]
)  # fmt: skip


@st.composite
def histories(draw):
    """Events of two agents in two files, some in the same second, cut into batches in any order."""
    told = []
    for position in range(draw(st.integers(1, 14))):
        kind, second = draw(kinds), draw(st.integers(0, 12)) * 10
        queue = draw(st.sampled_from(["sales", "care"])) if kind[-3:] not in {"ALL", "GIN", "OFF"} else ""
        agent = draw(st.sampled_from([LI, WANG]))
        fields = {"PAUSE": [draw(st.sampled_from(["lunch", ""]))], "AGENTLOGOFF": ["x", "35"]}.get(kind, [])
        if kind == "ADDMEMBER" and draw(st.booleans()):
            fields = ["PAUSED"]
        if kind == "QUEUESTART":
            queue = agent = ""
        origin = draw(st.sampled_from(["asterisk/a", "asterisk/b"]))
        told.append(event(position, second, kind, queue, agent, *fields, origin=origin))
    order = draw(st.permutations(told))
    cuts = sorted(draw(st.sets(st.integers(1, len(told)))))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(told)], strict=True)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(batches=histories())
def test_any_split_into_batches_gives_the_rows_of_a_rebuild(installation, batches):
    with installation.unit_of_work() as session:
        for table in (AgentSession, AgentPause, CallEvent):
            session.execute(delete(table))
    for batch in batches:
        take(installation, batch)
    found = rows(installation)
    rebuild_presence(installation)

    assert rows(installation) == found


def test_a_day_of_an_agent_with_a_break(installation):
    sessions, pauses = taken(
        installation,
        f"0|sales|{LI}|ADDMEMBER|",
        f"0|care|{LI}|ADDMEMBER|",
        f"3600|NONE|{LI}|PAUSEALL|".replace("NONE", ""),
        f"3600|sales|{LI}|PAUSE|lunch",
        f"3600|care|{LI}|PAUSE|lunch",
        f"5400||{LI}|UNPAUSEALL|",
        f"5400|sales|{LI}|UNPAUSE|",
        f"5400|care|{LI}|UNPAUSE|",
        f"28800|sales|{LI}|REMOVEMEMBER|",
        f"28801|care|{LI}|REMOVEMEMBER|",
    )

    assert sessions == [
        ("care", 0, "login", 28801, "logout"),
        ("sales", 0, "login", 28800, "logout"),
        (None, 0, "login", 28801, "logout"),
    ]
    assert pauses == [
        ("care", 3600, 5400, "lunch"),
        ("sales", 3600, 5400, "lunch"),
        (None, 3600, 5400, "lunch"),
    ]


def test_who_is_paused_in_one_of_two_queues_takes_calls(installation):
    _sessions, pauses = taken(
        installation, f"0|a|{LI}|ADDMEMBER|", f"0|b|{LI}|ADDMEMBER|PAUSED", f"9|a|{LI}|PAUSE|training"
    )

    assert pauses == [("a", 9, None, "training"), ("b", 0, None, ""), (None, 9, None, "training")]


def test_another_reason_is_another_pause(installation):
    _sessions, pauses = taken(
        installation, f"0|a|{LI}|ADDMEMBER|", f"5|a|{LI}|PAUSE|lunch", f"9|a|{LI}|PAUSE|training",
        f"12|a|{LI}|PAUSE|training", f"20|a|{LI}|REMOVEMEMBER|",
    )  # fmt: skip

    assert [p for p in pauses if p[0]] == [("a", 5, 9, "lunch"), ("a", 9, 20, "training")]


def test_a_restart_ends_nothing_unless_a_log_in_shows_that_it_did(installation):
    sessions, _pauses = taken(
        installation, f"0|a|{LI}|ADDMEMBER|", "50|||QUEUESTART|", f"80|a|{LI}|PAUSE|lunch", "100|||QUEUESTART|",
        f"130|a|{LI}|ADDMEMBER|",
    )  # fmt: skip

    assert sessions[0:2] == [("a", 0, "login", 100, "restart"), ("a", 130, "login", None, "")]
    assert rows(installation)[0][0][-1] == 2  # restarts it saw


def test_a_lost_log_out_counts_to_the_last_that_was_heard(installation):
    sessions, pauses = taken(
        installation,
        f"0|a|{LI}|ADDMEMBER|",
        f"40|a|{LI}|PAUSE|lunch",
        f"60|a|{LI}|UNPAUSE|",
        f"90|a|{LI}|ADDMEMBER|",
    )

    assert ("a", 0, "login", 60, "unknown") in sessions
    assert ("a", 40, 60, "lunch") in pauses


def test_a_lost_log_in_has_no_length_unless_the_end_tells_it(installation):
    sessions, _pauses = taken(installation, f"50|a|{LI}|REMOVEMEMBER|", f"90||{WANG}|AGENTLOGOFF|x|30")

    assert sessions == [("a", 50, "unknown", 50, "logout"), (None, 60, "unknown", 90, "logout")]


def test_the_lines_of_a_log_become_sessions_and_no_calls(installation, clock, tmp_path):
    """The dial plan writes the agent's own call beside a log-in: it is nobody's visit."""
    clock.at = at(0) + timedelta(days=1)
    path = tmp_path / "queue_log"
    path.write_bytes(
        log("0|a|NONE|ENTERQUEUE|||1", "5|a|NONE|ABANDON|1|1|5")
        + log(f"9|a|{LI}|ADDMEMBER|", call="1790000009.4")
        + log(f"99|a|{LI}|REMOVEMEMBER|", call="1790000099.5")
    )
    for _twice in range(2):
        import_queue_log(installation, [path])

    sessions, _pauses = rows(installation)
    assert [(s[1], _second(s[2]), _second(s[4])) for s in sessions] == [("a", 9, 99), (None, 9, 99)]
    with installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(Call.provider_call_id)).all() == ["1790000000.1"]


@pytest.mark.parametrize("fields", [[], ["x"], ["x", "long ago"], ["x", "1e30"]])
def test_a_length_that_cannot_be_read_is_none(installation, fields):
    take(installation, [event(1, 90, "AGENTLOGOFF", "", LI, *fields)])

    assert [(_second(s[2]), _second(s[4])) for s in rows(installation)[0]] == [(90, 90)]
