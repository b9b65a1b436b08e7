"""A call's flow and its queue_log are told by two processes at one moment: neither loses what the other told."""

import threading

import pytest
from sqlalchemy import select, text

from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.ledger.store import import_queue_log, rebuild
from ivr.models import Call
from tests.unit.ivr.ledger.queue_lines import at, log
from tests.unit.ivr.ledger.test_store import tables
from tests.waiting import LIMIT_S, wait_until

CALL = "1790000000.1"
START = FlowStep(number=0, at=at(0), kind="start", fields={"flow": "hotline", "version": 2, "language": "zh"})
STEPS = [
    FlowStep(number=1, at=at(60), kind="queue", queue="sales", fields={"node": "wait", "outcome": "bridged"}),
    FlowStep(number=2, at=at(61), kind="end", fields={"outcome": "hung_up"}),
]
LINES = log(
    "1|sales|NONE|ENTERQUEUE||13800138000|1",
    "9|sales|PJSIP/1001|CONNECT|8|x.1|4",
    "60|sales|PJSIP/1001|COMPLETEAGENT|8|51|1",
    call=CALL,
)


def _somebody_waits(installation):
    if installation.engine.dialect.name == "sqlite":
        return True  # one writer at a time: who comes second waits, and nobody can see it
    with installation.unit_of_work(read_only=True) as session:
        return session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))


@pytest.mark.parametrize("known", [True, False], ids=["a call that is known", "a call that is new"])
def test_steps_and_lines_of_one_moment_both_count(installation, clock, tmp_path, known):
    clock.at = at(65)
    path = tmp_path / "queue_log"
    path.write_bytes(LINES)
    if known:
        with installation.unit_of_work() as session:
            record_flow_steps(session, CALL, [START], now=at(0))
    done = []
    other = threading.Thread(target=lambda: done.extend(import_queue_log(installation, [path])))

    with installation.unit_of_work() as session:
        record_flow_steps(session, CALL, STEPS if known else [START, *STEPS], now=at(61))
        other.start()
        wait_until(lambda: done or _somebody_waits(installation), "the import to come to the same call")
    other.join(LIMIT_S)

    assert done[0].lines == 3
    with installation.unit_of_work(read_only=True) as session:
        (call,) = session.scalars(select(Call))
        assert (call.outcome, call.flow, call.talk_s, call.ended_at) == ("answered", "hotline", 51, at(61))
    as_told = tables(installation)
    rebuild(installation)
    assert tables(installation) == as_told
