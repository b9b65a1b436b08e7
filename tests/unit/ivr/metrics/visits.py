"""Queue visits as the tests of figures need them, written straight into the call log."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.crypto import lookup_hash
from ivr.metrics.definitions import STANDARD
from ivr.metrics.report import Question
from ivr.models import Agent, Call, Queue, QueueVisit, RingAttempt

START = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
_numbers = itertools.count(1)


def add_queue(session, name="q", within_s=20.0):
    queue = Queue(name=name, title_zh=name, title_en=name, service_level_s=within_s)
    session.add(queue)
    session.flush()
    return queue


def add_agent(session, code="1001"):
    agent = Agent(code=code, name=f"agent {code}", interface=f"PJSIP/{code}")
    session.add(agent)
    session.flush()
    return agent


def add_visit(
    session,
    queue,
    *,
    at=START,
    outcome="answered",
    wait_s=10.0,
    talk_s=None,
    hold_s=None,
    ring_s=None,
    agent=None,
    caller="",
    ended_by="",
    missed=(),
    call=None,
):
    """Add a visit (and its call); `missed` are the agents whose telephones rang in vain."""
    if call is None:
        call = Call(
            provider="simulator",
            provider_call_id=f"metrics-{next(_numbers)}",
            caller_hash=lookup_hash(caller) if caller else None,
            caller=caller or None,
            started_at=at,
            ended_at=at + timedelta(minutes=10),
            outcome=outcome if outcome in {"answered", "abandoned"} else "hung_up",
            queue_id=queue.id,
            agent_id=agent.id if agent else None,
        )
        session.add(call)
        session.flush()
    visit = QueueVisit(
        call_id=call.id,
        number=next(_numbers),
        queue_id=queue.id,
        entered_at=at,
        left_queue_at=at + timedelta(seconds=wait_s or 0),
        ended_at=None if talk_s is None else at + timedelta(seconds=(wait_s or 0) + talk_s),
        outcome=outcome,
        wait_s=wait_s,
        talk_s=talk_s,
        hold_s=hold_s,
        agent_id=agent.id if agent else None,
        ended_by=ended_by,
    )
    rings = [(a, 15.0, "no_answer") for a in missed]
    rings += [(agent, ring_s, "answered")] if ring_s is not None else []
    visit.rings = [
        RingAttempt(number=n, agent_id=a.id if a else None, ended_at=at, ring_s=s, outcome=o)
        for n, (a, s, o) in enumerate(rings, start=1)
    ]
    session.add(visit)
    session.flush()
    return visit


def question(since=START, until=START + timedelta(hours=1), definition=STANDARD, zone=SHANGHAI, **more):
    return Question(since=since, until=until, definition=definition, zone=zone, **more)
