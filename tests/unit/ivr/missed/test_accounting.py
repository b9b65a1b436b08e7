"""Nothing disappears: whatever a log says, every missed visit has one task or a reason for none."""

from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.events import OutboxEvent
from core.jobs import Job
from ivr.ledger.store import close_settled_calls, import_queue_log
from ivr.missed.accounting import account_for_missed
from ivr.missed.models import MissedCall
from ivr.models import Call, CallEvent, QueueLogFile, QueueVisit, RingAttempt
from sansheng.wiring import job_worker
from tests.unit.ivr.ledger.queue_lines import at, log

ENDS = {
    "abandoned": ["9|{q}|NONE|ABANDON|1|1|8"],
    "timeout": ["9|{q}|NONE|EXITWITHTIMEOUT|1|1|8"],
    "empty": ["9|{q}|NONE|EXITEMPTY|1|1|8"],
    "key": ["9|{q}|NONE|EXITWITHKEY|2|1|1|8"],
    "answered": ["8|{q}|Li|CONNECT|7|x.1|3", "40|{q}|Li|COMPLETECALLER|7|32|1"],
    "passed on": ["8|{q}|Li|CONNECT|7|x.1|3", "20|{q}|Li|BLINDTRANSFER|r|queues|7|12|1"],
    "cut": ["8|{q}|Li|CONNECT|7|x.1|3"],
    "nothing more": [],
}
stay = st.tuples(st.sampled_from("qr"), st.sampled_from(sorted(ENDS)))
calls = st.lists(st.lists(stay, min_size=1, max_size=3), min_size=1, max_size=6)


def lines_of(stays):
    for number, (queue, end) in enumerate(stays):
        yield f"{number * 60 + 1}|{queue}|NONE|ENTERQUEUE||13800000000|1"
        for line in ENDS[end]:
            second, rest = line.format(q=queue).split("|", 1)
            yield f"{number * 60 + int(second)}|{rest}"


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls)
def test_every_missed_visit_has_one_task_or_a_reason(installation, clock, tmp_path, drawn):
    with installation.unit_of_work() as session:
        for row in (MissedCall, RingAttempt, QueueVisit, Call, CallEvent, QueueLogFile, OutboxEvent, Job):
            session.execute(delete(row))
    path = tmp_path / "queue_log"
    path.write_bytes(b"".join(log(*lines_of(stays), call=f"{n}.1") for n, stays in enumerate(drawn)))
    clock.at = at(0) + timedelta(hours=6)
    import_queue_log(installation, [path])
    close_settled_calls(installation)
    job_worker(installation).run_until_idle()

    with installation.unit_of_work(read_only=True) as session:
        visits = session.execute(
            select(QueueVisit.call_id, QueueVisit.number, QueueVisit.outcome, QueueVisit.ended_at)
        ).all()
        tasks = Counter(session.scalars(select(MissedCall.call_id)))
        accounts = account_for_missed(session, clock.now())
    talked = {}
    for call_id, number, outcome, ended_at in visits:
        if outcome == "answered" and ended_at is not None:
            talked[call_id] = max(number, talked.get(call_id, 0))
    missed = [(c, n) for c, n, outcome, ended_at in visits if outcome != "answered" or ended_at is None]

    for call_id, number in missed:
        spoken_to_later = number < talked.get(call_id, 0)
        assert tasks[call_id] <= 1
        assert tasks[call_id] == 1 or spoken_to_later, (drawn, visits)
    assert sum(accounts.values()) == len(missed)
    assert "unnoted" not in accounts
